/** The agent's volumes against the real API server, on an engine in memory: what containers are given, and what pods are told. */

import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CONFIG_MAPS,
  isNotFound,
  NODES,
  type Node,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  podIsReady,
} from '@skiff/api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { C, TestNode } from '../support/test-node.ts'
import { waitFor } from '../support/wait-for.ts'

let node: TestNode

beforeEach(async () => {
  node = await TestNode.start()
})

afterEach(() => node[Symbol.asyncDispose]())

const inDefault = (name: string) => ({ name, namespace: 'default' })

function createPod(name: string, volume: object, parts: { mount?: object; spec?: object } = {}): Promise<Pod> {
  const containers = [{ ...C, volumeMounts: [{ name: 'v', mountPath: '/v', ...parts.mount }] }]
  return node.pods.create(name, { containers, volumes: [{ name: 'v', ...volume }], ...parts.spec })
}

/** What the pod's container has at /v, once it is ready. */
async function mountOf(name: string) {
  const { metadata } = await node.pods.that(name, podIsReady)
  return node.runtime.spec(node.idOf(metadata.uid, 'c'))?.mounts.find(({ target }) => target === '/v')
}

async function mountFailures(name: string): Promise<string[]> {
  const events = await node.pods.events(name)
  return events.filter(({ reason }) => reason === 'FailedMount').map(({ message = '' }) => message)
}

const isTold = (name: string, words: string) =>
  waitFor(`${name} is told: ${words}`, async () => (await mountFailures(name)).some((text) => text.includes(words)))

/** As binder and provisioner leave them. */
async function createBoundVolume(spec: object, metadata: object = {}): Promise<PersistentVolume> {
  const claim = await node.client.create<PersistentVolumeClaim>(PERSISTENT_VOLUME_CLAIMS, {
    metadata: inDefault('data'),
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, volumeName: 'pvc-1' },
  } as object)
  const claimRef = { namespace: 'default', name: 'data', uid: claim.metadata.uid }
  const volume = await node.client.create<PersistentVolume>(PERSISTENT_VOLUMES, {
    metadata: { name: 'pvc-1', ...metadata },
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], claimRef, ...spec },
  } as object)
  const body = { status: { phase: 'Bound' } }
  await node.client.patch(PERSISTENT_VOLUME_CLAIMS, { ...inDefault('data'), subresource: 'status' }, { type: 'merge', body })
  return volume
}

const onNode = (hostname: string) => ({
  required: {
    nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [hostname] }] }],
  },
})
const CLAIM = { persistentVolumeClaim: { claimName: 'data' } }

test('a claim bound to a local volume is that directory, given to the pod’s fsGroup, read-only where the pod says so', async () => {
  const path = join(node.agent.dataDir, 'disk')
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
  await node.pods.that('fine', podIsReady)
  expect((await node.pods.that('pathless', () => true)).status?.phase).toBe('Pending')
})

test('a volume of another node, of the wrong kind, or of a claim that is being deleted is not mounted', async () => {
  await createBoundVolume({ local: { path: '/tmp' }, nodeAffinity: onNode('node-2') })
  await createPod('elsewhere', CLAIM)
  await isTold('elsewhere', 'MountVolume.NodeAffinity check failed for volume "pvc-1" : no matching NodeSelectorTerms')
  const finalizers = { metadata: { finalizers: ['x/y'] } }
  await node.client.patch(PERSISTENT_VOLUME_CLAIMS, inDefault('data'), { type: 'merge', body: finalizers })
  await node.client.delete(PERSISTENT_VOLUME_CLAIMS, inDefault('data'))
  await createPod('late', CLAIM)
  await isTold('late', 'error processing PVC default/data: PVC is being deleted')
  await createPod('scsi', { iscsi: { targetPortal: '127.0.0.1', iqn: 'iqn.2026-01.dev.skiff:x', lun: 0 } })
  await isTold('scsi', 'no volume plugin matched: volumes of the type iscsi are not supported on this node')
})

