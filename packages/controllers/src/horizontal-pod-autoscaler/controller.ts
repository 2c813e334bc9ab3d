import { isDeepStrictEqual } from 'node:util'
import {
  HORIZONTAL_POD_AUTOSCALERS,
  type HorizontalPodAutoscaler,
  type KindInfo,
  type KubeObject,
  keyOf,
  matchesLabels,
  POD_METRICS,
  type Pod,
  rfc3339,
} from '@skiff/api'
import type { ControllerContext } from '../shared/context.ts'
import { errorMessage } from '../shared/errors.ts'
import { KnownKinds } from '../shared/known-kinds.ts'
import { patchStatus } from '../shared/patch-status.ts'
import { recorderFor, runReconciler } from '../shared/reconcile.ts'
import { kindNamed, type Scale } from '../shared/scale.ts'
import type { PodMetrics } from './measured-pods.ts'
import { type AutoscalerPlan, type AutoscalerStatus, planAutoscaler, readSelector, type Selector, withCondition } from './plan.ts'
import type { ResourceAnswer } from './read-metrics.ts'
import type { ScalingHistory } from './scaling-rules.ts'

/** Figures are averages of some seconds: who looks more often sees the same ones. Upstream's own period. */
const PERIOD_MS = 15_000

interface Target {
  readonly kind: KindInfo
  readonly scale: Scale
}

/** What is known of an autoscaler beside its object; a new master begins anew. */
interface Memory {
  readonly selector: Selector
  readonly history: ScalingHistory
}

const NO_HISTORY: ScalingHistory = { recommendations: [], changes: [] }

