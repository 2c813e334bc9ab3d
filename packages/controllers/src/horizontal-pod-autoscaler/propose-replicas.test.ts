import type { Pod } from '@skiff/api'
import { describe, expect, it } from 'vitest'
import { aPod, NOW } from '../testing/objects.ts'
import type { PodMetrics } from './measured-pods.ts'
import { type ProposalInput, proposeByAverage, proposeByUtilization } from './propose-replicas.ts'

const ago = (seconds: number) => new Date(NOW.getTime() - seconds * 1000).toISOString()

interface Parts {
  readonly cpu?: string
  readonly phase?: string
  readonly ready?: boolean
  readonly startedAgo?: number
  readonly changedAgo?: number
  readonly leaves?: boolean
}

function podOf(
  name: string,
  { cpu = '100m', phase = 'Running', ready = true, startedAgo = 3600, changedAgo = 3000, leaves }: Parts = {},
): Pod {
  return aPod(name, {
    metadata: leaves ? { deletionTimestamp: ago(1) } : {},
    spec: { containers: [{ name: 'main', image: 'a', ...(cpu === '' ? {} : { resources: { requests: { cpu } } }) }] },
    status: {
      phase,
      startTime: ago(startedAgo),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: ago(changedAgo) }],
    } as Pod['status'],
  })
}

const metricsOf = (name: string, cpu: string, more: Partial<PodMetrics> = {}): PodMetrics => ({
  metadata: { name },
  timestamp: ago(5),
  window: '10s',
  containers: [{ name: 'main', usage: { cpu, memory: '64Mi' } }],
  ...more,
})

function inputOf(pods: readonly Pod[], metrics: readonly PodMetrics[], current = pods.length): ProposalInput {
  const tolerance = { up: 0.1, down: 0.1 }
  return { measure: { resource: 'cpu' }, current, pods, metrics, tolerance, now: NOW.getTime() }
}

/** Pods p0, p1, ... that ask for 100m each and use so much. */
const using = (...cpu: string[]) =>
  inputOf(
    cpu.map((_, i) => podOf(`p${i}`)),
    cpu.map((one, i) => metricsOf(`p${i}`, one)),
  )

describe('the share of what pods ask for', () => {
  it.each([
    ['more than wanted', using('300m', '500m', '700m'), 100, 15, 500],
    ['less than wanted', using('30m', '50m', '70m', '50m'), 100, 2, 50],
    ['as much as wanted, nearly', using('101m', '102m', '108m'), 100, 3, 103],
  ])('%s', (_, input, target, replicas, utilization) => {
    expect(proposeByUtilization(input, target)).toMatchObject({ replicas, utilization })
  })

  it('tells what a pod uses on the average, too', () => {
    expect(proposeByUtilization(using('40m', '60m'), 50)).toEqual({ replicas: 2, utilization: 50, averageMilli: 50 })
  })

  it('is of all containers that stay, sidecars too', () => {
    const pod = podOf('p0')
    pod.spec.initContainers = [
      { name: 'once', image: 'a' },
      { name: 'beside', image: 'a', restartPolicy: 'Always', resources: { requests: { cpu: '100m' } } },
    ]
    const usage = [
      { name: 'main', usage: { cpu: '100m' } },
      { name: 'beside', usage: { cpu: '300m' } },
    ]
    const input = inputOf([pod], [metricsOf('p0', '', { containers: usage })])
    expect(proposeByUtilization(input, 100)).toMatchObject({ utilization: 200, replicas: 2 })
    const ofOne = { ...input, measure: { resource: 'cpu', container: 'main' } }
    expect(proposeByUtilization(ofOne, 100)).toMatchObject({ utilization: 100, replicas: 1 })
  })

  it('is of what the pod itself asks for, where it does', () => {
    const pod = podOf('p0', { cpu: '' })
    pod.spec.resources = { requests: { cpu: '200m' } }
    expect(proposeByUtilization(inputOf([pod], [metricsOf('p0', '100m')]), 50)).toMatchObject({ utilization: 50 })
  })

  it('is not known of a pod that asks for nothing', () => {
    expect(() => proposeByUtilization(inputOf([podOf('p0', { cpu: '' })], [metricsOf('p0', '1')]), 50)).toThrow(
      'missing request for cpu in container main of Pod p0',
    )
  })
})

