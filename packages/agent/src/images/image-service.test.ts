import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ImageService, RegistryCredentials } from '../runtime/runtime.ts'
import { createImageService, type ImageServiceOptions } from './image-service.ts'
import { MemoryImageStore } from './image-store.fixture.ts'
import { ACCESS_HEADER, type FetchFromPeer, FINGERPRINT_HEADER, PLATFORM_HEADER, peerOf } from './peers.ts'

const REGISTRY = 'registry.example.com'
const APP = `${REGISTRY}/shop/app:1`
const MINUTE_MS = 60_000

let dataDir: string
let store: MemoryImageStore
let nowMs = 1_800_000_000_000

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'skiff-images-'))
  store = new MemoryImageStore()
})
afterEach(() => rm(dataDir, { recursive: true, force: true }))

test('the host’s credentials are tried after the pod’s own, and asked for anew at each pull', async () => {
  let user = 'host'
  store.registryLets = ['nobody at all']
  const images = service({ hostCredentials: async ({ registry }) => [{ registry, username: user, password: 'x' }] })

  await expect(pull(images, 'pod')).rejects.toThrow('unauthorized: host may not')
  user = 'host again'
  await expect(pull(images)).rejects.toThrow('unauthorized: host again may not')
})

describe('an image that was pulled with credentials', () => {
  beforeEach(() => {
    store.registryLets = ['ann', 'bob']
  })

  test('is for pods with the same, without the registry being asked', async () => {
    await pull(service(), 'ann')
    store.registryLets = []

    expect((await pull(service(), 'ann')).imageRef).toContain('@sha256:')
    expect(store.pulls).toEqual([APP])
  })

  test('is for others when the registry lets them in, and from then on without asking', async () => {
    await pull(service(), 'ann')
    await pull(service(), 'bob')
    store.registryLets = []

    await pull(service(), 'bob')
    await pull(service(), 'ann')
    expect(store.pulls).toEqual([APP, APP])
  })

  test.for([[undefined], ['eve']] as const)('is not for %s, whatever the agent was through', async ([user]) => {
    await pull(service(), 'ann')

    await expect(pull(service(), user)).rejects.toMatchObject({
      reason: 'ErrImagePull',
      message: expect.stringMatching(/may not/),
    })
    await expect(pull(service(), user, 'Always')).rejects.toMatchObject({ reason: 'ErrImagePull' })
    await expect(pull(service(), user, 'Never')).rejects.toMatchObject({
      reason: 'ErrImageNeverPull',
      message: `Container image "${APP}" is present with pull policy of Never but does not have the proper auth (image secret) that was used to pull the image`,
    })
  })

  test('is asked for by its digest in vain, too', async () => {
    await pull(service(), 'ann')
    const digest = `${REGISTRY}/shop/app@sha256:${'d'.repeat(64)}`

    await expect(pull(service(), 'eve', 'IfNotPresent', digest)).rejects.toThrow('eve may not')
    expect((await pull(service(), 'bob', 'IfNotPresent', digest)).imageRef).toBe(digest)
    expect(store.pulls).toEqual([APP])
  })

  test('is nobody else’s while it arrives', async () => {
    const images = service()
    let intruder: Promise<unknown> | undefined
    store.afterArrival = async () => {
      intruder ??= expect(pull(images, 'eve')).rejects.toThrow('eve may not')
      await intruder
    }

    await pull(images, 'ann')
    await intruder
    expect(intruder).toBeDefined()
  })

  test('is nobody’s when the agent died before it knew whose', async () => {
    store.afterArrival = () => new Promise(() => undefined)
    void pull(service(), 'ann').catch(() => undefined)
    await expect.poll(() => store.pulls.length).toBe(1)
    store.afterArrival = async () => undefined

    await expect(pull(service(), 'eve')).rejects.toThrow('eve may not')
    await expect(pull(service(), 'eve')).rejects.toThrow('eve may not')
    await pull(service(), 'ann')
  })

  test('by the host’s own is for every pod of this host', async () => {
    const hostCredentials = async () => [login('ann')]
    await pull(service({ hostCredentials }))
    store.registryLets = []

    await pull(service())
  })
})