test('the node says where its volumes lie; a directory is made at first use, and goes with its released volume', async () => {
  const { metadata } = await node.client.get<Node>(NODES, { name: 'node-1' })
  const directory = join(node.agent.dataDir, 'volumes')
  expect(metadata.annotations).toMatchObject({ 'skiff.dev/volumes-directory': directory })
  expect(metadata.annotations?.['skiff.dev/volumes-capacity']).toMatch(/^\d+(\.\d+)?[KMGT]i$/)

  const path = join(directory, 'pvc-1')
  const ours = { labels: { 'skiff.dev/volume-node': 'node-1' }, finalizers: ['skiff.dev/local-data'] }
  const spec = { local: { path }, nodeAffinity: onNode('node-1'), persistentVolumeReclaimPolicy: 'Delete' }
  await createBoundVolume(spec, ours)
  await createPod('first', CLAIM)
  expect(await mountOf('first')).toMatchObject({ source: path })
  expect((await stat(path)).mode & 0o777).toBe(0o777)
  await writeFile(join(path, 'file'), 'data')

  await node.client.delete(PERSISTENT_VOLUMES, { name: 'pvc-1' })
  await waitFor('the volume is gone', () => node.client.get(PERSISTENT_VOLUMES, { name: 'pvc-1' }).then(() => false, isNotFound))
  expect(await readdir(directory)).toEqual([])
})

test('a directory that was there and is gone is not made again: the pod is told that its data is lost', async () => {
  const path = join(node.agent.dataDir, 'volumes', 'pvc-1')
  const ours = { labels: { 'skiff.dev/volume-node': 'node-1' } }
  await createBoundVolume({ local: { path }, nodeAffinity: onNode('node-1') }, ours)
  await createPod('first', CLAIM)
  await node.pods.that('first', podIsReady)
  await rm(path, { recursive: true })
  await createPod('second', CLAIM)
  await isTold('second', 'its data is lost')
})

test('never removes anything but the directory of that very volume, whatever the object says', async () => {
  const precious = join(node.agent.dataDir, 'precious')
  await mkdir(precious)
  const ours = { labels: { 'skiff.dev/volume-node': 'node-1' }, finalizers: ['skiff.dev/local-data'] }
  const spec = { local: { path: precious }, nodeAffinity: onNode('node-1'), persistentVolumeReclaimPolicy: 'Delete' }
  await createBoundVolume(spec, ours)
  await node.client.delete(PERSISTENT_VOLUMES, { name: 'pvc-1' })
  await waitFor('the volume is gone', () => node.client.get(PERSISTENT_VOLUMES, { name: 'pvc-1' }).then(() => false, isNotFound))
  expect((await stat(precious)).isDirectory()).toBe(true)
})

test('a changed ConfigMap reaches a running pod, and one that is missing only keeps its own pod waiting', async () => {
  await createPod('configured', { configMap: { name: 'settings', optional: false } })
  await isTold('configured', 'MountVolume.SetUp failed for volume "v" : configmap "settings" not found')
  await node.client.create(CONFIG_MAPS, { metadata: inDefault('settings'), data: { colour: 'blue' } } as object)
  const mount = await mountOf('configured')
  expect(mount?.readOnly).toBe(true)
  const file = join(mount?.source ?? '', 'colour')
  expect(await readFile(file, 'utf8')).toBe('blue')
  await node.client.patch(CONFIG_MAPS, inDefault('settings'), { type: 'merge', body: { data: { colour: 'red' } } })
  await waitFor('the change is there', async () => (await readFile(file, 'utf8')) === 'red')
})

test('a pod whose emptyDir grows beyond its limit is evicted in the kubelet’s words', async () => {
  await createPod('greedy', { emptyDir: { sizeLimit: '64Ki' } })
  const mount = await mountOf('greedy')
  await writeFile(join(mount?.source ?? '', 'large'), Buffer.alloc(128 * 1024, 1))
  const pod = await node.pods.that('greedy', ({ status }) => status?.phase === 'Failed')
  expect(pod.status).toMatchObject({
    reason: 'Evicted',
    message: 'Usage of EmptyDir volume "v" exceeds the limit "64Ki". ',
  })
})

test('a new agent takes away what is left of pods that are gone', async () => {
  await node.agent.stop()
  await mkdir(join(node.agent.dataDir, 'pods', 'long-gone', 'volumes'), { recursive: true })
  await node.startAgent({ dataDir: node.agent.dataDir })
  expect(await readdir(join(node.agent.dataDir, 'pods'))).toEqual([])
})

test('a new agent leaves alone what a pod made of its volume’s modes', async () => {
  const gid = process.getgid?.() ?? 0
  await createPod('kept', { emptyDir: {} }, { spec: { securityContext: { fsGroup: gid } } })
  const mount = await mountOf('kept')
  const file = join(mount?.source ?? '', 'key')
  await writeFile(file, 'secret', { mode: 0o600 })
  const { runtime, images, dataDir } = node.agent
  await node.startAgent({ runtime, images, dataDir })
  await createPod('next', { emptyDir: {} })
  await node.pods.that('next', podIsReady)
  const { uid } = (await node.pods.that('kept', podIsReady)).metadata
  await waitFor('the new agent looks after it', () => node.agent.running.pods.worker(uid)?.observed !== undefined)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
})
