import type { HorizontalPodAutoscaler } from '@skiff/api'

type Behavior = NonNullable<HorizontalPodAutoscaler['spec']['behavior']>
type Rules = NonNullable<Behavior['scaleUp']>

const DEFAULT_CPU_UTILIZATION = 80
const PERIOD_SECONDS = 15

export function defaultAutoscaler({ spec }: HorizontalPodAutoscaler): void {
  spec.minReplicas ??= 1
  if ((spec.metrics ?? []).length === 0) {
    const target = { type: 'Utilization', averageUtilization: DEFAULT_CPU_UTILIZATION }
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }]
  }
  if (!spec.behavior) return
  spec.behavior.scaleUp = withDefaults(spec.behavior.scaleUp, {
    stabilizationWindowSeconds: 0,
    policies: [
      { type: 'Pods', value: 4, periodSeconds: PERIOD_SECONDS },
      { type: 'Percent', value: 100, periodSeconds: PERIOD_SECONDS },
    ],
  })
  spec.behavior.scaleDown = withDefaults(spec.behavior.scaleDown, {
    policies: [{ type: 'Percent', value: 100, periodSeconds: PERIOD_SECONDS }],
  })
}

function withDefaults(rules: Rules | undefined, defaults: Rules): Rules {
  const policies = (rules?.policies ?? []).length > 0 ? rules?.policies : defaults.policies
  return { ...defaults, selectPolicy: 'Max', ...rules, ...(policies === undefined ? {} : { policies }) }
}
