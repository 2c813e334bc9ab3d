import { ownerReferenceTo, type Pod } from '@skiff/api'
import { expect, test } from 'vitest'
import { aClaim, aPod } from '../testing/objects.ts'
import { planEphemeralVolumes } from './plan.ts'

const spec = { accessModes: ['ReadWriteOnce' as const], resources: { requests: { storage: '1Gi' } } }
const template = { metadata: { labels: { app: 'web' } }, spec }
const podWith = (parts: Parameters<typeof aPod>[1] = {}): Pod =>
  aPod('web', { ...parts, spec: { volumes: [{ name: 'scratch', ephemeral: { volumeClaimTemplate: template } }] } })

test('a claim is made from the template, named after pod and volume, and owned by the pod', () => {
  const pod = podWith()
  const { create, problems } = planEphemeralVolumes(pod, () => undefined)
  expect(problems).toEqual([])
  expect(create).toEqual([
    {
      volume: 'scratch',
      claim: {
        metadata: {
          name: 'web-scratch',
          namespace: 'default',
          labels: { app: 'web' },
          ownerReferences: [ownerReferenceTo(pod, { controller: true })],
        },
        spec,
      },
    },
  ])
})

test('a claim that is there already is used if it is the pod’s own, and told of if it isn’t', () => {
  const pod = podWith()
  const own = aClaim('web-scratch', { metadata: { ownerReferences: [ownerReferenceTo(pod, { controller: true })] } })
  expect(planEphemeralVolumes(pod, () => own)).toEqual({ create: [], problems: [] })
  expect(planEphemeralVolumes(pod, () => aClaim('web-scratch'))).toEqual({
    create: [],
    problems: [{ volume: 'scratch', message: 'PVC default/web-scratch was not created for pod default/web (pod is not owner)' }],
  })
})

test('a pod that leaves or has ended gets no claims any more', () => {
  const leaving = podWith({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })
  expect(planEphemeralVolumes(leaving, () => undefined).create).toEqual([])
  expect(planEphemeralVolumes(podWith({ status: { phase: 'Succeeded' } }), () => undefined).create).toEqual([])
})
