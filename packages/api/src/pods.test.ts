import { describe, expect, it } from 'vitest'
import {
  type Container,
  type PodSpec,
  podIsActive,
  podIsAvailable,
  podIsReady,
  podLimits,
  podQosClass,
  podRequests,
  resourceTotals,
  restartsOnExit,
  sumOfContainers,
} from './index.ts'

function container(name: string, requests?: Record<string, string>, limits?: Record<string, string>) {
  return { name, image: 'x', resources: { ...(requests ? { requests } : {}), ...(limits ? { limits } : {}) } }
}

describe('podRequests', () => {
  it('adds up the containers', () => {
    const spec: PodSpec = {
      containers: [container('a', { cpu: '100m', memory: '1Mi' }), container('b', { cpu: '1', 'nvidia.com/gpu': '1' })],
    }
    expect(podRequests(spec)).toEqual({
      cpuMilli: 1100,
      memoryBytes: 1048576,
      ephemeralStorageBytes: 0,
      others: { 'nvidia.com/gpu': 1 },
    })
  })

  it('takes the largest init container where that is more', () => {
    const spec: PodSpec = {
      initContainers: [container('i', { cpu: '2', memory: '1' }), container('j', { cpu: '1' })],
      containers: [container('a', { cpu: '500m', memory: '5' })],
    }
    expect(podRequests(spec)).toMatchObject({ cpuMilli: 2000, memoryBytes: 5 })
  })

  it('counts sidecars beside the containers and beside later init containers', () => {
    const sidecar = { ...container('s', { cpu: '300m' }), restartPolicy: 'Always' }
    const later: PodSpec = {
      initContainers: [sidecar, container('i', { cpu: '1' })],
      containers: [container('a', { cpu: '100m' })],
    }
    expect(podRequests(later).cpuMilli).toBe(1300)
    const earlier: PodSpec = {
      initContainers: [container('i', { cpu: '1' }), sidecar],
      containers: [container('a', { cpu: '100m' })],
    }
    expect(podRequests(earlier).cpuMilli).toBe(1000)
  })

  it('adds the overhead, to limits only where there is one', () => {
    const spec: PodSpec = { containers: [container('a', { cpu: '1' }, { memory: '10' })], overhead: { cpu: '250m', memory: '5' } }
    expect(podRequests(spec)).toMatchObject({ cpuMilli: 1250, memoryBytes: 5 })
    expect(podLimits(spec)).toMatchObject({ cpuMilli: 0, memoryBytes: 15 })
  })

  it('prefers resources of the pod itself', () => {
    const spec: PodSpec = { containers: [container('a', { cpu: '1', memory: '7' })], resources: { requests: { cpu: '3' } } }
    expect(podRequests(spec)).toMatchObject({ cpuMilli: 3000, memoryBytes: 7 })
    expect(sumOfContainers(spec, 'requests')).toMatchObject({ cpuMilli: 1000, memoryBytes: 7 })
  })
})

it('reads a list of resources', () => {
  expect(resourceTotals({ cpu: '4', memory: '1Gi', pods: '110' })).toEqual({
    cpuMilli: 4000,
    memoryBytes: 2 ** 30,
    ephemeralStorageBytes: 0,
    others: { pods: 110 },
  })
})

describe('podQosClass', () => {
  it.each([
    ['BestEffort', [container('a')]],
    ['BestEffort', [container('a', { cpu: '0' })]],
    ['Burstable', [container('a', { cpu: '1' })]],
    ['Burstable', [container('a', { cpu: '1', memory: '1' }, { cpu: '2', memory: '1' })]],
    ['Burstable', [container('a', undefined, { cpu: '1', memory: '1' }), container('b')]],
    ['Guaranteed', [container('a', { cpu: '1000m', memory: '1Ki' }, { cpu: '1', memory: '1024' })]],
    ['Guaranteed', [container('a', undefined, { cpu: '1', memory: '1' })]],
  ])('is %s (%#)', (expected, containers) => {
    expect(podQosClass({ containers })).toBe(expected)
  })
})

it('takes a pod’s own resources for its class, where it has any', () => {
  const classWith = (resources: object) => podQosClass({ containers: [container('a', { cpu: '1' })], resources })
  const limits = { cpu: '1', memory: '1' }
  expect([{ limits }, { requests: { memory: '1' }, limits }, { limits: { cpu: '1' } }, {}].map(classWith)).toEqual([
    'Guaranteed',
    'Guaranteed',
    'Burstable',
    'Burstable',
  ])
  expect(podQosClass({ containers: [container('a', limits, limits)], resources: {} })).toBe('Guaranteed')
})

describe('readiness', () => {
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }
  const pod = { status: { conditions: [ready] } }

  it('is the Ready condition', () => {
    expect(podIsReady(pod)).toBe(true)
    expect(podIsReady({})).toBe(false)
  })

  it('becomes availability after minReadySeconds', () => {
    expect(podIsAvailable(pod, 0, new Date('2026-01-01T00:00:00Z'))).toBe(true)
    expect(podIsAvailable(pod, 10, new Date('2026-01-01T00:00:09Z'))).toBe(false)
    expect(podIsAvailable(pod, 10, new Date('2026-01-01T00:00:10Z'))).toBe(true)
  })

  it('counts neither ended nor leaving pods as active', () => {
    expect(podIsActive({ status: { phase: 'Running' } })).toBe(true)
    expect(podIsActive({ status: { phase: 'Succeeded' } })).toBe(false)
    expect(podIsActive({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })).toBe(false)
  })
})

describe('restartsOnExit', () => {
  const rule = (operator: string, ...values: number[]) => ({ action: 'Restart', exitCodes: { operator, values } })
  const never = { restartPolicy: 'Never' }

  it.each<[string | undefined, object, [boolean, boolean]]>([
    ['Always', {}, [true, true]],
    ['OnFailure', {}, [false, true]],
    ['Never', {}, [false, false]],
    ['Never', { restartPolicy: 'Always' }, [true, true]],
    ['Always', { restartPolicy: 'OnFailure' }, [false, true]],
    ['Always', never, [false, false]],
    ['Always', { ...never, restartPolicyRules: [rule('In', 0)] }, [true, false]],
    ['Always', { ...never, restartPolicyRules: [rule('In', 9), rule('NotIn', 0, 2)] }, [false, true]],
  ])('in a pod of policy %s a container with %o, after 0 and after 1: %o', (restartPolicy, own, expected) => {
    const container: Container = { name: 'c', image: 'x', ...own }
    const spec = { containers: [container], restartPolicy } as PodSpec
    expect([0, 1].map((code) => restartsOnExit(container, spec, code))).toEqual(expected)
  })

  it('lets an init container run once, and a sidecar always', () => {
    const after0 = (restartPolicy: object) => {
      const init = { name: 'i', image: 'x', ...restartPolicy }
      return restartsOnExit(init, { containers: [], initContainers: [init], restartPolicy: 'Always' }, 0)
    }
    expect([after0({}), after0({ restartPolicy: 'Always' })]).toEqual([false, true])
  })
})