test('an image that was here before is free for all, and stays so when a pod pulls it again with credentials', async () => {
  store.add({ id: `sha256:${APP}`, names: [APP, `${REGISTRY}/shop/app@sha256:${'d'.repeat(64)}`] })
  store.registryLets = ['ann']

  await pull(service(), undefined)
  await pull(service(), 'ann', 'Always')
  await pull(service(), undefined)
  expect(await service().removable()).toEqual([])
})

test('a restricted image is given to another node that shows the credentials, and stays restricted there', async () => {
  store.registryLets = ['ann']
  await pull(service(), 'ann')
  const there = new MemoryImageStore()
  there.registryLets = []
  const otherDir = await mkdtemp(join(tmpdir(), 'skiff-images-'))
  const other = () => service({ store: there, dataDir: otherDir, ...peerWith(service()) })

  await expect(pull(other(), 'eve')).rejects.toThrow('eve may not')
  expect(await there.list()).toEqual([])
  await pull(other(), 'ann')
  await pull(other(), 'ann')
  await expect(pull(other(), 'eve')).rejects.toThrow('eve may not')
  await rm(otherDir, { recursive: true })
})

describe('what may be removed', () => {
  test('is what the agent fetched, and no container of anybody uses', async () => {
    store.add({ id: 'sha256:built', names: ['docker.io/library/built:1'] })
    await pull(service())
    await pull(service(), undefined, 'IfNotPresent', `${REGISTRY}/shop/used:1`)
    store.used.add(`sha256:${REGISTRY}/shop/used:1`)

    expect((await service().removable()).map(({ id }) => id)).toEqual([`sha256:${APP}`])
  })

  test('is not what somebody gave a name of his own', async () => {
    await pull(service())
    store.add({ id: `sha256:${APP}`, names: [APP, 'docker.io/library/mine:1'] })

    expect(await service().removable()).toEqual([])
  })

  test('is not what a pod was just given', async () => {
    const images = service()
    await pull(images)
    expect(await images.removable()).toEqual([])

    nowMs += 2 * MINUTE_MS
    const [image] = await images.removable()

    expect(image).toMatchObject({ id: `sha256:${APP}`, lastUsedMs: nowMs - 2 * MINUTE_MS, firstSeenMs: nowMs - 2 * MINUTE_MS })
    expect(image && (await images.remove(image))).toBe(true)
    expect(await store.list()).toEqual([])
  })

  test('is everything unused where that is asked for, but for what the agent itself needs', async () => {
    store.add({ id: 'sha256:built', names: ['docker.io/library/built:1'] })
    store.add({ id: 'sha256:pause', names: ['skiff/pause:2'] })
    const images = service({ removeForeign: true, keep: ['skiff/pause:2'] })

    expect((await images.removable()).map(({ id }) => id)).toEqual(['sha256:built'])
  })
})

function service(options: Partial<ImageServiceOptions> = {}): ImageService {
  return createImageService({
    store,
    peers: () => [],
    fetchFromPeer: () => Promise.reject(new Error('not asked for here')),
    dataDir,
    now: () => new Date(nowMs),
    random: () => 0.5,
    signal: new AbortController().signal,
    ...options,
  })
}

function pull(
  images: ImageService,
  user?: string,
  pullPolicy: 'Always' | 'IfNotPresent' | 'Never' = 'IfNotPresent',
  image = APP,
) {
  return images.ensure({
    image,
    pullPolicy,
    credentials: user === undefined ? [] : [login(user)],
    onProgress: () => undefined,
    signal: new AbortController().signal,
  })
}

function login(username: string): RegistryCredentials {
  return { registry: REGISTRY, username, password: 'x' }
}

/** Another node's image service, without the network between. */
function peerWith(images: ImageService): Pick<ImageServiceOptions, 'peers' | 'fetchFromPeer'> {
  const fetchFromPeer: FetchFromPeer = async (_, { name, credentials }) => {
    const offer = await images.export(name, credentials)
    if (offer === 'forbidden') throw new Error('forbidden')
    if (offer === undefined) return undefined
    const header = (key: string) => offer.headers[key] ?? ''
    const [fingerprint, platform, access] = [FINGERPRINT_HEADER, PLATFORM_HEADER, ACCESS_HEADER].map(header)
    return { stream: offer.stream, fingerprint: fingerprint ?? '', platform: platform ?? '', access: access ?? '' }
  }
  return { peers: () => [peerOf({ name: 'other', address: '192.0.2.2', images: [{ names: [APP] }] })], fetchFromPeer }
}
