/** Claims and volumes above the agent: binding, scheduling, provisioning, protection, reclaiming. */

import {
  isNotFound,
  type KindInfo,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  type PersistentVolume,
  type PersistentVolumeClaim,
  PODS,
  type Pod,
  STORAGE_CLASSES,
  VOLUME_ATTRIBUTES_CLASSES,
  type VolumeAttributesClass,
} from '@skiff/api'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ControlPlane, inDefault, NODE_NAMES, startControlPlane } from '../support/control-plane.ts'
import { waitFor } from '../support/wait-for.ts'

let cluster: ControlPlane

beforeEach(async () => {
  cluster = await startControlPlane()
})

afterEach(async () => {
  await cluster[Symbol.asyncDispose]()
})

/** The object once it is as expected. */
async function thatIs<T>(info: KindInfo, name: string, is: (object: T) => unknown): Promise<T> {
  return await waitFor(`${info.resource}/${name} is as expected`, async () => {
    const object = await cluster.get<T>(info, name)
    if (is(object)) return object
    throw new Error(JSON.stringify(object))
  })
}

const claimThat = (name: string, is: (claim: PersistentVolumeClaim) => unknown) =>
  thatIs<PersistentVolumeClaim>(PERSISTENT_VOLUME_CLAIMS, name, is)
const volumeThat = (name: string, is: (volume: PersistentVolume) => unknown) =>
  thatIs<PersistentVolume>(PERSISTENT_VOLUMES, name, is)
const podThat = (name: string, is: (pod: Pod) => unknown) => thatIs<Pod>(PODS, name, is)

/** Also by its finalizer: without admission its controller gives it that, some time. */
const isBound = ({ metadata, status }: PersistentVolumeClaim | PersistentVolume) =>
  status?.phase === 'Bound' && (metadata.finalizers ?? []).length > 0
const waitsBecause =
  (words: string) =>
  ({ status }: Pod) =>
    status?.conditions?.some(({ type, message }) => type === 'PodScheduled' && message?.includes(words))

async function createVolume(name: string, spec: object = {}): Promise<void> {
  const defaults = { capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: `/data/${name}` } }
  await cluster.client.create(PERSISTENT_VOLUMES, { metadata: { name }, spec: { ...defaults, ...spec } } as object)
}

async function createClaim(name: string, spec: object = {}): Promise<PersistentVolumeClaim> {
  const resources = { requests: { storage: '1Gi' } }
  const defaults = { accessModes: ['ReadWriteOnce'], resources, storageClassName: '' }
  return await cluster.client.create<PersistentVolumeClaim>(PERSISTENT_VOLUME_CLAIMS, {
    metadata: inDefault(name),
    spec: { ...defaults, ...spec },
  } as object)
}

async function createPod(name: string, claimName: string, spec: object = {}): Promise<void> {
  const volumes = [{ name: 'data', persistentVolumeClaim: { claimName } }]
  await cluster.client.create(PODS, {
    metadata: inDefault(name),
    spec: { containers: [{ name: 'c', image: 'v1' }], volumes, ...spec },
  } as object)
}

async function createClass(name: string, parts: object): Promise<void> {
  const defaults = { volumeBindingMode: 'WaitForFirstConsumer' }
  await cluster.client.create(STORAGE_CLASSES, { metadata: { name }, ...defaults, ...parts } as object)
}

/** As agents do: where a node keeps its volumes, and how much fits. */
async function giveRoom(capacity: string): Promise<void> {
  const annotations = { 'skiff.dev/volumes-directory': '/var/lib/skiff/agent/volumes', 'skiff.dev/volumes-capacity': capacity }
  for (const name of NODE_NAMES) {
    await cluster.client.patch(NODES, { name }, { type: 'merge', body: { metadata: { annotations } } })
  }
}

async function createAttributesClass(name: string): Promise<void> {
  const parts = { driverName: 'disks.example.com', parameters: { iops: '5000' } }
  await cluster.client.create(VOLUME_ATTRIBUTES_CLASSES, { metadata: { name }, ...parts } as object)
  await thatIs<VolumeAttributesClass>(VOLUME_ATTRIBUTES_CLASSES, name, ({ metadata }) => metadata.finalizers)
}

const onlyOn = (node: string) => ({
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] }] },
})

const remove = (info: KindInfo, name: string) => cluster.client.delete(info, info.namespaced ? inDefault(name) : { name })