/** Has workloads run as many pods as what those use asks for. */
export async function runHorizontalPodAutoscaler(context: ControllerContext, monotonicNow: () => number): Promise<void> {
  const { client, informers, clock } = context
  const { horizontalPodAutoscalers, pods } = informers
  const events = recorderFor(context, 'horizontal-pod-autoscaler')
  const kinds = new KnownKinds(client, monotonicNow)
  const memories = new Map<string, Memory>()

  async function reconcile(key: string) {
    const autoscaler = horizontalPodAutoscalers.get(key)
    if (autoscaler === undefined) memories.delete(key)
    if (autoscaler === undefined || autoscaler.metadata.deletionTimestamp) return undefined
    const target = await targetOf(autoscaler).catch((error: unknown) => errorMessage(error))
    const status = typeof target === 'string' ? withoutTarget(autoscaler, target) : await attend(autoscaler, target)
    await patchStatus(client, HORIZONTAL_POD_AUTOSCALERS, autoscaler, status)
    return { requeueAfterMs: PERIOD_MS }
  }

  /** Throws Error when there is none, or none that can be scaled. */
  async function targetOf({ metadata, spec }: HorizontalPodAutoscaler): Promise<Target> {
    const { kind: wanted, name } = spec.scaleTargetRef
    const { group, info: kind } = await kindNamed(spec.scaleTargetRef, kinds)
    if (kind === undefined) throw new Error(`no matches for kind "${wanted}" in group "${group}"`)
    const scale = await client.get<Scale>(kind, { name, namespace: metadata.namespace ?? '', subresource: 'scale' })
    return { kind, scale }
  }

  function withoutTarget(autoscaler: HorizontalPodAutoscaler, why: string): AutoscalerStatus {
    events.event(autoscaler, 'Warning', 'FailedGetScale', why)
    const message = `the HPA controller was unable to get the target's current scale: ${why}`
    const status = autoscaler.status ?? { desiredReplicas: 0 }
    return { ...status, conditions: withCondition(status.conditions, clock(), ['AbleToScale', false, 'FailedGetScale', message]) }
  }

  async function attend(autoscaler: HorizontalPodAutoscaler, target: Target): Promise<AutoscalerStatus> {
    const key = keyOf(autoscaler)
    const { namespace = '' } = autoscaler.metadata
    const { scale } = target
    const selector = readSelector(scale.status?.selector)
    const selected = selectedBy(selector, pods.byIndex('namespace', namespace))
    const history = memories.get(key)?.history ?? NO_HISTORY
    memories.set(key, { selector, history })
    const plan = planAutoscaler({
      autoscaler,
      current: scale.spec?.replicas ?? 0,
      selector,
      pods: selected,
      answer: 'text' in selector ? await askFor(namespace, selector.text) : { metrics: [] },
      rivals: rivalsOf(key, namespace, selected),
      history,
      now: clock(),
    })
    for (const { reason, message } of plan.warnings) events.event(autoscaler, 'Warning', reason, message)
    const { status, changes } = await rescale(autoscaler, target, plan)
    memories.set(key, { selector, history: { ...plan.history, changes } })
    return status
  }

  async function askFor(namespace: string, labelSelector: string): Promise<ResourceAnswer> {
    try {
      const { items } = await client.list<PodMetrics & KubeObject>(POD_METRICS, { namespace, labelSelector })
      return { metrics: items }
    } catch (error) {
      return { problem: `unable to fetch metrics from resource metrics API: ${errorMessage(error)}` }
    }
  }

  /** Two that pull at the same pods would never come to rest. */
  function rivalsOf(key: string, namespace: string, selected: readonly Pod[]): readonly string[] {
    const others = [...memories].filter(([other]) => other !== key && other.startsWith(`${namespace}/`))
    const rivals = others.filter(([, { selector }]) => selectedBy(selector, selected).length > 0)
    return rivals.length === 0 ? [] : [key, ...rivals.map(([other]) => other)].sort()
  }

  async function rescale(
    autoscaler: HorizontalPodAutoscaler,
    { kind, scale }: Target,
    plan: AutoscalerPlan,
  ): Promise<{ readonly status: AutoscalerStatus; readonly changes: ScalingHistory['changes'] }> {
    const { status, history } = plan
    if (plan.scale === undefined) return { status, changes: history.changes }
    const { replicas, reason } = plan.scale
    const said = `New size: ${replicas}; reason: ${reason}`
    const now = clock()
    try {
      await client.update(kind, { ...scale, spec: { ...scale.spec, replicas } } as KubeObject, { subresource: 'scale' })
    } catch (error) {
      const why = errorMessage(error)
      events.event(autoscaler, 'Warning', 'FailedRescale', `${said}; error: ${why}`)
      const message = `the HPA controller was unable to update the target scale: ${why}`
      const conditions = withCondition(status.conditions, now, ['AbleToScale', false, 'FailedUpdateScale', message])
      const desiredReplicas = autoscaler.status?.desiredReplicas ?? 0
      return { status: { ...status, desiredReplicas, conditions }, changes: history.changes }
    }
    events.event(autoscaler, 'Normal', 'SuccessfulRescale', said)
    const message = `the HPA controller was able to update the target scale to ${replicas}`
    const conditions = withCondition(status.conditions, now, ['AbleToScale', true, 'SucceededRescale', message])
    const change = { at: now.getTime(), by: replicas - (scale.spec?.replicas ?? 0) }
    return { status: { ...status, lastScaleTime: rfc3339(now), conditions }, changes: [...history.changes, change] }
  }

  await runReconciler(context, {
    name: 'horizontal-pod-autoscaler',
    reads: [horizontalPodAutoscalers, pods],
    watch: (queue) => {
      // Its own status, written every period, is no news. What is new has pods, often, that nobody has measured yet.
      horizontalPodAutoscalers.onChange(({ key, object, previous, type }) => {
        if (type !== 'updated' || !isDeepStrictEqual(object.spec, previous?.spec)) queue.addAfter(key, PERIOD_MS)
      })
    },
    reconcile,
  })
}

function selectedBy(selector: Selector, pods: readonly Pod[]): readonly Pod[] {
  if ('problem' in selector) return []
  return pods.filter(({ metadata }) => matchesLabels(selector.requirements, metadata.labels))
}