describe('what pods use on the average', () => {
  it('is held against a value', () => {
    expect(proposeByAverage(using('300m', '500m'), 200)).toEqual({ replicas: 4, averageMilli: 400 })
    const memory = { ...using('1', '1'), measure: { resource: 'memory' } }
    expect(proposeByAverage(memory, 32 * 2 ** 20 * 1000)).toMatchObject({ replicas: 4, averageMilli: 64 * 2 ** 20 * 1000 })
  })
})

describe('pods that can not be judged', () => {
  const [busy, idle] = ['200m', '20m']

  it.each([
    ['leave', podOf('new', { leaves: true })],
    ['have failed', podOf('new', { phase: 'Failed' })],
  ])('are left out when they %s', (_, odd) => {
    const input = inputOf([podOf('p0'), odd], [metricsOf('p0', busy), metricsOf('new', '900m')])
    expect(proposeByUtilization(input, 100)).toMatchObject({ replicas: 2, utilization: 200 })
  })

  it.each([
    ['are pending', podOf('new', { phase: 'Pending' })],
    ['are not ready and have just begun', podOf('new', { ready: false, startedAgo: 60, changedAgo: 60 })],
    ['have been measured since before they were ready', podOf('new', { startedAgo: 20, changedAgo: 8 })],
    ['have never been ready', podOf('new', { ready: false, startedAgo: 900, changedAgo: 895 })],
  ])('are thought idle when more pods are wanted and they %s', (_, odd) => {
    const input = inputOf([podOf('p0'), odd], [metricsOf('p0', '300m'), metricsOf('new', '900m')])
    expect(proposeByUtilization(input, 100)).toMatchObject({ replicas: 3, utilization: 300 })
  })

  it('count when they have been ready before', () => {
    const odd = podOf('was-ready', { ready: false, startedAgo: 900, changedAgo: 100 })
    const input = inputOf([podOf('p0'), odd], [metricsOf('p0', busy), metricsOf('was-ready', busy)])
    expect(proposeByUtilization(input, 100)).toMatchObject({ replicas: 4 })
  })

  it('are thought as busy as they ask for when pods are to be taken away and nobody has measured them', () => {
    const pods = ['p0', 'p1', 'p2', 'p3'].map((name) => podOf(name))
    const measured = [metricsOf('p0', idle), metricsOf('p1', idle), metricsOf('p2', idle)]
    expect(proposeByUtilization(inputOf(pods, measured), 50)).toMatchObject({ replicas: 4 })
    expect(proposeByUtilization(inputOf(pods, [...measured, metricsOf('p3', idle)]), 50)).toMatchObject({ replicas: 2 })
  })

  it('are thought idle when more are wanted and nobody has measured them, and change nothing where that turns it round', () => {
    const pods = ['p0', 'p1'].map((name) => podOf(name))
    expect(proposeByUtilization(inputOf(pods, [metricsOf('p0', '300m')]), 100)).toMatchObject({ replicas: 3 })
    expect(proposeByUtilization(inputOf(pods, [metricsOf('p0', '150m')]), 100)).toMatchObject({ replicas: 2 })
  })

  it('are all there are: so it is said', () => {
    const pod = podOf('p0', { phase: 'Pending' })
    expect(() => proposeByUtilization(inputOf([pod], [metricsOf('p0', '1')]), 50)).toThrow(
      'did not receive metrics for targeted pods (pods might be unready)',
    )
    expect(() => proposeByUtilization(inputOf([pod], []), 50)).toThrow('no metrics returned from resource metrics API')
    expect(() => proposeByUtilization(inputOf([], [metricsOf('p0', '1')]), 50)).toThrow('no pods returned by selector')
  })
})
