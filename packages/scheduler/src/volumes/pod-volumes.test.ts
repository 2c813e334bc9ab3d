import {
  BIND_COMPLETED,
  LOCAL_PROVISIONER,
  type PersistentVolume,
  type PersistentVolumeClaim,
  SELECTED_NODE,
  type StorageClass,
  VOLUMES_DIRECTORY,
} from '@skiff/api'
import { expect, test } from 'vitest'
import { aNode, aPod } from '../testing/objects.ts'
import { chooseVolumes, podVolumes, type VolumeCatalog } from './pod-volumes.ts'

const META = { namespace: 'default', resourceVersion: '1', creationTimestamp: '' }
const GIB = 1024n ** 3n

function aClaim(
  name: string,
  storage: string,
  parts: { annotations?: Record<string, string>; spec?: object; status?: object } = {},
) {
  const spec = { accessModes: ['ReadWriteOnce'], storageClassName: 'disks', resources: { requests: { storage } }, ...parts.spec }
  const metadata = { ...META, name, uid: `uid-${name}`, annotations: parts.annotations ?? {} }
  return { metadata, spec, status: parts.status ?? { phase: 'Pending' } } as unknown as PersistentVolumeClaim
}

function aVolume(name: string, storage: string, node: string): PersistentVolume {
  const row = { key: 'kubernetes.io/hostname', operator: 'In', values: [node] }
  const spec = {
    capacity: { storage },
    accessModes: ['ReadWriteOnce'],
    storageClassName: 'disks',
    nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [row] }] } },
  }
  return { metadata: { ...META, name, uid: name }, spec, status: { phase: 'Available' } } as unknown as PersistentVolume
}

const disks = {
  metadata: { name: 'disks' },
  provisioner: 'kubernetes.io/no-provisioner',
  volumeBindingMode: 'WaitForFirstConsumer',
}
const local = { ...disks, provisioner: LOCAL_PROVISIONER }

function catalog(parts: {
  claims?: readonly PersistentVolumeClaim[]
  volumes?: readonly PersistentVolume[]
  storageClass?: object
  free?: bigint
}): VolumeCatalog {
  const { claims = [], volumes = [], storageClass = disks, free = 0n } = parts
  return {
    claim: (key) => claims.find(({ metadata }) => `default/${metadata.name}` === key),
    volume: (name) => volumes.find(({ metadata }) => metadata.name === name),
    storageClass: () => storageClass as StorageClass,
    freeVolumes: () => volumes,
    bytesFree: () => free,
    isInUse: () => false,
  }
}

function podWith(...claims: string[]) {
  return aPod('web', { volumes: claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })) })
}

function choicesOn(node: ReturnType<typeof aNode>, seen: VolumeCatalog, ...claims: string[]) {
  const volumes = podVolumes(podWith(...claims), seen)
  if (volumes === undefined || volumes.problem) throw new Error(volumes?.problem?.reason)
  const choices = chooseVolumes(volumes, node)
  return typeof choices === 'string' ? choices : choices.map(({ claim, volume }) => [claim.metadata.name, volume?.metadata.name])
}

const roomy = (name: string) => {
  const node = aNode(name)
  return { ...node, metadata: { ...node.metadata, annotations: { [VOLUMES_DIRECTORY]: '/volumes' } } }
}

test('a pod without claims asks nothing of its node', () => {
  expect(podVolumes(aPod('web'), catalog({}))).toBeUndefined()
})

test('two claims of one pod get two volumes, the small one not the one that the large one needs', () => {
  const claims = [aClaim('large', '5Gi'), aClaim('small', '1Gi')]
  const volumes = [aVolume('v5', '5Gi', 'n1'), aVolume('v2', '2Gi', 'n1'), aVolume('v9', '9Gi', 'n2')]
  expect(choicesOn(aNode('n1'), catalog({ claims, volumes }), 'large', 'small')).toEqual([
    ['small', 'v2'],
    ['large', 'v5'],
  ])
  expect(choicesOn(aNode('n2'), catalog({ claims, volumes }), 'large', 'small')).toBe(
    "node(s) didn't find available persistent volumes to bind",
  )
})

test('what is to be made must fit, all of a pod’s claims together, and only where there is a place for it', () => {
  const claims = [aClaim('a', '2Gi'), aClaim('b', '2Gi')]
  const seen = (free: bigint) => catalog({ claims, storageClass: local, free })
  expect(choicesOn(roomy('n1'), seen(4n * GIB), 'a', 'b')).toEqual([
    ['a', undefined],
    ['b', undefined],
  ])
  expect(choicesOn(roomy('n1'), seen(3n * GIB), 'a', 'b')).toBe('node(s) did not have enough free storage')
  expect(choicesOn(aNode('n1'), seen(4n * GIB), 'a')).toBe("node(s) didn't find available persistent volumes to bind")
})

test('a claim whose node was chosen before stays with it', () => {
  const claims = [aClaim('a', '2Gi', { annotations: { [SELECTED_NODE]: 'n1' } })]
  const seen = catalog({ claims, storageClass: local, free: 0n })
  expect(choicesOn(roomy('n1'), seen, 'a')).toEqual([['a', undefined]])
  expect(choicesOn(roomy('n2'), seen, 'a')).toBe("node(s) didn't find available persistent volumes to bind")
})

test('a bound volume keeps its pod on the nodes that it reaches', () => {
  const bound = { annotations: { [BIND_COMPLETED]: 'yes' }, spec: { volumeName: 'v' }, status: { phase: 'Bound' } }
  const seen = catalog({ claims: [aClaim('a', '1Gi', bound)], volumes: [aVolume('v', '1Gi', 'n1')] })
  expect(choicesOn(aNode('n1'), seen, 'a')).toEqual([])
  expect(choicesOn(aNode('n2'), seen, 'a')).toBe('node(s) had volume node affinity conflict')
})
