import type { HorizontalPodAutoscaler } from '@skiff/api'

type Metric = NonNullable<HorizontalPodAutoscaler['spec']['metrics']>[number]
type Current = NonNullable<NonNullable<HorizontalPodAutoscaler['status']>['currentMetrics']>[number]
type Target = NonNullable<Metric['resource']>['target']
type Value = NonNullable<Current['resource']>['current']

const MAX_LISTED = 2

/** `cpu: 34%/80%, 12/20 (avg)`: a measured and a wanted value for each metric, the first two of them. */
export function targetsCell({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = spec.metrics ?? []
  if (metrics.length === 0) return '<none>'
  const cells = metrics.map((metric, index) => metricCell(metric, status?.currentMetrics?.[index]))
  const more = cells.length > MAX_LISTED ? ` + ${cells.length - MAX_LISTED} more...` : ''
  return cells.slice(0, MAX_LISTED).join(', ') + more
}

function metricCell(metric: Metric, current: Current | undefined): string {
  switch (metric.type) {
    case 'Resource':
      return `${metric.resource?.name ?? ''}: ${ratio(metric.resource?.target, current?.resource?.current, '')}`
    case 'ContainerResource':
      return `${metric.containerResource?.name ?? ''}: ${ratio(metric.containerResource?.target, current?.containerResource?.current, '')}`
    case 'Pods':
      return `${current?.pods?.current?.averageValue ?? '<unknown>'}/${metric.pods?.target?.averageValue ?? ''}`
    case 'External':
      return ratio(metric.external?.target, current?.external?.current, ' (avg)')
    case 'Object':
      return ratio(metric.object?.target, current?.object?.current, ' (avg)')
    default:
      return '<unknown type>'
  }
}

function ratio(target: Target | undefined, current: Value | undefined, average: string): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? '<unknown>'}/${target.averageValue}${average}`
  if (target?.value !== undefined) return `${current?.value ?? '<unknown>'}/${target.value}`
  const measured = current?.averageUtilization
  return `${measured === undefined ? '<unknown>' : `${measured}%`}/${target?.averageUtilization === undefined ? '<auto>' : `${target.averageUtilization}%`}`
}
