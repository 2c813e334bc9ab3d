import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ImageRequest } from '../runtime/runtime.ts'
import { type ImageStore, RegistryError } from './image-store.ts'
import { pullFromRegistry } from './registry-pull.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('a registry that does not answer within 10 s is given up when there is another copy', async () => {
  const pulled = pull(silentRegistry(), { hasAlternative: true })
  const outcome = expect(pulled).rejects.toThrow('the registry of "docker.io/library/app:1" has not answered for 10 s')

  await vi.advanceTimersByTimeAsync(10_000)
  await outcome
})

test('without another copy it has a minute, and each sign of progress gives it another one', async () => {
  const registry = silentRegistry()
  const pulled = pull(registry, { hasAlternative: false })
  const outcome = expect(pulled).rejects.toThrow('has not answered for 60 s')

  await vi.advanceTimersByTimeAsync(59_000)
  registry.progress()
  await vi.advanceTimersByTimeAsync(59_000)
  expect(registry.cancelled()).toBe(false)
  await vi.advanceTimersByTimeAsync(1_000)
  await outcome
  expect(registry.cancelled()).toBe(true)
})

test('all credentials are tried, and the last refusal is told in the registry’s words', async () => {
  const users: (string | undefined)[] = []
  const store = storeWith(async (_, { credentials }) => {
    users.push(credentials?.username)
    throw new RegistryError(`denied: ${credentials?.username} may not`)
  })
  const credentials = ['ann', 'bob'].map((username) => ({ registry: 'docker.io', username, password: 'x' }))

  await expect(pull({ store }, { hasAlternative: false, credentials })).rejects.toMatchObject({
    reason: 'ErrImagePull',
    message: 'denied: bob may not',
  })
  expect(users).toEqual(['ann', 'bob'])
})

function pull({ store }: { store: ImageStore }, options: { hasAlternative: boolean; credentials?: ImageRequest['credentials'] }) {
  const request: ImageRequest = {
    image: 'app:1',
    pullPolicy: 'Always',
    credentials: [],
    onProgress: () => {},
    signal: new AbortController().signal,
  }
  const { hasAlternative, credentials = [] } = options
  return pullFromRegistry(store, {
    name: 'docker.io/library/app:1',
    request,
    credentials: credentials.map((one) => ({ owner: 'pod', credentials: one })),
    hasAlternative,
    verifyOnly: false,
  })
}

/** Answers only when told to. */
function silentRegistry() {
  let progress = () => {}
  let cancelled = false
  const store = storeWith(
    (_, { onProgress, signal }) =>
      new Promise((_resolve, reject) => {
        progress = onProgress
        signal.addEventListener('abort', () => {
          cancelled = true
          reject(signal.reason)
        })
      }),
  )
  return { store, progress: () => progress(), cancelled: () => cancelled }
}

function storeWith(pull: ImageStore['pull']): ImageStore {
  const unused = () => Promise.reject(new Error('not asked for here'))
  const others = { platform: unused, inspect: unused, list: unused, inUse: unused, verify: unused, load: unused, save: unused }
  return { ...others, pull, untag: unused, watch: () => {} }
}
