import { chmod, lstat, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConfigMap, Pod, Secret } from '@skiff/api'
import { type ApiClient, Checkpoint } from '@skiff/client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LastAnswers } from '../objects/last-answers.ts'
import { FakeImages } from '../runtime/fake/fake-images.ts'
import { FakeRuntime } from '../runtime/fake/fake-runtime.ts'
import { ImageVolumes } from './image-volumes.ts'
import { LocalDirectories } from './local-directories.ts'
import { PodVolumes } from './pod-volumes.ts'
import { ServiceAccountTokens } from './service-account-tokens.ts'
import { VolumeClaims } from './volume-claims.ts'

let dataDir: string
let data: Record<string, string>

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'skiff-volumes-'))
  data = { colour: 'blue' }
})

afterEach(() => rm(dataDir, { recursive: true, force: true }))

const METADATA = { name: 'p', namespace: 'default', uid: 'u-1', resourceVersion: '1', creationTimestamp: '' }
const DOWNWARD = { podIp: '10.244.1.2', nodeIp: '10.0.0.7', allocatable: {} }

function volumes({ recursiveReadOnly = false } = {}): PodVolumes {
  const config = {
    configMap: async (_: string, name: string) =>
      name === 'settings' ? ({ metadata: METADATA, data } as unknown as ConfigMap) : undefined,
    secret: async (_: string, name: string) =>
      name === 'keys'
        ? ({ metadata: METADATA, data: { key: Buffer.from('geheim').toString('base64') } } as unknown as Secret)
        : undefined,
  }
  const client = {} as ApiClient
  const now = () => new Date()
  const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
  const checkpoint = new Checkpoint({ directory: dataDir, cluster: 'c', node: 'node-1', logger })
  const answers = new LastAnswers({ checkpoint, isAway: () => false })
  return new PodVolumes({
    dataDir,
    warn: () => undefined,
    config,
    tokens: new ServiceAccountTokens({ client, answers, now }),
    claims: new VolumeClaims({ client, answers, node: () => undefined }),
    directories: new LocalDirectories({ client, answers, dataDir, nodeName: 'node-1', now, logger }),
    imageVolumes: new ImageVolumes({
      images: new FakeImages(),
      runtime: new FakeRuntime({ now }),
      config,
      dataDir,
      say: () => undefined,
      signal: new AbortController().signal,
    }),
    dns: { nameserver: '10.96.0.10', domain: 'cluster.local' },
    recursiveReadOnly: () => recursiveReadOnly,
  })
}

function podWith(volume: object): Pod {
  const container = { name: 'c', image: 'a', volumeMounts: [{ name: 'v', mountPath: '/v' }] }
  const metadata = { ...METADATA, labels: { b: '2', a: '1' } }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [container], volumes: [{ name: 'v', ...volume }] } }
}

async function mounted(pod: Pod): Promise<string> {
  const made = volumes()
  await made.mount(pod, DOWNWARD)
  const [container] = pod.spec.containers
  if (container === undefined) throw new Error('no container')
  const mount = (await made.mountsOf(pod, container, 0, new Map())).find(({ target }) => target === '/v')
  return mount?.source ?? ''
}

test('a configMap volume shows each key as a file with its mode', async () => {
  const path = await mounted(podWith({ configMap: { name: 'settings', items: [{ key: 'colour', path: 'a/b', mode: 0o600 }] } }))
  expect(await readFile(join(path, 'a/b'), 'utf8')).toBe('blue')
  expect((await stat(join(path, 'a/b'))).mode & 0o777).toBe(0o600)
})

test('a changed ConfigMap replaces all of its files at one instant, and old files go', async () => {
  data = { colour: 'blue', shape: 'round' }
  const pod = podWith({ configMap: { name: 'settings' } })
  const path = await mounted(pod)
  data = { colour: 'red', size: 'small' }
  await volumes().refresh(pod, DOWNWARD)
  const visible = (await readdir(path)).filter((name) => !name.startsWith('..'))
  expect(visible.sort()).toEqual(['colour', 'size'])
  expect((await lstat(join(path, 'colour'))).isSymbolicLink()).toBe(true)
  expect(await readFile(join(path, 'colour'), 'utf8')).toBe('red')
  expect((await readdir(path)).filter((name) => name.startsWith('..'))).toHaveLength(2)
})

