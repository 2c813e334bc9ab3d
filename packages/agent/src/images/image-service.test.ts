import { expect, test } from 'vitest'
import { createImageService } from './image-service.ts'
import { type ImageStore, RegistryError } from './image-store.ts'

test('the host’s credentials are tried after the pod’s own, and asked for anew at each pull', async () => {
  const users: (string | undefined)[] = []
  let user = 'host'
  const images = createImageService({
    store: refusingStore((name) => users.push(name)),
    peers: () => [],
    fetchFromPeer: () => Promise.reject(new Error('not asked for here')),
    hostCredentials: async ({ registry }) => [{ registry, username: user, password: 'x' }],
    random: () => 0.5,
    signal: new AbortController().signal,
  })
  const pull = (usernames: readonly string[]) =>
    images.ensure({
      image: 'registry.example.com/app:1',
      pullPolicy: 'IfNotPresent',
      credentials: usernames.map((username) => ({ registry: 'registry.example.com', username, password: 'x' })),
      onProgress: () => undefined,
      signal: new AbortController().signal,
    })

  await expect(pull(['pod'])).rejects.toThrow('denied: host may not')
  user = 'host again'
  await expect(pull([])).rejects.toThrow('denied: host again may not')
  expect(users).toEqual(['pod', 'host', 'host again'])
})

/** An engine without images whose registry lets nobody in. */
function refusingStore(note: (username: string | undefined) => void): ImageStore {
  const unused = () => Promise.reject(new Error('not asked for here'))
  return {
    platform: unused,
    inspect: async () => undefined,
    list: unused,
    pull: async (_, { credentials }) => {
      note(credentials?.username)
      throw new RegistryError(`denied: ${credentials?.username} may not`)
    },
    load: unused,
    save: unused,
    untag: unused,
    watch: () => undefined,
  }
}
