import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createImageService } from '../../packages/agent/src/images/image-service.ts'
import {
  ACCESS_HEADER,
  type FetchFromPeer,
  FINGERPRINT_HEADER,
  PLATFORM_HEADER,
  peerOf,
} from '../../packages/agent/src/images/peers.ts'
import { createDockerImageStore } from '../../packages/agent/src/runtime/docker/image-store.ts'
import type { ImageRequest, ImageService } from '../../packages/agent/src/runtime/runtime.ts'
import { type RefusingRegistry, startRefusingRegistry } from '../support/refusing-registry.ts'
import { createTestFabric, type TestFabric, type TestHost } from '../support/test-host.ts'
import { importBusybox } from '../support/test-image.ts'
import { insecureRegistryArgs, REGISTRY_PASSWORD, startRegistry, type TestRegistry } from '../support/test-registry.ts'

describe('images of a node', () => {
  let fabric: TestFabric
  let registry: TestRegistry
  let refusing: RefusingRegistry
  let one: TestHost
  let two: TestHost
  const abort = new AbortController()

  beforeAll(async () => {
    fabric = await createTestFabric()
    registry = await startRegistry(fabric)
    refusing = await startRefusingRegistry(fabric)
    const daemon = { args: insecureRegistryArgs(fabric) }
    one = await fabric.startHost('one', daemon)
    two = await fabric.startHost('two', daemon)
  })

  afterAll(async () => {
    abort.abort()
    await registry?.[Symbol.asyncDispose]()
    await refusing?.[Symbol.asyncDispose]()
    await fabric?.[Symbol.asyncDispose]()
  })

  /** The image service of `host`; `peer` is the other agent's, which `host` sees by its node's status. */
  async function imagesOf(
    host: TestHost,
    peer?: ImageService,
    fetchFromPeer: FetchFromPeer = fetchFrom(peer),
  ): Promise<ImageService> {
    const peerImages = peer === undefined ? [] : await peer.list()
    const other = peerOf({ name: 'other', address: '10.0.0.1', images: peerImages })
    return createImageService({
      store: createDockerImageStore({ dockerHost: host.dockerHost }),
      peers: () => (peer === undefined ? [] : [other]),
      fetchFromPeer,
      dataDir: host.host.folder,
      now: () => new Date(),
      random: () => 0.5,
      signal: abort.signal,
    })
  }

  test('an image built here runs at once although its policy is Always', async () => {
    const id = await importBusybox(one, 'built-here', { changes: ['CMD ["sh"]', 'ENV COLOUR=red', 'WORKDIR /tmp'] })
    const { request, progress } = asking('built-here', 'Always')

    const image = await (await imagesOf(one)).ensure(request)

    expect(image.id).toBe(id)
    expect(image.imageRef).toBe(id)
    expect(image.config).toMatchObject({ command: ['sh'], env: ['COLOUR=red'], workingDir: '/tmp', entrypoint: [] })
    expect(progress).toEqual(['Pulled: Container image "built-here" already present on machine'])
  })

  test.for(['Always', 'IfNotPresent'] as const)('an image built on another node is taken from there (%s)', async (policy) => {
    const name = `built-there:${policy.toLowerCase()}`
    const id = await importBusybox(one, name)
    const { request, progress } = asking(name, policy)

    const image = await (await imagesOf(two, await imagesOf(one))).ensure(request)

    expect(image.id).toBe(id)
    expect(await two.docker('image', 'inspect', '-f', '{{.Id}}', name)).toBe(`${id}\n`)
    expect(progress[0]).toBe(`Pulling from peer: Pulling image "${name}" from node other`)
    expect(progress[1]).toMatch(new RegExp(`^Pulled: Successfully pulled image "${name}" from node other in \\d`))
  })

  test('what a peer gives is refused when it is not what the peer said, and nothing is left of it', async () => {
    await importBusybox(one, 'forged:1')
    const honest = await imagesOf(one)
    const forging: FetchFromPeer = async (peer, question, signal) => {
      const offer = await fetchFrom(honest)(peer, question, signal)
      return offer && { ...offer, fingerprint: 'sha256:another' }
    }

    const ensured = (await imagesOf(two, honest, forging)).ensure(asking('forged:1', 'IfNotPresent').request)

    await expect(ensured).rejects.toMatchObject({ reason: 'ErrImagePull' })
    await expect(two.docker('image', 'inspect', 'forged:1')).rejects.toThrow(/No such image/)
  })

  test('several pods that want one image of the registry cause one pull, and all are told', async () => {
    const name = `${registry.address}/shop/cart:1`
    await push(one, name)
    const images = await imagesOf(two)
    const asked = [asking(name, 'IfNotPresent'), asking(name, 'IfNotPresent'), asking(name, 'IfNotPresent')]

    const got = await Promise.all(asked.map(({ request }) => images.ensure(request)))

    expect(new Set(got.map(({ imageRef }) => imageRef)).size).toBe(1)
    expect(got[0]?.imageRef).toMatch(new RegExp(`^${registry.address}/shop/cart@sha256:[0-9a-f]{64}$`))
    const told = asked.map(({ progress }) => progress.join('\n'))
    expect(new Set(told).size).toBe(1)
    expect(told[0]).toMatch(
      /^Pulling: Pulling image ".*"\nPulled: Successfully pulled image ".*" in [\d.]+s \([\d.]+s including waiting\)/,
    )
  })

  test('an image can be asked for by its digest', async () => {
    const name = `${registry.address}/shop/stock:1`
    await push(one, name)
    const digest = (await one.docker('image', 'inspect', '-f', '{{index .RepoDigests 0}}', name)).trim()

    const image = await (await imagesOf(two)).ensure(asking(digest, 'IfNotPresent').request)

    expect(image.imageRef).toBe(digest)
  })

  test('an image that the registry has not got is refused in the registry’s words', async () => {
    const ensured = (await imagesOf(one)).ensure(asking(`${registry.address}/shop/none:1`, 'IfNotPresent').request)

    await expect(ensured).rejects.toMatchObject({
      reason: 'ErrImagePull',
      message: expect.stringMatching(/manifest for .*not found|manifest unknown/),
    })
  })

  test.for([
    ['wants a login', 'unauthorized', 'unauthorized: who are you?'],
    ['forbids it', 'forbidden', 'denied: not for you'],
    ['has had enough requests', 'busy', 'toomanyrequests: enough for today'],
    ['gives another layer than it said', 'corrupt', 'filesystem layer verification failed for digest sha256:'],
  ] as const)('a registry that %s is quoted, and nothing is left of the image', async ([, repository, words]) => {
    const name = `${refusing.address}/${repository}:1`

    const ensured = (await imagesOf(one)).ensure(asking(name, 'IfNotPresent').request)

    await expect(ensured).rejects.toMatchObject({ reason: 'ErrImagePull', message: expect.stringContaining(words) })
    await expect(one.docker('image', 'inspect', name)).rejects.toThrow(/No such image/)
  })

  test('a disk of Docker’s that is full is said, with what to do, and is no trouble any more once there is room', async () => {
    const name = `${registry.address}/shop/scales:1`
    await push(one, name)
    const host = await fabric.startHost('small', { args: insecureRegistryArgs(fabric) })
    const disk = join(host.host.folder, 'docker')
    await host.killDaemon()
    await host.exec(['mount', '-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', disk])
    await host.startDaemon()
    await host.exec(['sh', '-c', `cat /dev/zero > ${disk}/filler 2> /run/full || grep -q 'No space' /run/full`])
    const images = await imagesOf(host)

    const ensured = images.ensure(asking(name, 'IfNotPresent').request)

    await expect(ensured).rejects.toMatchObject({
      reason: 'ErrImagePull',
      message: expect.stringMatching(/no space left on device.*: Docker's disk on this node is full, make room there/),
    })
    await host.exec(['rm', `${disk}/filler`])
    expect((await images.ensure(asking(name, 'IfNotPresent').request)).imageRef).toContain('/shop/scales@sha256:')
  })

  test('an image that was pulled with credentials is for pods that hold some, here and from a peer', async () => {
    await using closed = await startRegistry(fabric, { login: true })
    const name = `${closed.address}/vault/gold:1`
    const client = ['--config', join(one.host.folder, 'client')]
    await one.docker(...client, 'login', '-u', 'ann', '-p', REGISTRY_PASSWORD, closed.address)
    await importBusybox(one, name)
    await one.docker(...client, 'push', name)
    await one.docker('image', 'rm', name)
    const ask = async (host: TestHost, user: string | undefined, image = name, peer?: ImageService) => {
      const { request } = asking(image, 'IfNotPresent')
      const login = user === undefined ? [] : [{ registry: closed.address, username: user, password: REGISTRY_PASSWORD }]
      // Each time another agent: what it knows of images outlives it.
      return (await imagesOf(host, peer)).ensure({ ...request, credentials: login })
    }
    const refused = { reason: 'ErrImagePull', message: expect.stringMatching(/no basic auth credentials|unauthorized/) }
    const { imageRef } = await ask(one, 'ann')

    await expect(ask(one, undefined)).rejects.toMatchObject(refused)
    await expect(ask(one, 'eve')).rejects.toMatchObject(refused)
    await expect(ask(one, undefined, imageRef)).rejects.toMatchObject(refused)
    await expect(ask(two, undefined, name, await imagesOf(one))).rejects.toMatchObject(refused)
    await ask(one, 'bob', imageRef)
    await closed.stop()
    await ask(one, 'bob')
    await ask(two, 'ann', name, await imagesOf(one))
    await ask(two, 'ann')
    await expect(ask(two, undefined)).rejects.toMatchObject({ reason: 'ErrImagePull' })
  })

  test('only what was fetched for pods and is used by nobody’s container is ever removed', async () => {
    const [idle, used] = [`${registry.address}/attic/idle:1`, `${registry.address}/attic/used:1`]
    const host = await fabric.startHost('attic', { args: insecureRegistryArgs(fabric) })
    await push(one, idle)
    await push(one, used)
    await importBusybox(host, 'built:1')
    const images = await imagesOf(host)
    await images.ensure(asking(idle, 'IfNotPresent').request)
    await images.ensure(asking(used, 'IfNotPresent').request)
    await host.docker('create', '--name', 'of-somebody-else', used)

    // A later agent: this one has just given the images to pods.
    const later = await imagesOf(host)
    const [image, ...others] = await later.removable()

    expect(others).toEqual([])
    expect(image?.names).toContain(idle)
    expect(image && (await later.remove(image))).toBe(true)
    const left = (await host.docker('images', '--format', '{{.Repository}}:{{.Tag}}')).trim().split('\n')
    expect(left.sort()).toEqual([used, 'built:1'].sort())
  })

  test('a policy of Never never asks anybody', async () => {
    const ensured = (await imagesOf(one)).ensure(asking(`${registry.address}/shop/cart:2`, 'Never').request)

    await expect(ensured).rejects.toMatchObject({
      reason: 'ErrImageNeverPull',
      message: `Container image "${registry.address}/shop/cart:2" is not present with pull policy of Never`,
    })
  })

  test('a pull is given up when nobody waits for it any more', async () => {
    const images = await imagesOf(one)
    const { request } = asking('10.255.255.1:5000/black/hole:1', 'IfNotPresent')
    const patience = new AbortController()

    const ensured = images.ensure({ ...request, signal: patience.signal })
    patience.abort(new Error('the pod is gone'))

    await expect(ensured).rejects.toThrow('the pod is gone')
  })

  test('list changes are told', async () => {
    const images = await imagesOf(one)
    let changes = 0
    images.onChange(() => changes++)
    await expect.poll(() => changes).toBeGreaterThan(0)
    const before = changes

    await importBusybox(one, 'newcomer:1')

    await expect.poll(() => changes).toBeGreaterThan(before)
    const names = async () => (await images.list()).flatMap((image) => image.names)
    await expect.poll(names).toContain('docker.io/library/newcomer:1')
  })

  test('when the registry is away the copy that is here runs, and an event says so', async () => {
    const name = `${registry.address}/shop/till:latest`
    await push(one, name)
    await registry.stop()
    const { request, progress } = asking(name, 'Always')

    const image = await (await imagesOf(one)).ensure(request)

    expect(image.imageRef).toContain('@sha256:')
    expect(progress.at(-1)).toMatch(/^Local copy used: Using the local copy of image .*connection refused/)
  })

  test('when the registry is away and no copy is here, that is said', async () => {
    await registry.stop()

    const ensured = (await imagesOf(one)).ensure(asking(`${registry.address}/shop/none:1`, 'IfNotPresent').request)

    const words = new RegExp(`^Get "http://${registry.address}/v2/": .*connection refused`)
    await expect(ensured).rejects.toMatchObject({ reason: 'ErrImagePull', message: expect.stringMatching(words) })
  })
})

function asking(image: string, pullPolicy: ImageRequest['pullPolicy']) {
  const progress: string[] = []
  const request: ImageRequest = {
    image,
    pullPolicy,
    credentials: [],
    onProgress: ({ reason, message }) => progress.push(`${reason}: ${message}`),
    signal: new AbortController().signal,
  }
  return { request, progress }
}

async function push(host: TestHost, name: string): Promise<void> {
  await importBusybox(host, name, { files: { 'name.txt': name } })
  await host.docker('push', name)
}

/** The other agent's answer without the TLS between them. */
function fetchFrom(peer: ImageService | undefined): FetchFromPeer {
  return async (_peer, { name, credentials }) => {
    const offer = await peer?.export(name, credentials)
    if (offer === undefined || offer === 'forbidden') return undefined
    const header = (key: string) => offer.headers[key] ?? ''
    return {
      stream: offer.stream,
      fingerprint: header(FINGERPRINT_HEADER),
      platform: header(PLATFORM_HEADER),
      access: header(ACCESS_HEADER),
    }
  }
}
