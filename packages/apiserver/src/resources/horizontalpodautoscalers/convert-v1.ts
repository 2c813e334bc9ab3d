/** autoscaling/v1 knows one metric, the CPU's utilization: what v2 has beyond it is kept in annotations, as upstream does. */

import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerV1 } from '@skiff/api'

type Metric = NonNullable<HorizontalPodAutoscaler['spec']['metrics']>[number]
type Status = NonNullable<HorizontalPodAutoscaler['status']>
type Annotations = Record<string, string>

const METRICS = 'autoscaling.alpha.kubernetes.io/metrics'
const CURRENT_METRICS = 'autoscaling.alpha.kubernetes.io/current-metrics'
const CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions'
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior'

export function fromV2(stored: HorizontalPodAutoscaler): HorizontalPodAutoscalerV1 {
  const { spec, status } = stored
  const metrics = spec.metrics ?? []
  const cpu = metrics.find(isCpuUtilization)
  const current = (status?.currentMetrics ?? []).find(({ resource }) => resource?.name === 'cpu')
  const annotations = {
    ...jsonAnnotation(
      METRICS,
      metrics.filter((metric) => metric !== cpu),
    ),
    ...jsonAnnotation(
      CURRENT_METRICS,
      (status?.currentMetrics ?? []).filter((metric) => metric !== current),
    ),
    ...jsonAnnotation(CONDITIONS, status?.conditions ?? []),
    ...(spec.behavior ? { [BEHAVIOR]: JSON.stringify(spec.behavior) } : {}),
  }
  const target = cpu?.resource?.target.averageUtilization
  const measured = current?.resource?.current.averageUtilization
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: withAnnotations(stored.metadata, annotations),
    spec: {
      scaleTargetRef: spec.scaleTargetRef,
      ...(spec.minReplicas === undefined ? {} : { minReplicas: spec.minReplicas }),
      maxReplicas: spec.maxReplicas,
      ...(target === undefined ? {} : { targetCPUUtilizationPercentage: target }),
    },
    status: {
      ...(status?.observedGeneration === undefined ? {} : { observedGeneration: status.observedGeneration }),
      ...(status?.lastScaleTime === undefined ? {} : { lastScaleTime: status.lastScaleTime }),
      currentReplicas: status?.currentReplicas ?? 0,
      desiredReplicas: status?.desiredReplicas ?? 0,
      ...(measured === undefined ? {} : { currentCPUUtilizationPercentage: measured }),
    },
  }
}

export function toV2(given: HorizontalPodAutoscalerV1): HorizontalPodAutoscaler {
  const { spec, status } = given
  const annotations: Annotations = given.metadata.annotations ?? {}
  const { targetCPUUtilizationPercentage: target, ...rest } = spec
  const metrics = [...(target === undefined ? [] : [cpuMetric(target)]), ...readList<Metric>(annotations[METRICS])]
  const behavior = readObject(annotations[BEHAVIOR])
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: withAnnotations(given.metadata, {}),
    spec: { ...rest, ...(metrics.length > 0 ? { metrics } : {}), ...(behavior === undefined ? {} : { behavior }) },
    status: statusToV2(status, annotations),
  }
}

function statusToV2(status: HorizontalPodAutoscalerV1['status'], annotations: Annotations): Status {
  const { currentCPUUtilizationPercentage: measured, ...rest } = status ?? { currentReplicas: 0, desiredReplicas: 0 }
  const cpu =
    measured === undefined ? [] : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: measured } } }]
  const conditions = readList<NonNullable<Status['conditions']>[number]>(annotations[CONDITIONS])
  return {
    ...rest,
    currentMetrics: [...cpu, ...readList<NonNullable<Status['currentMetrics']>[number]>(annotations[CURRENT_METRICS])],
    ...(conditions.length > 0 ? { conditions } : {}),
  }
}

function isCpuUtilization({ type, resource }: Metric): boolean {
  return type === 'Resource' && resource?.name === 'cpu' && resource.target?.averageUtilization !== undefined
}

function cpuMetric(averageUtilization: number): Metric {
  return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } }
}

/** The metadata with these annotations of conversion and no others. */
function withAnnotations<T extends { annotations?: Annotations }>(metadata: T, added: Annotations): T {
  const { [METRICS]: _, [CURRENT_METRICS]: __, [CONDITIONS]: ___, [BEHAVIOR]: ____, ...own } = metadata.annotations ?? {}
  const annotations = { ...own, ...added }
  const { annotations: _____, ...rest } = metadata
  return (Object.keys(annotations).length === 0 ? rest : { ...rest, annotations }) as T
}

function jsonAnnotation(name: string, list: readonly unknown[]): Annotations {
  return list.length === 0 ? {} : { [name]: JSON.stringify(list) }
}

/** Annotations are anybody's to write: what is no list of objects counts as none. */
function readList<T>(text: string | undefined): T[] {
  const value = parsed(text)
  return Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null) ? (value as T[]) : []
}

function readObject(text: string | undefined): NonNullable<HorizontalPodAutoscaler['spec']['behavior']> | undefined {
  const value = parsed(text)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
}

function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
