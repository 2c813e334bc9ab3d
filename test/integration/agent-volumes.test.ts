/** The agent's volumes against the real API server, on an engine in memory: what containers are given, and what pods are told. */

import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestAgent, type TestAgent } from '@skiff/agent/testing'
import {
  CONFIG_MAPS,
  EVENTS,
  type Event,
  isNotFound,
  NODES,
  type Node,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  type PersistentVolume,
  type PersistentVolumeClaim,
  PODS,
  type Pod,
  podIsReady,
} from '@skiff/api'
import { startTestApiServer, type TestApiServer } from '@skiff/apiserver/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { waitFor } from '../support/wait-for.ts'

let api: TestApiServer
let agent: TestAgent
let dataDir: string

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'skiff-agent-volumes-'))
  api = await startTestApiServer({ namespaces: ['default', 'kube-system', 'kube-node-lease'] })
  agent = await startTestAgent({ client: api.client, dataDir })
})

afterEach(async () => {
  await agent[Symbol.asyncDispose]()
  await api.close()
  await rm(dataDir, { recursive: true, force: true })
})

const inDefault = (name: string) => ({ name, namespace: 'default' })

async function createPod(name: string, volume: object, parts: { mount?: object; spec?: object } = {}): Promise<Pod> {
  const container = { name: 'c', image: 'app:1', volumeMounts: [{ name: 'v', mountPath: '/v', ...parts.mount }] }
  const spec = { nodeName: 'node-1', containers: [container], volumes: [{ name: 'v', ...volume }], ...parts.spec }
  return await api.client.create<Pod>(PODS, { metadata: inDefault(name), spec } as object)
}

function podThat(name: string, is: (pod: Pod) => unknown): Promise<Pod> {
  return waitFor(`pod ${name} is as expected`, async () => {
    const pod = await api.client.get<Pod>(PODS, inDefault(name))
    if (is(pod)) return pod
    throw new Error(JSON.stringify(pod.status))
  })
}

/** What the pod's container has at /v, once it is ready. */
async function mountOf(name: string) {
  const { metadata } = await podThat(name, podIsReady)
  const id = agent.runtime.running(metadata.uid, 'c')?.id ?? ''
  return agent.runtime.spec(id)?.mounts.find(({ target }) => target === '/v')
}

async function mountFailures(name: string): Promise<string[]> {
  const { items } = await api.client.list<Event>(EVENTS, { namespace: 'default' })
  return items
    .filter(({ involvedObject, reason }) => involvedObject.name === name && reason === 'FailedMount')
    .map(({ message = '' }) => message)
}

const isTold = (name: string, words: string) =>
  waitFor(`${name} is told: ${words}`, async () => (await mountFailures(name)).some((text) => text.includes(words)))

/** As binder and provisioner leave them. */
async function createBoundVolume(spec: object, metadata: object = {}): Promise<PersistentVolume> {
  const claim = await api.client.create<PersistentVolumeClaim>(PERSISTENT_VOLUME_CLAIMS, {
    metadata: inDefault('data'),
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, volumeName: 'pvc-1' },
  } as object)
  const claimRef = { namespace: 'default', name: 'data', uid: claim.metadata.uid }
  const volume = await api.client.create<PersistentVolume>(PERSISTENT_VOLUMES, {
    metadata: { name: 'pvc-1', ...metadata },
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], claimRef, ...spec },
  } as object)
  const body = { status: { phase: 'Bound' } }
  await api.client.patch(PERSISTENT_VOLUME_CLAIMS, { ...inDefault('data'), subresource: 'status' }, { type: 'merge', body })
  return volume
}

const onNode = (hostname: string) => ({
  required: {
    nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [hostname] }] }],
  },
})
const CLAIM = { persistentVolumeClaim: { claimName: 'data' } }

test('a claim bound to a local volume is that directory, given to the pod’s fsGroup, read-only where the pod says so', async () => {
  const path = join(dataDir, 'disk')
  await mkdir(path, { mode: 0o755 })
  await createBoundVolume({ local: { path }, nodeAffinity: onNode('node-1') })
  await createPod('writer', CLAIM, { spec: { securityContext: { fsGroup: process.getgid?.() ?? 0 } } })
  expect(await mountOf('writer')).toMatchObject({ source: path, readOnly: false })
  expect((await stat(path)).mode & 0o7777).toBe(0o2775)
  await createPod('reader', { persistentVolumeClaim: { claimName: 'data', readOnly: true } })
  expect(await mountOf('reader')).toMatchObject({ source: path, readOnly: true })
})

test('a volume that can’t be used here keeps its pod waiting, and says why; other pods go on', async () => {
  await createPod('unclaimed', CLAIM)
  await isTold('unclaimed', 'error processing PVC default/data: failed to fetch PVC from API server')
  await createBoundVolume({ local: { path: '/not/there' }, nodeAffinity: onNode('node-1') })
  await createPod('pathless', CLAIM)
  await isTold(
    'pathless',
    'MountVolume.NewMounter initialization failed for volume "pvc-1" : path "/not/there" does not exist: make it on',
  )
  await createPod('fine', { emptyDir: {} })
  await podThat('fine', podIsReady)
  expect((await podThat('pathless', () => true)).status?.phase).toBe('Pending')
})

