import { DEFAULT_SCALE_DOWN, DEFAULT_SCALE_UP, type HorizontalPodAutoscaler } from '@skiff/api'

type Behavior = NonNullable<HorizontalPodAutoscaler['spec']['behavior']>
type Rules = NonNullable<Behavior['scaleUp']>

const DEFAULT_CPU_UTILIZATION = 80

export function defaultAutoscaler({ spec }: HorizontalPodAutoscaler): void {
  spec.minReplicas ??= 1
  if ((spec.metrics ?? []).length === 0) {
    const target = { type: 'Utilization', averageUtilization: DEFAULT_CPU_UTILIZATION }
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }]
  }
  if (!spec.behavior) return
  spec.behavior.scaleUp = withDefaults(spec.behavior.scaleUp, DEFAULT_SCALE_UP)
  spec.behavior.scaleDown = withDefaults(spec.behavior.scaleDown, DEFAULT_SCALE_DOWN)
}

function withDefaults(rules: Rules | undefined, defaults: Rules): Rules {
  const { policies = [], ...others } = structuredClone(defaults)
  return { ...others, ...rules, policies: rules?.policies?.length ? rules.policies : policies }
}
