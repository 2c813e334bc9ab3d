import { expect, test } from 'vitest'
import { podsOfService } from '../endpoint-slice/service-pods.ts'
import { aRunningPod, aService } from '../testing/objects.ts'
import { endpointsOf } from './plan.ts'

const labels = { app: 'hello' }

test('tells ready from not ready pods and leaves out those that leave', () => {
  const service = aService('hello')
  const pods = [
    aRunningPod('a', { metadata: { labels } }),
    aRunningPod('b', { metadata: { labels }, status: { podIP: '10.244.0.6', conditions: [] } }),
    aRunningPod('c', { metadata: { labels, deletionTimestamp: '2026-01-01T00:00:00Z' } }),
  ]
  const target = (name: string) => ({
    nodeName: 'node-1',
    targetRef: { kind: 'Pod', namespace: 'default', name, uid: `uid-${name}` },
  })
  expect(endpointsOf(service, podsOfService(service, pods))).toMatchObject({
    metadata: { name: 'hello', namespace: 'default', labels: { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' } },
    subsets: [
      {
        addresses: [{ ip: '10.244.0.5', ...target('a') }],
        notReadyAddresses: [{ ip: '10.244.0.6', ...target('b') }],
        ports: [{ port: 8080, protocol: 'TCP' }],
      },
    ],
  })
})

test('has no subsets when there are no pods', () => {
  expect(endpointsOf(aService('hello'), [])).not.toHaveProperty('subsets')
})
