import { LOCAL_PROVISIONER, PROVISIONED_BY, SELECTED_NODE, VOLUMES_CAPACITY, VOLUMES_DIRECTORY } from '@skiff/api'
import { expect, test } from 'vitest'
import { aClaim, aNode, aStorageClass, aVolume } from '../testing/objects.ts'
import { planExpansion, planProvisioning } from './plan.ts'

const storageClass = aStorageClass('local', { provisioner: LOCAL_PROVISIONER, volumeBindingMode: 'WaitForFirstConsumer' })
const node = aNode('n1', {
  metadata: { annotations: { [VOLUMES_DIRECTORY]: '/var/lib/skiff/agent/volumes', [VOLUMES_CAPACITY]: '10Gi' } },
})
const selected = { annotations: { [SELECTED_NODE]: 'n1' } }
const asksFor = (storage: string) => ({ resources: { requests: { storage } } })
const holds = (storage: string) => aVolume('other', { spec: { capacity: { storage } } })

function refusal(view: Partial<Parameters<typeof planProvisioning>[0]>) {
  return planProvisioning({ claim: aClaim('data', { metadata: selected }), storageClass, node, volumesThere: [], ...view })
}

test('a claim whose node is chosen gets a directory there, which only that node can use', () => {
  const claim = aClaim('data', { metadata: selected, spec: asksFor('2Gi') })
  expect(planProvisioning({ claim, storageClass, node, volumesThere: [] })).toMatchObject({
    type: 'create',
    path: '/var/lib/skiff/agent/volumes/pvc-uid-data',
    volume: {
      metadata: { name: 'pvc-uid-data', labels: { 'skiff.dev/volume-node': 'n1' } },
      spec: {
        capacity: { storage: '2Gi' },
        persistentVolumeReclaimPolicy: 'Delete',
        local: { path: '/var/lib/skiff/agent/volumes/pvc-uid-data' },
        claimRef: { namespace: 'default', name: 'data', uid: 'uid-data' },
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ values: ['n1'] }] }] } },
      },
    },
  })
})

test('nothing is made before the node is chosen, for claims that have a volume, or for other provisioners', () => {
  expect(refusal({ claim: aClaim('data') })).toEqual({ type: 'nothing' })
  expect(refusal({ claim: aClaim('data', { metadata: selected, spec: { volumeName: 'v' } }) })).toEqual({ type: 'nothing' })
  expect(refusal({ storageClass: aStorageClass('fast') })).toEqual({ type: 'nothing' })
})

test('more than what is left on the node is refused, with what is left, and another node may be chosen', () => {
  const claim = aClaim('data', { metadata: selected, spec: asksFor('5Gi') })
  expect(refusal({ claim, volumesThere: [holds('7Gi')] })).toEqual({
    type: 'refuse',
    chooseAgain: true,
    message: 'node n1 has 3Gi left for volumes, which is less than 5Gi: ask for less, delete claims there, or add a node',
  })
  expect(refusal({ claim, volumesThere: [holds('5Gi')] })).toMatchObject({ type: 'create' })
})

test('what a directory can’t be is refused in one sentence', () => {
  const immediate = aStorageClass('now', { provisioner: LOCAL_PROVISIONER })
  expect(refusal({ storageClass: immediate })).toMatchObject({ message: expect.stringContaining('WaitForFirstConsumer') })
  const block = aClaim('data', { metadata: selected, spec: { volumeMode: 'Block' } })
  expect(refusal({ claim: block })).toMatchObject({ message: expect.stringContaining('no block devices') })
  expect(refusal({ node: undefined })).toMatchObject({ message: 'node n1 does not exist any more', chooseAgain: true })
})

test('a claim that asks for more than its volume holds grows, as far as there is room', () => {
  const ours = { annotations: { [PROVISIONED_BY]: LOCAL_PROVISIONER } }
  const volume = aVolume('v', { metadata: ours, spec: { capacity: { storage: '2Gi' } } })
  const bound = (storage: string) =>
    aClaim('data', { spec: asksFor(storage), status: { phase: 'Bound', capacity: { storage: '2Gi' } } })
  const view = { volume, node, volumesThere: [volume] }
  expect(planExpansion({ ...view, claim: bound('2Gi') })).toEqual({ type: 'nothing' })
  expect(planExpansion({ ...view, claim: bound('10Gi') })).toEqual({ type: 'grow', to: '10Gi' })
  expect(planExpansion({ ...view, claim: bound('11Gi') })).toMatchObject({ type: 'refuse' })
  expect(planExpansion({ ...view, volume: aVolume('v'), claim: bound('3Gi') })).toEqual({ type: 'nothing' })
})