describe('volumes made by hand', () => {
  test('a claim is bound to the smallest that suits it, and both sides say so', async () => {
    await createVolume('large', { capacity: { storage: '9Gi' } })
    await createVolume('small')
    for (const name of ['large', 'small']) await volumeThat(name, ({ status }) => status?.phase === 'Available')
    await createClaim('data')
    const claim = await claimThat('data', isBound)
    expect(claim).toMatchObject({
      metadata: {
        annotations: { 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes' },
        finalizers: ['kubernetes.io/pvc-protection'],
      },
      spec: { volumeName: 'small' },
      status: { capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOnce'] },
    })
    const volume = await volumeThat('small', isBound)
    expect(volume.spec.claimRef).toMatchObject({ namespace: 'default', name: 'data', uid: claim.metadata.uid })
    expect((await cluster.get<PersistentVolume>(PERSISTENT_VOLUMES, 'large')).status?.phase).toBe('Available')
  })

  test('many claims for few volumes: each volume has one claim, and the others wait', async () => {
    for (const name of ['a', 'b', 'c']) await createVolume(name)
    await Promise.all(['1', '2', '3', '4', '5'].map((n) => createClaim(`data-${n}`)))
    const bound = await waitFor('three are bound', async () => {
      const claims = (await cluster.list<PersistentVolumeClaim>(PERSISTENT_VOLUME_CLAIMS)).filter(isBound)
      return claims.length === 3 && claims
    })
    expect(bound.map(({ spec }) => spec.volumeName).sort()).toEqual(['a', 'b', 'c'])
  })

  test('a pod waits for its claim, for a claim’s volume, and starts where that volume is', async () => {
    await createPod('web', 'data')
    await podThat('web', waitsBecause('persistentvolumeclaim "data" not found'))
    await createClaim('data')
    await podThat('web', waitsBecause('pod has unbound immediate PersistentVolumeClaims'))
    await createVolume('on-2', { nodeAffinity: onlyOn('node-2'), hostPath: undefined, local: { path: '/mnt/disk' } })
    expect((await podThat('web', ({ spec }) => spec.nodeName)).spec.nodeName).toBe('node-2')
  })

  test('a pod that may not run where its volume is fits nowhere, and is told', async () => {
    await createVolume('on-2', { nodeAffinity: onlyOn('node-2') })
    await createClaim('data')
    await claimThat('data', isBound)
    await createPod('web', 'data', { nodeSelector: { 'kubernetes.io/hostname': 'node-1' } })
    await podThat('web', waitsBecause('1 node(s) had volume node affinity conflict'))
  })

  test('of a class that waits for its first consumer the volume is chosen with the node, one for each pod', async () => {
    await createClass('disks', { provisioner: 'kubernetes.io/no-provisioner' })
    for (const node of NODE_NAMES.slice(0, 2)) {
      await createVolume(`disk-${node}`, { storageClassName: 'disks', nodeAffinity: onlyOn(node) })
    }
    for (const n of [1, 2, 3]) {
      await createClaim(`data-${n}`, { storageClassName: 'disks' })
      await createPod(`web-${n}`, `data-${n}`)
    }
    const placed = await waitFor('two pods have a disk', async () => {
      const pods = (await cluster.list<Pod>(PODS)).filter(({ spec }) => spec.nodeName)
      return pods.length === 2 && pods
    })
    for (const { metadata, spec } of placed) {
      const claim = await claimThat(`data-${metadata.name.slice(-1)}`, isBound)
      expect(claim.spec.volumeName).toBe(`disk-${spec.nodeName}`)
    }
    const waiting = (await cluster.list<Pod>(PODS)).find(({ spec }) => !spec.nodeName)
    await podThat(waiting?.metadata.name ?? '', waitsBecause("node(s) didn't find available persistent volumes to bind"))
  })

  test('a ReadWriteOncePod claim serves one pod at a time', async () => {
    await createVolume('v', { accessModes: ['ReadWriteOncePod'] })
    await createClaim('data', { accessModes: ['ReadWriteOncePod'] })
    await claimThat('data', isBound)
    await createPod('first', 'data')
    await podThat('first', ({ spec }) => spec.nodeName)
    await createPod('second', 'data')
    await podThat('second', waitsBecause('ReadWriteOncePod access mode'))
    await remove(PODS, 'first')
    await podThat('second', ({ spec }) => spec.nodeName)
  })

  test('a claim in use stays until its pod is gone; its volume is then Released, and keeps its data', async () => {
    await createVolume('v')
    await createClaim('data')
    await claimThat('data', isBound)
    await volumeThat('v', isBound)
    await createPod('web', 'data')
    await podThat('web', ({ spec }) => spec.nodeName)
    await remove(PERSISTENT_VOLUME_CLAIMS, 'data')
    await remove(PERSISTENT_VOLUMES, 'v')
    await createPod('late', 'data')
    await podThat('late', waitsBecause('persistentvolumeclaim "data" is being deleted'))
    expect((await cluster.get<PersistentVolume>(PERSISTENT_VOLUMES, 'v')).metadata.deletionTimestamp).toBeDefined()
    await remove(PODS, 'web')
    await cluster.gone(PERSISTENT_VOLUME_CLAIMS, 'data')
    await cluster.gone(PERSISTENT_VOLUMES, 'v')
  })

  test('a volume that was made by hand is never deleted for its claim: it says what to do', async () => {
    await createVolume('v', { persistentVolumeReclaimPolicy: 'Delete' })
    await createClaim('data')
    await claimThat('data', isBound)
    await remove(PERSISTENT_VOLUME_CLAIMS, 'data')
    const failed = await volumeThat('v', ({ status }) => status?.phase === 'Failed')
    expect(failed.status?.message).toContain('remove its data by hand')
  })

  test('a claim whose volume vanished is Lost, and its pods are told', async () => {
    await createVolume('v')
    await createClaim('data')
    await claimThat('data', isBound)
    await cluster.client.patch(PERSISTENT_VOLUMES, { name: 'v' }, { type: 'merge', body: { metadata: { finalizers: null } } })
    await waitFor('it is gone', async () => {
      await remove(PERSISTENT_VOLUMES, 'v').catch(() => undefined)
      await cluster.client
        .patch(PERSISTENT_VOLUMES, { name: 'v' }, { type: 'merge', body: { metadata: { finalizers: null } } })
        .catch(() => undefined)
      return await cluster.get(PERSISTENT_VOLUMES, 'v').then(() => false, isNotFound)
    })
    await claimThat('data', ({ status }) => status?.phase === 'Lost')
    await createPod('web', 'data')
    await podThat('web', waitsBecause('bound to non-existent persistentvolume "v"'))
  })
})

describe('a deleted VolumeAttributesClass', () => {
  const hasGold = { volumeAttributesClassName: 'gold', storageClassName: 'disks' }

  /** Others that are deleted after it go, it stays. */
  async function goldStays(): Promise<void> {
    await createAttributesClass('unused')
    await remove(VOLUME_ATTRIBUTES_CLASSES, 'unused')
    await cluster.gone(VOLUME_ATTRIBUTES_CLASSES, 'unused')
    const { metadata } = await cluster.get<VolumeAttributesClass>(VOLUME_ATTRIBUTES_CLASSES, 'gold')
    expect(metadata).toMatchObject({ deletionTimestamp: expect.any(String), finalizers: ['kubernetes.io/vac-protection'] })
  }

  beforeEach(async () => {
    await createAttributesClass('gold')
  })

  test('stays until the claim that asks for it is gone', async () => {
    await createClaim('data', hasGold)
    await remove(VOLUME_ATTRIBUTES_CLASSES, 'gold')
    await goldStays()
    await remove(PERSISTENT_VOLUME_CLAIMS, 'data')
    await cluster.gone(VOLUME_ATTRIBUTES_CLASSES, 'gold')
  })

  test('stays until the claim that has it has another', async () => {
    await createClaim('data')
    const hasNow = async (name: string) => {
      const body = { status: { currentVolumeAttributesClassName: name } }
      const ref = { ...inDefault('data'), subresource: 'status' as const }
      await cluster.client.patch(PERSISTENT_VOLUME_CLAIMS, ref, { type: 'merge', body })
    }
    await hasNow('gold')
    await remove(VOLUME_ATTRIBUTES_CLASSES, 'gold')
    await goldStays()
    await hasNow('silver')
    await cluster.gone(VOLUME_ATTRIBUTES_CLASSES, 'gold')
  })

  test('stays until the volume that has it is gone', async () => {
    await createVolume('v', hasGold)
    await remove(VOLUME_ATTRIBUTES_CLASSES, 'gold')
    await goldStays()
    await remove(PERSISTENT_VOLUMES, 'v')
    await cluster.gone(VOLUME_ATTRIBUTES_CLASSES, 'gold')
  })
})

test('a claim that is deleted while its volume is made leaves its pod waiting, and one of the same name serves it', async () => {
  await createClass('slow', { provisioner: 'example.com/slow' })
  await createClaim('data', { storageClassName: 'slow' })
  await createPod('web', 'data')
  await claimThat('data', ({ metadata }) => metadata.annotations?.['volume.kubernetes.io/selected-node'])
  await remove(PERSISTENT_VOLUME_CLAIMS, 'data')
  await podThat('web', waitsBecause('persistentvolumeclaim "data" not found'))
  await createVolume('v')
  await createClaim('data')
  await podThat('web', ({ spec }) => spec.nodeName)
})

describe('the built-in provisioner', () => {
  beforeEach(async () => {
    await createClass('local', { provisioner: 'skiff.dev/local', reclaimPolicy: 'Delete', allowVolumeExpansion: true })
  })

  test('gives a claim a directory on the node of its first pod, and says where', async () => {
    await giveRoom('10Gi')
    await createClaim('data', { storageClassName: 'local' })
    await waitFor('it waits for a pod', async () => (await cluster.told('WaitForFirstConsumer')).length > 0)
    await createPod('web', 'data')
    const { spec } = await podThat('web', (pod) => pod.spec.nodeName)
    const claim = await claimThat('data', isBound)
    expect(claim.metadata.annotations).toMatchObject({
      'volume.kubernetes.io/selected-node': spec.nodeName,
      'volume.kubernetes.io/storage-provisioner': 'skiff.dev/local',
    })
    const volume = await volumeThat(claim.spec.volumeName ?? '', isBound)
    const path = `/var/lib/skiff/agent/volumes/pvc-${claim.metadata.uid}`
    expect(volume.spec).toMatchObject({ local: { path }, capacity: { storage: '1Gi' }, persistentVolumeReclaimPolicy: 'Delete' })
    await waitFor('the place is told', async () =>
      (await cluster.told('ProvisioningSucceeded')).some((text) => text.endsWith(`on node ${spec.nodeName} in ${path}`)),
    )
  })

  test('promises no more than fits; what is too large waits, with the reason', async () => {
    await giveRoom('3Gi')
    for (const n of [1, 2, 3, 4]) {
      await createClaim(`data-${n}`, { storageClassName: 'local', resources: { requests: { storage: '2Gi' } } })
      await createPod(`web-${n}`, `data-${n}`)
    }
    const placed = await waitFor('each node has one', async () => {
      const pods = (await cluster.list<Pod>(PODS)).filter(({ spec }) => spec.nodeName)
      return pods.length === 3 && pods
    })
    expect(placed.map(({ spec }) => spec.nodeName).sort()).toEqual(NODE_NAMES)
    const waiting = (await cluster.list<Pod>(PODS)).find(({ spec }) => !spec.nodeName)
    await podThat(waiting?.metadata.name ?? '', waitsBecause('3 node(s) did not have enough free storage'))
  })

  test('a deleted claim’s volume goes when the agent has removed the data; a claim may grow', async () => {
    await giveRoom('10Gi')
    await createClaim('data', { storageClassName: 'local' })
    await createPod('web', 'data')
    const claim = await claimThat('data', isBound)
    const body = { spec: { resources: { requests: { storage: '5Gi' } } } }
    await cluster.client.patch(PERSISTENT_VOLUME_CLAIMS, inDefault('data'), { type: 'merge', body })
    await claimThat('data', ({ status }) => status?.capacity?.storage === '5Gi')

    await remove(PODS, 'web')
    await cluster.gone(PODS, 'web')
    await remove(PERSISTENT_VOLUME_CLAIMS, 'data')
    const name = claim.spec.volumeName ?? ''
    await volumeThat(name, ({ metadata }) => metadata.deletionTimestamp && metadata.finalizers?.join() === 'skiff.dev/local-data')
    await cluster.client.patch(PERSISTENT_VOLUMES, { name }, { type: 'merge', body: { metadata: { finalizers: null } } })
    await cluster.gone(PERSISTENT_VOLUMES, name)
  })

  test('a claim that named no class when there was none gets the default as soon as there is one', async () => {
    await createClaim('early', { storageClassName: undefined })
    await waitFor('it is told', async () => (await cluster.told('FailedBinding')).length > 0)
    const body = { metadata: { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } }
    await cluster.client.patch(STORAGE_CLASSES, { name: 'local' }, { type: 'merge', body })
    await claimThat('early', ({ spec }) => spec.storageClassName === 'local')
  })

  test('a generic ephemeral volume has a claim of its own, which goes with its pod', async () => {
    await giveRoom('10Gi')
    const spec = {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'local',
      resources: { requests: { storage: '1Gi' } },
    }
    await createPod('web', '', { volumes: [{ name: 'scratch', ephemeral: { volumeClaimTemplate: { spec } } }] })
    const { metadata } = await podThat('web', (pod) => pod.spec.nodeName)
    const claim = await claimThat('web-scratch', isBound)
    expect(claim.metadata.ownerReferences).toMatchObject([{ kind: 'Pod', uid: metadata.uid, controller: true }])
    await remove(PODS, 'web')
    await cluster.gone(PERSISTENT_VOLUME_CLAIMS, 'web-scratch')
  })
})
