import type { HorizontalPodAutoscaler, Pod } from '@skiff/api'
import { describe, expect, it } from 'vitest'
import { aPod, metaOf, NOW } from '../testing/objects.ts'
import type { PodMetrics } from './measured-pods.ts'
import { type Observed, planAutoscaler, readSelector } from './plan.ts'

const LONG_AGO = '2026-01-01T00:00:00Z'
const cpuAt = (averageUtilization: number) => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
})

function anAutoscaler(
  spec: Partial<HorizontalPodAutoscaler['spec']> = {},
  status?: HorizontalPodAutoscaler['status'],
): HorizontalPodAutoscaler {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: metaOf('web', { namespace: 'default' }),
    spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, minReplicas: 1, maxReplicas: 10, metrics: [cpuAt(50)], ...spec },
    ...(status === undefined ? {} : { status }),
  }
}

const podOf = (name: string): Pod =>
  aPod(name, {
    spec: { containers: [{ name: 'main', image: 'a', resources: { requests: { cpu: '100m' } } }] },
    status: {
      phase: 'Running',
      startTime: LONG_AGO,
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: LONG_AGO }],
    } as Pod['status'],
  })

const metricsOf = (name: string, cpu: string): PodMetrics => ({
  metadata: { name },
  timestamp: NOW.toISOString(),
  window: '10s',
  containers: [{ name: 'main', usage: { cpu } }],
})

/** Two pods that use so much each. */
function observe(cpu: string, more: Partial<Observed> = {}): Observed {
  return {
    autoscaler: anAutoscaler(),
    current: 2,
    selector: readSelector('app=web'),
    pods: [podOf('a'), podOf('b')],
    answer: { metrics: [metricsOf('a', cpu), metricsOf('b', cpu)] },
    rivals: [],
    history: { recommendations: [], changes: [] },
    now: NOW,
    ...more,
  }
}

const conditionsOf = (plan: ReturnType<typeof planAutoscaler>) =>
  Object.fromEntries((plan.status.conditions ?? []).map(({ type, status, reason }) => [type, `${status} ${reason}`]))

describe('an autoscaler', () => {
  it('asks for more pods when those that there are do too much', () => {
    const plan = planAutoscaler(observe('100m'))
    expect(plan.scale).toEqual({ replicas: 4, reason: 'cpu resource utilization (percentage of request) above target' })
    expect(plan.status).toMatchObject({
      currentReplicas: 2,
      desiredReplicas: 4,
      currentMetrics: [
        { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 100, averageValue: '100m' } } },
      ],
    })
    expect(conditionsOf(plan)).toEqual({
      AbleToScale: 'True ReadyForNewScale',
      ScalingActive: 'True ValidMetricFound',
      ScalingLimited: 'False DesiredWithinRange',
    })
  })

  it('leaves them alone while they do about what they should', () => {
    const plan = planAutoscaler(observe('52m'))
    expect(plan.scale).toBeUndefined()
    expect(plan.status.desiredReplicas).toBe(2)
  })

  it('takes none away before its time, and then does', () => {
    const first = planAutoscaler(observe('10m'))
    expect(first.scale).toBeUndefined()
    expect(conditionsOf(first).AbleToScale).toBe('True ScaleDownStabilized')
    const later = { now: new Date(NOW.getTime() + 301_000), history: first.history }
    const metrics = ['a', 'b'].map((name) => metricsOf(name, '10m'))
    expect(planAutoscaler(observe('10m', { ...later, answer: { metrics } })).scale).toEqual({
      replicas: 1,
      reason: 'All metrics below target',
    })
  })

  it('goes no further than its bounds', () => {
    const plan = planAutoscaler(observe('900m', { autoscaler: anAutoscaler({ maxReplicas: 3 }) }))
    expect(plan.scale?.replicas).toBe(3)
    expect(conditionsOf(plan).ScalingLimited).toBe('True TooManyReplicas')
  })

  it.each([
    ['above', anAutoscaler({ maxReplicas: 1 }), { replicas: 1, reason: 'Current number of replicas above Spec.MaxReplicas' }],
    ['below', anAutoscaler({ minReplicas: 5 }), { replicas: 5, reason: 'Current number of replicas below Spec.MinReplicas' }],
  ])('brings what is %s its bounds back, whatever is measured', (_, autoscaler, scale) => {
    expect(planAutoscaler(observe('50m', { autoscaler, answer: { problem: 'nobody answers' } })).scale).toEqual(scale)
  })

  it('leaves alone what somebody has scaled to nothing', () => {
    const plan = planAutoscaler(observe('50m', { current: 0, pods: [] }))
    expect(plan.scale).toBeUndefined()
    expect(conditionsOf(plan).ScalingActive).toBe('False ScalingDisabled')
  })

  it('does what the metric says that wants most', () => {
    const memory = { type: 'Resource', resource: { name: 'cpu', target: { type: 'AverageValue', averageValue: '25m' } } }
    const plan = planAutoscaler(observe('50m', { autoscaler: anAutoscaler({ metrics: [cpuAt(50), memory] }) }))
    expect(plan.scale).toEqual({ replicas: 4, reason: 'cpu resource above target' })
  })
})

describe('an autoscaler that is told nothing', () => {
  const problem = 'unable to fetch metrics from resource metrics API: no answer'

  it('changes nothing and says why', () => {
    const before = { currentReplicas: 2, desiredReplicas: 2 }
    const plan = planAutoscaler(observe('', { answer: { problem }, autoscaler: anAutoscaler({}, before) }))
    const told = `failed to get cpu utilization: unable to get metrics for resource cpu: ${problem}`
    expect(plan.scale).toBeUndefined()
    expect(plan.status).toMatchObject({ currentReplicas: 2, desiredReplicas: 2 })
    expect(plan.status.conditions?.find(({ type }) => type === 'ScalingActive')).toMatchObject({
      status: 'False',
      reason: 'FailedGetResourceMetric',
      message: `the HPA was unable to compute the replica count: ${told}`,
    })
    expect(plan.warnings).toEqual([
      { reason: 'FailedGetResourceMetric', message: told },
      {
        reason: 'FailedComputeMetricsReplicas',
        message: `invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: ${told}`,
      },
    ])
  })

  it('of one metric adds pods by the others, and takes none away', () => {
    const unknown = { type: 'Pods', pods: { metric: { name: 'requests' }, target: { type: 'AverageValue', averageValue: '1' } } }
    const autoscaler = anAutoscaler({ metrics: [unknown, cpuAt(50)] })
    expect(planAutoscaler(observe('100m', { autoscaler })).scale?.replicas).toBe(4)
    const plan = planAutoscaler(observe('10m', { autoscaler }))
    expect(plan.scale).toBeUndefined()
    expect(conditionsOf(plan).ScalingActive).toBe('False FailedGetPodsMetric')
  })

  it.each([
    ['of a target without a selector', { selector: readSelector(undefined) }, 'InvalidSelector'],
    ['of a target with one that says nothing', { selector: readSelector('a in (') }, 'InvalidSelector'],
    ['beside another for the same pods', { rivals: ['default/other', 'default/web'] }, 'AmbiguousSelector'],
  ])('%s says so', (_, more, reason) => {
    const plan = planAutoscaler(observe('100m', more))
    expect(plan.scale).toBeUndefined()
    expect(conditionsOf(plan).ScalingActive).toBe(`False ${reason}`)
    expect(plan.warnings.at(-1)?.reason).toBe('FailedComputeMetricsReplicas')
  })
})
