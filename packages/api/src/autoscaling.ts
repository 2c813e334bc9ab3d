import type { HorizontalPodAutoscaler } from './types.ts'

type ScalingRules = NonNullable<NonNullable<HorizontalPodAutoscaler['spec']['behavior']>['scaleUp']>

const PERIOD_SECONDS = 15

/** How fast pods are added where an autoscaler doesn't say: at once, and within 15 s twice as many, or four. */
export const DEFAULT_SCALE_UP: Readonly<ScalingRules> = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: PERIOD_SECONDS },
    { type: 'Percent', value: 100, periodSeconds: PERIOD_SECONDS },
  ],
}

/** How fast they are taken away: all at once, after the window that the controller keeps. */
export const DEFAULT_SCALE_DOWN: Readonly<ScalingRules> = {
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: PERIOD_SECONDS }],
}
