import { BIND_COMPLETED, BOUND_BY_CONTROLLER, LOCAL_PROVISIONER, PROVISIONED_BY, SELECTED_NODE } from '@skiff/api'
import { describe, expect, test } from 'vitest'
import { aClaim, aPod, aStorageClass, aVolume } from '../testing/objects.ts'
import { type ClaimView, planClaim } from './plan-claim.ts'
import { planVolume } from './plan-volume.ts'

const refTo = (name: string, uid?: string) => ({ namespace: 'default', name, ...(uid ? { uid } : {}) })

function stepOf(claim: ClaimView['claim'], view: Partial<ClaimView> = {}) {
  return planClaim({ claim, volumes: [], storageClass: undefined, defaultClass: undefined, waitingPods: [], ...view })
}

describe('a claim', () => {
  test('without a class takes the smallest volume that suits it, or says that there is none', () => {
    const large = aVolume('large', { spec: { capacity: { storage: '5Gi' } } })
    const small = aVolume('small')
    expect(stepOf(aClaim('data'), { volumes: [large, small] })).toEqual({ type: 'bind', volume: small })
    expect(stepOf(aClaim('data'))).toMatchObject({
      type: 'wait',
      say: {
        type: 'Normal',
        reason: 'FailedBinding',
        message: 'no persistent volumes available for this claim and no storage class is set',
      },
    })
  })

  test('prefers the volume that was reserved for it', () => {
    const reserved = aVolume('reserved', { spec: { capacity: { storage: '9Gi' }, claimRef: refTo('data') } })
    expect(stepOf(aClaim('data'), { volumes: [aVolume('small'), reserved] })).toEqual({ type: 'bind', volume: reserved })
  })

  test('that names a volume gets that one or none, and is told why', () => {
    const claim = aClaim('data', { spec: { volumeName: 'mine' } })
    const mine = aVolume('mine')
    expect(stepOf(claim, { volumes: [aVolume('other'), mine] })).toEqual({ type: 'bind', volume: mine })
    const small = aVolume('mine', { spec: { capacity: { storage: '1Mi' } } })
    expect(stepOf(claim, { volumes: [small] })).toMatchObject({
      say: { reason: 'VolumeMismatch', message: 'Cannot bind to requested volume "mine": requested PV is too small' },
    })
    const taken = aVolume('mine', { spec: { claimRef: refTo('other', 'uid-other') } })
    expect(stepOf(claim, { volumes: [taken] })).toMatchObject({
      say: { reason: 'FailedBinding', message: 'volume "mine" already bound to a different claim.' },
    })
  })

  test('of a class that waits for the first consumer waits for it, then for its node, then for its provisioner', () => {
    const storageClass = aStorageClass('local', { provisioner: LOCAL_PROVISIONER, volumeBindingMode: 'WaitForFirstConsumer' })
    const spec = { storageClassName: 'local' }
    const volumes = [aVolume('free', { spec })]
    expect(stepOf(aClaim('data', { spec }), { storageClass, volumes })).toMatchObject({
      say: { reason: 'WaitForFirstConsumer', message: 'waiting for first consumer to be created before binding' },
    })
    expect(stepOf(aClaim('data', { spec }), { storageClass, waitingPods: [aPod('p')] })).toMatchObject({
      say: { reason: 'WaitForPodScheduled', message: 'waiting for pod p to be scheduled' },
    })
    const chosen = aClaim('data', { spec, metadata: { annotations: { [SELECTED_NODE]: 'n1' } } })
    expect(stepOf(chosen, { storageClass })).toEqual({ type: 'wait', provisioner: LOCAL_PROVISIONER })
  })

  test('of a class without a volume asks the class’s provisioner, or says that there is none', () => {
    const claim = aClaim('data', { spec: { storageClassName: 'fast' } })
    expect(stepOf(claim, { storageClass: aStorageClass('fast') })).toMatchObject({
      provisioner: 'example.com/disks',
      say: { reason: 'ExternalProvisioning' },
    })
    expect(stepOf(claim)).toMatchObject({ say: { message: 'storageclass.storage.k8s.io "fast" not found' } })
    const byHand = aStorageClass('fast', { provisioner: 'kubernetes.io/no-provisioner' })
    expect(stepOf(claim, { storageClass: byHand })).toMatchObject({
      say: { message: expect.stringContaining('create a PersistentVolume of the class "fast"') },
    })
  })

  test('that named no class before there was a default gets the default now; one that wants none doesn’t', () => {
    const { storageClassName: _, ...spec } = aClaim('data').spec
    const unnamed = { ...aClaim('data'), spec }
    const defaultClass = aStorageClass('local')
    expect(stepOf(unnamed, { defaultClass })).toEqual({ type: 'assign-class', name: 'local' })
    expect(stepOf(unnamed, { defaultClass, volumes: [aVolume('free')] })).toMatchObject({ type: 'bind' })
    expect(stepOf(aClaim('data'), { defaultClass })).toMatchObject({ type: 'wait', say: { reason: 'FailedBinding' } })
  })

  test('that was bound is Lost when its volume is gone or is somebody else’s, and never gets another', () => {
    const metadata = { annotations: { [BIND_COMPLETED]: 'yes' } }
    const bound = aClaim('data', { metadata, spec: { volumeName: 'mine' } })
    expect(stepOf(bound, { volumes: [aVolume('free')] })).toMatchObject({ type: 'lose', say: { reason: 'ClaimLost' } })
    const stolen = aVolume('mine', { spec: { claimRef: refTo('other', 'uid-other') } })
    expect(stepOf(bound, { volumes: [stolen] })).toMatchObject({ type: 'lose', say: { reason: 'ClaimMisbound' } })
    const kept = aVolume('mine', { spec: { claimRef: refTo('data', 'uid-data') } })
    expect(stepOf(bound, { volumes: [kept] })).toEqual({ type: 'bind', volume: kept })
  })

  test('that is being deleted is not bound any more', () => {
    const leaving = aClaim('data', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })
    expect(stepOf(leaving, { volumes: [aVolume('free')] })).toEqual({ type: 'wait' })
  })
})