test('secrets, the downward API and projections of them', async () => {
  const sources = [
    { secret: { name: 'keys' } },
    { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
    { configMap: { name: 'missing', optional: true } },
  ]
  const path = await mounted(podWith({ projected: { sources } }))
  expect(await readFile(join(path, 'key'), 'utf8')).toBe('geheim')
  expect(await readFile(join(path, 'labels'), 'utf8')).toBe('a="1"\nb="2"')
})

test('an emptyDir may be written by everybody and is gone with the pod', async () => {
  const path = await mounted(podWith({ emptyDir: {} }))
  expect((await stat(path)).mode & 0o777).toBe(0o777)
  await volumes().remove('u-1')
  expect(await readdir(join(dataDir, 'pods'))).toEqual([])
})

test('what a pod makes of its emptyDir stays so when a later agent mounts it', async () => {
  const pod = podWith({ emptyDir: {} })
  const path = await mounted(pod)
  await chmod(path, 0o2750)
  await mounted(pod)
  expect((await stat(path)).mode & 0o7777).toBe(0o2750)
})

test('never removes more than one pod’s directory, whatever a label says', async () => {
  await mounted(podWith({ emptyDir: {} }))
  for (const uid of ['', '.', '..', '../x']) await expect(volumes().remove(uid)).rejects.toThrow("is not a pod's uid")
  expect(await readdir(join(dataDir, 'pods'))).toEqual(['u-1'])
})

test('a read-only mount asks for what lies below only where the engine can do it', async () => {
  const pod = podWith({ emptyDir: {} })
  const [container] = pod.spec.containers
  if (container === undefined) throw new Error('no container')
  const asked = { ...container, volumeMounts: [{ name: 'v', mountPath: '/v', readOnly: true, recursiveReadOnly: 'Enabled' }] }
  const mountWith = async (recursiveReadOnly: boolean, wanted: typeof container) => {
    const made = volumes({ recursiveReadOnly })
    await made.mount(pod, DOWNWARD)
    return (await made.mountsOf(pod, wanted, 0, new Map())).find(({ target }) => target === '/v')
  }
  await expect(mountWith(false, asked)).rejects.toThrow(
    'volume "v" requested recursive read-only mode, but it is not supported by the runtime',
  )
  expect(await mountWith(true, asked)).toMatchObject({ readOnly: true, recursion: 'forced' })
  const plain = { ...container, volumeMounts: [{ name: 'v', mountPath: '/v', readOnly: true }] }
  expect(await mountWith(true, plain)).toMatchObject({ readOnly: true, recursion: 'none' })
  expect(await mountWith(false, plain)).not.toHaveProperty('recursion')
})

test('a subPathExpr that names a variable without a value is no path', async () => {
  const pod = podWith({ emptyDir: {} })
  const container = { name: 'c', image: 'a', volumeMounts: [{ name: 'v', mountPath: '/v', subPathExpr: '$(POD)/$(DAY)' }] }
  const made = volumes()
  await made.mount(pod, DOWNWARD)
  for (const env of [{}, { POD: '' }]) {
    await expect(made.mountsOf(pod, container, 0, new Map(Object.entries(env)))).rejects.toThrow('missing value for DAY, POD')
  }
})

test('all that a projection lacks is told at once', async () => {
  const sources = [{ configMap: { name: 'nope' } }, { secret: { name: 'neither' } }, { clusterTrustBundle: { path: 'ca.crt' } }]
  await expect(mounted(podWith({ projected: { sources } }))).rejects.toThrow(
    '[configmap "nope" not found, secret "neither" not found, projected sources of the type clusterTrustBundle are not supported on this node]',
  )
})

test('says in the kubelet’s words which volume can’t be mounted, and why', async () => {
  await expect(mounted(podWith({ configMap: { name: 'nope' } }))).rejects.toThrow(
    'MountVolume.SetUp failed for volume "v" : configmap "nope" not found',
  )
  await expect(mounted(podWith({ hostPath: { path: '/etc/passwd', type: 'Directory' } }))).rejects.toThrow(
    'MountVolume.SetUp failed for volume "v" : hostPath type check failed: /etc/passwd is not a directory',
  )
  await expect(mounted(podWith({ configMap: { name: 'settings', items: [{ key: 'no', path: 'x' }] } }))).rejects.toThrow(
    'configmap references non-existent config key: no: add it to ConfigMap default/settings, or mark the volume optional',
  )
  await expect(mounted(podWith({ hostPath: { path: '/no/such', type: 'Directory' } }))).rejects.toThrow(
    '/no/such is not a directory: nothing is there on this node; make it, or ask for',
  )
  await expect(
    mounted(podWith({ configMap: { name: 'settings', items: [{ key: 'colour', path: '../../x' }] } })),
  ).rejects.toThrow('invalid path')
})
