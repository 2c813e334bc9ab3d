import { expect, test } from 'vitest'
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from './types.ts'
import { podClaims, reservedVolume, smallestVolume, volumeMismatch } from './volumes.ts'

const META = { uid: 'u', resourceVersion: '1', creationTimestamp: '' }

function aVolume(name: string, spec: PersistentVolume['spec'], labels: Record<string, string> = {}): PersistentVolume {
  const metadata = { ...META, name, labels }
  const defaults = { capacity: { storage: '10Gi' }, accessModes: ['ReadWriteOnce' as const], storageClassName: 'slow' }
  return { apiVersion: 'v1', kind: 'PersistentVolume', metadata, spec: { ...defaults, ...spec }, status: { phase: 'Available' } }
}

function aClaim(spec: PersistentVolumeClaim['spec'] = {}): PersistentVolumeClaim {
  const metadata = { ...META, name: 'data', namespace: 'shop', uid: 'claim-uid' }
  const resources = { requests: { storage: '5Gi' } }
  const defaults = { resources, accessModes: ['ReadWriteOnce' as const], storageClassName: 'slow' }
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec: { ...defaults, ...spec } }
}

const size = (storage: string) => ({ capacity: { storage } })

test('a claim gets the smallest volume that is large enough, of its class, modes and labels', () => {
  const volumes = [
    aVolume('tiny', size('1Gi')),
    aVolume('large', size('50Gi')),
    aVolume('right', size('6Gi')),
    aVolume('fast', { ...size('5Gi'), storageClassName: 'fast' }),
    aVolume('block', { ...size('5Gi'), volumeMode: 'Block' }),
    aVolume('shared', { ...size('5Gi'), accessModes: ['ReadWriteMany'] }),
    aVolume('taken', { ...size('5Gi'), claimRef: { namespace: 'shop', name: 'other' } }),
  ]
  expect(smallestVolume(aClaim(), volumes)?.metadata.name).toBe('right')
  const selector = { matchLabels: { tier: 'gold' } }
  expect(smallestVolume(aClaim({ selector }), volumes)).toBeUndefined()
  expect(smallestVolume(aClaim({ selector }), [...volumes, aVolume('gold', {}, { tier: 'gold' })])?.metadata.name).toBe('gold')
})

test('with a node, only volumes that it reaches count', () => {
  const on = (name: string) => ({
    required: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In' as const, values: [name] }] }],
    },
  })
  const node = (name: string) =>
    ({ metadata: { ...META, name, labels: { 'kubernetes.io/hostname': name } }, spec: {} }) as unknown as Node
  const volumes = [aVolume('a', { nodeAffinity: on('n1') }), aVolume('b', { nodeAffinity: on('n2') })]
  expect(smallestVolume(aClaim(), volumes, node('n2'))?.metadata.name).toBe('b')
  expect(smallestVolume(aClaim(), volumes, node('n3'))).toBeUndefined()
})

test('a volume that names the claim is reserved for it, until it names another uid', () => {
  const reserved = (uid?: string) => aVolume('mine', { claimRef: { namespace: 'shop', name: 'data', ...(uid ? { uid } : {}) } })
  expect(reservedVolume(aClaim(), [aVolume('free', {}), reserved()])?.metadata.name).toBe('mine')
  expect(reservedVolume(aClaim(), [reserved('claim-uid')])?.metadata.name).toBe('mine')
  expect(reservedVolume(aClaim(), [reserved('older-claim-of-that-name')])).toBeUndefined()
})

test('says why a volume that was asked for by name won’t do', () => {
  const claim = aClaim()
  expect(volumeMismatch(aVolume('v', {}), claim)).toBeUndefined()
  expect(volumeMismatch(aVolume('v', size('1Gi')), claim)).toBe('requested PV is too small')
  expect(volumeMismatch(aVolume('v', { storageClassName: '' }), claim)).toBe('storageClassName does not match')
  expect(volumeMismatch(aVolume('v', { volumeMode: 'Block' }), claim)).toBe('incompatible volumeMode')
  expect(volumeMismatch(aVolume('v', { accessModes: ['ReadOnlyMany'] }), claim)).toBe('incompatible accessMode')
})

test('a pod’s claims are those that it names and those that are made for it', () => {
  const volumes = [
    { name: 'a', persistentVolumeClaim: { claimName: 'data' } },
    { name: 'scratch', ephemeral: {} },
    { name: 'c', emptyDir: {} },
  ]
  const pod = { metadata: { ...META, name: 'web' }, spec: { containers: [], volumes } } as unknown as Pod
  expect(podClaims(pod).map(({ claimName }) => claimName)).toEqual(['data', 'web-scratch'])
})