describe('a volume', () => {
  const bound = (spec: object = {}, phase: 'Bound' | 'Released' | 'Failed' = 'Bound') =>
    aVolume('v', { spec: { claimRef: refTo('data', 'uid-data'), ...spec }, status: { phase } })
  const ours = { annotations: { [PROVISIONED_BY]: LOCAL_PROVISIONER } }

  test('is Available until a claim’s uid stands in it, and Bound when the claim names it', () => {
    expect(planVolume(aVolume('v'), undefined)).toEqual({ type: 'set-phase', phase: 'Available' })
    expect(planVolume(aVolume('v', { spec: { claimRef: refTo('data') } }), undefined)).toMatchObject({ phase: 'Available' })
    expect(planVolume(bound(), aClaim('data', { spec: { volumeName: 'v' } }))).toEqual({ type: 'set-phase', phase: 'Bound' })
    expect(planVolume(bound(), aClaim('data'))).toEqual({ type: 'keep' })
  })

  test('is Released when its claim is gone; what Retain says stays so', () => {
    expect(planVolume(bound(), undefined)).toEqual({ type: 'set-phase', phase: 'Released' })
    expect(planVolume(bound({}, 'Released'), undefined)).toEqual({ type: 'keep' })
  })

  test('of ours is deleted when its policy says so; one that was made by hand fails, and says what to do', () => {
    const spec = { claimRef: refTo('data', 'uid-data'), persistentVolumeReclaimPolicy: 'Delete' as const }
    const status = { phase: 'Released' as const }
    expect(planVolume(aVolume('v', { metadata: ours, spec, status }), undefined)).toEqual({ type: 'delete' })
    expect(planVolume(aVolume('v', { spec, status }), undefined)).toMatchObject({
      type: 'fail',
      say: { reason: 'VolumeFailedDelete', message: expect.stringContaining('kubectl delete pv v') },
    })
    const foreign = { annotations: { [PROVISIONED_BY]: 'example.com/disks' } }
    expect(planVolume(aVolume('v', { metadata: foreign, spec, status }), undefined)).toEqual({ type: 'keep' })
    expect(planVolume(bound({ persistentVolumeReclaimPolicy: 'Recycle' }, 'Released'), undefined)).toMatchObject({
      say: { reason: 'VolumeFailedRecycle' },
    })
    expect(planVolume(bound({ persistentVolumeReclaimPolicy: 'Recycle' }, 'Failed'), undefined)).toEqual({ type: 'keep' })
  })

  test('is free again when its claim took another one; a reservation by hand keeps the name', () => {
    const elsewhere = aClaim('data', { spec: { volumeName: 'w' } })
    expect(planVolume(bound(), elsewhere)).toEqual({ type: 'unbind', keepName: true })
    const metadata = { annotations: { [BOUND_BY_CONTROLLER]: 'yes' } }
    const volume = aVolume('v', { metadata, spec: { claimRef: refTo('data', 'uid-data') } })
    expect(planVolume(volume, elsewhere)).toEqual({ type: 'unbind', keepName: false })
  })
})
