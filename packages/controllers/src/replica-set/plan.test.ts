import type { Pod } from '@skiff/api'
import { describe, expect, test } from 'vitest'
import { aPod, aReplicaSet, aRunningPod, READY } from '../testing/objects.ts'
import { planReplicaSet } from './plan.ts'

const removed = (replicas: number, pods: Pod[], related = pods) =>
  planReplicaSet(aReplicaSet('rs', { spec: { replicas } }), pods, related).remove.map(({ metadata }) => metadata.name)

test('creates what is missing and deletes nothing', () => {
  expect(planReplicaSet(aReplicaSet('rs', { spec: { replicas: 3 } }), [aPod('a')])).toEqual({ create: 2, remove: [] })
})

test('does nothing when there are as many as wanted', () => {
  expect(planReplicaSet(aReplicaSet('rs', { spec: { replicas: 1 } }), [aPod('a')])).toEqual({ create: 0, remove: [] })
})

describe('lets go first of', () => {
  const running = (name: string, parts: Parameters<typeof aPod>[1] = {}) => aRunningPod(name, parts)
  const unready = { phase: 'Running' as const, conditions: [{ type: 'Ready', status: 'False' as const }] }
  const cases: [string, Pod, Pod][] = [
    [
      'a pod without a node',
      aPod('go', { status: { phase: 'Pending' } }),
      aPod('stay', { spec: { nodeName: 'n' }, status: { phase: 'Pending' } }),
    ],
    [
      'a pending pod',
      aPod('go', { spec: { nodeName: 'n' }, status: { phase: 'Pending' } }),
      aPod('stay', { spec: { nodeName: 'n' }, status: unready }),
    ],
    ['a pod that is not ready', running('go', { status: unready }), running('stay')],
    [
      'a pod that costs less to delete',
      running('go', { metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-1' } } }),
      running('stay'),
    ],
    [
      'a pod that became ready later',
      running('go', { status: { conditions: [{ ...READY, lastTransitionTime: '2026-01-01T11:30:00Z' }] } }),
      running('stay'),
    ],
    [
      'a pod that restarted more often',
      running('go', { status: { containerStatuses: [{ name: 'main', image: 'i', imageID: '', ready: true, restartCount: 3 }] } }),
      running('stay'),
    ],
    ['a younger pod', running('go', { metadata: { creationTimestamp: '2026-01-01T01:00:00Z' } }), running('stay')],
  ]
  test.each(cases)('%s', (_, go, stay) => {
    expect(removed(1, [go, stay])).toEqual(['go'])
    expect(removed(1, [stay, go])).toEqual(['go'])
  })

  test('a pod on a node that has more pods of the same Deployment', () => {
    const sibling = aRunningPod('sibling', { spec: { nodeName: 'crowded' } })
    const go = aRunningPod('go', { spec: { nodeName: 'crowded' } })
    const stay = aRunningPod('a-stay', { spec: { nodeName: 'empty' } })
    expect(removed(1, [stay, go], [stay, go, sibling])).toEqual(['go'])
  })
})
