import { describe, expect, it } from 'vitest'
import { PERSISTENT_VOLUME_CLAIMS, PODS, quotaNamesOf, quotaUsage, SERVICES, unstatedResources } from '../index.ts'
import type { KindInfo } from '../kinds.ts'
import type { KubeObject, PodSpec } from '../types.ts'

const NOW = new Date('2026-11-21T12:00:00Z')
const usage = (info: KindInfo, object: object) => quotaUsage(info, { metadata: {}, ...object } as KubeObject, NOW)
const container = (resources: object, name = 'c') => ({ name, image: 'x', resources })

describe('what an object uses of a quota', () => {
  it.each([
    [{ ports: [{ port: 1 }] }, '0', '0'],
    [{ type: 'NodePort', ports: [{ port: 1 }, { port: 2 }] }, '2', '0'],
    [{ type: 'LoadBalancer', ports: [{ port: 1 }] }, '1', '1'],
    [{ type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: [{ port: 1 }] }, '0', '1'],
    [{ type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: [{ port: 1, nodePort: 30_000 }] }, '1', '1'],
  ])('of a Service %j', (spec, nodePorts, loadBalancers) => {
    expect(usage(SERVICES, { spec })).toEqual({
      'count/services': '1',
      services: '1',
      'services.nodeports': nodePorts,
      'services.loadbalancers': loadBalancers,
    })
  })

  it('of a pod: the sum of its containers, in the words of the first; of extended resources only requests', () => {
    const first = {
      requests: { cpu: '100m', memory: '100Mi', 'example.com/gpu': '2' },
      limits: { cpu: '1', 'example.com/gpu': '2' },
    }
    const containers = [container(first), container({ requests: { cpu: '200m', memory: '100Mi' } }, 'd')]

    expect(usage(PODS, { spec: { containers } })).toEqual({
      ...{ 'count/pods': '1', pods: '1', cpu: '300m', 'requests.cpu': '300m', 'limits.cpu': '1' },
      ...{ memory: '200Mi', 'requests.memory': '200Mi', 'requests.example.com/gpu': '2' },
    })
  })

  it('of a pod with resources of its own: those, and its containers’ of what it doesn’t say', () => {
    const containers = [container({ requests: { cpu: '100m', memory: '10Mi' } })]
    const resources = { requests: { memory: '64Mi' }, limits: { memory: '128Mi' } }
    expect(usage(PODS, { spec: { containers, resources } })).toMatchObject({
      ...{ 'requests.cpu': '100m', 'requests.memory': '64Mi', 'limits.memory': '128Mi' },
    })
  })

  it.each([
    ['has ended', { status: { phase: 'Failed' } }],
    ['should be gone', { metadata: { deletionTimestamp: '2026-11-21T11:59:00Z', deletionGracePeriodSeconds: 30 } }],
  ])('of a pod that %s: only its place among all', (_name, rest) => {
    const containers = [container({ requests: { cpu: '1' } })]
    expect(usage(PODS, { spec: { containers }, ...rest })).toEqual({ 'count/pods': '1' })
  })

  it('of a claim: in whole bytes, of its class as well, and the larger while it grows', () => {
    const spec = { storageClassName: 'gold', resources: { requests: { storage: '1Gi' } } }
    const status = { allocatedResources: { storage: '2Gi' } }

    expect(usage(PERSISTENT_VOLUME_CLAIMS, { spec, status })).toEqual({
      ...{ 'count/persistentvolumeclaims': '1', persistentvolumeclaims: '1', 'requests.storage': '2Gi' },
      'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
      'gold.storageclass.storage.k8s.io/requests.storage': '2Gi',
    })
  })
})

it('names of a quota belong to the kinds that use them up', () => {
  const names = ['pods', 'count/deployments.apps', 'requests.cpu', 'hugepages-2Mi', 'requests.example.com/gpu', 'services']
  expect(quotaNamesOf(PODS, names)).toEqual(['pods', 'requests.cpu', 'hugepages-2Mi', 'requests.example.com/gpu'])
  expect(quotaNamesOf({ group: 'apps', resource: 'deployments' }, names)).toEqual(['count/deployments.apps'])
})

it('tells which containers don’t state what a quota limits', () => {
  const containers = [container({ requests: { cpu: '1' } }, 'a'), container({}, 'b')]
  const spec = { containers } as unknown as PodSpec
  expect([...unstatedResources(spec, ['requests.cpu', 'limits.memory', 'pods'])]).toEqual([
    ['limits.memory', ['a', 'b']],
    ['requests.cpu', ['b']],
  ])
  const relieved = { ...spec, resources: { requests: { cpu: '1' } } }
  expect([...unstatedResources(relieved, ['requests.cpu', 'limits.memory'])]).toEqual([])
})