test('a volume of another node, of the wrong kind, or of a claim that is being deleted is not mounted', async () => {
  await createBoundVolume({ local: { path: '/tmp' }, nodeAffinity: onNode('node-2') })
  await createPod('elsewhere', CLAIM)
  await isTold('elsewhere', 'MountVolume.NodeAffinity check failed for volume "pvc-1" : no matching NodeSelectorTerms')
  const finalizers = { metadata: { finalizers: ['x/y'] } }
  await api.client.patch(PERSISTENT_VOLUME_CLAIMS, inDefault('data'), { type: 'merge', body: finalizers })
  await api.client.delete(PERSISTENT_VOLUME_CLAIMS, inDefault('data'))
  await createPod('late', CLAIM)
  await isTold('late', 'error processing PVC default/data: PVC is being deleted')
  await createPod('scsi', { iscsi: { targetPortal: '127.0.0.1', iqn: 'iqn.2026-01.dev.skiff:x', lun: 0 } })
  await isTold('scsi', 'no volume plugin matched: volumes of the type iscsi are not supported on this node')
})

test('the node says where its volumes lie; a directory is made at first use, and goes with its released volume', async () => {
  const node = await api.client.get<Node>(NODES, { name: 'node-1' })
  const directory = join(dataDir, 'volumes')
  expect(node.metadata.annotations).toMatchObject({ 'skiff.dev/volumes-directory': directory })
  expect(node.metadata.annotations?.['skiff.dev/volumes-capacity']).toMatch(/^\d+(\.\d+)?[KMGT]i$/)

  const path = join(directory, 'pvc-1')
  const ours = { labels: { 'skiff.dev/volume-node': 'node-1' }, finalizers: ['skiff.dev/local-data'] }
  const spec = { local: { path }, nodeAffinity: onNode('node-1'), persistentVolumeReclaimPolicy: 'Delete' }
  await createBoundVolume(spec, ours)
  await createPod('first', CLAIM)
  expect(await mountOf('first')).toMatchObject({ source: path })
  expect((await stat(path)).mode & 0o777).toBe(0o777)
  await writeFile(join(path, 'file'), 'data')

  await api.client.delete(PERSISTENT_VOLUMES, { name: 'pvc-1' })
  await waitFor('the volume is gone', () => api.client.get(PERSISTENT_VOLUMES, { name: 'pvc-1' }).then(() => false, isNotFound))
  expect(await readdir(directory)).toEqual([])
})

test('a directory that was there and is gone is not made again: the pod is told that its data is lost', async () => {
  const path = join(dataDir, 'volumes', 'pvc-1')
  const ours = { labels: { 'skiff.dev/volume-node': 'node-1' } }
  await createBoundVolume({ local: { path }, nodeAffinity: onNode('node-1') }, ours)
  await createPod('first', CLAIM)
  await podThat('first', podIsReady)
  await rm(path, { recursive: true })
  await createPod('second', CLAIM)
  await isTold('second', 'its data is lost')
})

test('never removes anything but the directory of that very volume, whatever the object says', async () => {
  const precious = join(dataDir, 'precious')
  await mkdir(precious)
  const ours = { labels: { 'skiff.dev/volume-node': 'node-1' }, finalizers: ['skiff.dev/local-data'] }
  const spec = { local: { path: precious }, nodeAffinity: onNode('node-1'), persistentVolumeReclaimPolicy: 'Delete' }
  await createBoundVolume(spec, ours)
  await api.client.delete(PERSISTENT_VOLUMES, { name: 'pvc-1' })
  await waitFor('the volume is gone', () => api.client.get(PERSISTENT_VOLUMES, { name: 'pvc-1' }).then(() => false, isNotFound))
  expect((await stat(precious)).isDirectory()).toBe(true)
})

test('a changed ConfigMap reaches a running pod, and one that is missing only keeps its own pod waiting', async () => {
  await createPod('configured', { configMap: { name: 'settings', optional: false } })
  await isTold('configured', 'MountVolume.SetUp failed for volume "v" : configmap "settings" not found')
  await api.client.create(CONFIG_MAPS, { metadata: inDefault('settings'), data: { colour: 'blue' } } as object)
  const mount = await mountOf('configured')
  expect(mount?.readOnly).toBe(true)
  const file = join(mount?.source ?? '', 'colour')
  expect(await readFile(file, 'utf8')).toBe('blue')
  await api.client.patch(CONFIG_MAPS, inDefault('settings'), { type: 'merge', body: { data: { colour: 'red' } } })
  await waitFor('the change is there', async () => (await readFile(file, 'utf8')) === 'red')
})

test('a pod whose emptyDir grows beyond its limit is evicted in the kubelet’s words', async () => {
  await createPod('greedy', { emptyDir: { sizeLimit: '64Ki' } })
  const mount = await mountOf('greedy')
  await writeFile(join(mount?.source ?? '', 'large'), Buffer.alloc(128 * 1024, 1))
  const pod = await podThat('greedy', ({ status }) => status?.phase === 'Failed')
  expect(pod.status).toMatchObject({
    reason: 'Evicted',
    message: 'Usage of EmptyDir volume "v" exceeds the limit "64Ki". ',
  })
})

test('a new agent takes away what is left of pods that are gone', async () => {
  await agent.stop()
  await mkdir(join(dataDir, 'pods', 'long-gone', 'volumes'), { recursive: true })
  agent = await startTestAgent({ client: api.client, dataDir })
  expect(await readdir(join(dataDir, 'pods'))).toEqual([])
})

test('a new agent leaves alone what a pod made of its volume’s modes', async () => {
  const gid = process.getgid?.() ?? 0
  await createPod('kept', { emptyDir: {} }, { spec: { securityContext: { fsGroup: gid } } })
  const mount = await mountOf('kept')
  const file = join(mount?.source ?? '', 'key')
  await writeFile(file, 'secret', { mode: 0o600 })
  const { runtime, images } = agent
  await agent.stop()
  agent = await startTestAgent({ client: api.client, runtime, images, dataDir })
  await createPod('next', { emptyDir: {} })
  await podThat('next', podIsReady)
  const { uid } = (await podThat('kept', podIsReady)).metadata
  await waitFor('the new agent looks after it', () => agent.running.pods.worker(uid)?.observed !== undefined)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
})
