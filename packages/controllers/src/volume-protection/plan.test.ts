import { PV_PROTECTION, PVC_PROTECTION, VAC_PROTECTION, type Volume } from '@skiff/api'
import { expect, test } from 'vitest'
import { aClaim, anAttributesClass, aPod, aVolume } from '../testing/objects.ts'
import { attributesClassProtection, claimProtection, volumeProtection } from './plan.ts'

const deletionTimestamp = '2026-01-01T00:00:00Z'
const leaving = aClaim('data', { metadata: { deletionTimestamp, finalizers: [PVC_PROTECTION] } })
const volumes: Volume[] = [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }]

test('a claim, a volume and a class get their finalizer when they lack it', () => {
  expect(claimProtection(aClaim('data'), [])).toBe('add')
  expect(volumeProtection(aVolume('v'))).toBe('add')
  expect(attributesClassProtection(anAttributesClass('gold'), [], [])).toBe('add')
})

test('a deleted claim stays as long as a pod that has a node names it, ended or not', () => {
  const status = { phase: 'Succeeded' as const }
  expect(claimProtection(leaving, [aPod('p', { spec: { nodeName: 'n', volumes }, status })])).toBe('keep')
  expect(claimProtection(leaving, [aPod('p', { spec: { volumes } })])).toBe('remove')
  expect(claimProtection(leaving, [])).toBe('remove')
})

test('the claim of a generic ephemeral volume may go when its pod has shut down', () => {
  const ephemeral = aClaim('p-data', { metadata: { deletionTimestamp, finalizers: [PVC_PROTECTION] } })
  const pod = (metadata: object) => aPod('p', { metadata, spec: { nodeName: 'n', volumes: [{ name: 'data', ephemeral: {} }] } })
  expect(claimProtection(ephemeral, [pod({})])).toBe('keep')
  expect(claimProtection(ephemeral, [pod({ deletionTimestamp, deletionGracePeriodSeconds: 0 })])).toBe('remove')
})

test('a deleted volume stays as long as it is bound', () => {
  const metadata = { deletionTimestamp, finalizers: [PV_PROTECTION] }
  expect(volumeProtection(aVolume('v', { metadata, status: { phase: 'Bound' } }))).toBe('keep')
  expect(volumeProtection(aVolume('v', { metadata, status: { phase: 'Released' } }))).toBe('remove')
})

test('a deleted VolumeAttributesClass stays as long as a claim or a volume names it', () => {
  const gold = anAttributesClass('gold', { deletionTimestamp, finalizers: [VAC_PROTECTION] })
  const claims = [
    aClaim('asks', { spec: { volumeAttributesClassName: 'gold' } }),
    aClaim('has', { status: { currentVolumeAttributesClassName: 'gold' } }),
    aClaim('is given', { status: { modifyVolumeStatus: { status: 'InProgress', targetVolumeAttributesClassName: 'gold' } } }),
  ]
  for (const claim of claims) expect(attributesClassProtection(gold, [claim], []), claim.metadata.name).toBe('keep')
  expect(attributesClassProtection(gold, [], [aVolume('v', { spec: { volumeAttributesClassName: 'gold' } })])).toBe('keep')
  const others = { volumeAttributesClassName: 'silver' }
  expect(attributesClassProtection(gold, [aClaim('c', { spec: others })], [aVolume('v', { spec: others })])).toBe('remove')
  expect(attributesClassProtection(gold, [], [])).toBe('remove')
})
