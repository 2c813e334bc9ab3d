import { isDeepStrictEqual } from 'node:util'
import {
  controllerOf,
  isConflict,
  keyOf,
  labelSelectorMatches,
  type ObjectMeta,
  type OwnerReference,
  POD_DISRUPTION_BUDGETS,
  type Pod,
  type PodDisruptionBudget,
} from '@skiff/api'
import type { ControllerContext } from '../shared/context.ts'
import { errorMessage, unlessGone } from '../shared/errors.ts'
import { KnownKinds } from '../shared/known-kinds.ts'
import { runReconciler } from '../shared/reconcile.ts'
import { budgetStatus, failedStatus, needsScales, nextTimeout, podsOf } from './plan.ts'
import { wantedPods } from './wanted-pods.ts'

/** Says of every PodDisruptionBudget how many of its pods may be evicted now; evictions take it from there. */
export async function runDisruptionController(context: ControllerContext, monotonicNow: () => number): Promise<void> {
  const { client, informers, clock, logger } = context
  const { podDisruptionBudgets, pods, replicaSets, deployments } = informers
  const kinds = new KnownKinds(client, monotonicNow)

  async function reconcile(key: string) {
    const budget = podDisruptionBudgets.get(key)
    if (!budget || budget.metadata.deletionTimestamp) return undefined
    const status = await statusOf(budget)
    if (!isDeepStrictEqual(budget.status, status)) await write(budget, status)
    const requeueAfterMs = nextTimeout(status, clock())
    return requeueAfterMs === undefined ? undefined : { requeueAfterMs }
  }

  async function statusOf(budget: PodDisruptionBudget): Promise<NonNullable<PodDisruptionBudget['status']>> {
    const selected = podsOf(budget, pods.byIndex('namespace', budget.metadata.namespace ?? ''))
    try {
      const wanted = needsScales(budget) ? await wantedPods(selected, { client, kinds, deploymentOf }) : undefined
      return budgetStatus({ budget, pods: selected, wanted, now: clock() })
    } catch (error) {
      logger.debug({ controller: 'disruption', key: keyOf(budget), err: error }, 'budget could not be computed')
      return failedStatus(budget, errorMessage(error), clock())
    }
  }

  /** Only over what was looked at: an eviction that came meanwhile brings the budget here again. */
  async function write(budget: PodDisruptionBudget, status: NonNullable<PodDisruptionBudget['status']>): Promise<void> {
    try {
      await unlessGone(client.update(POD_DISRUPTION_BUDGETS, { ...budget, status }, { subresource: 'status' }))
    } catch (error) {
      if (!isConflict(error)) throw error
    }
  }

  function deploymentOf({ name }: OwnerReference, namespace: string): OwnerReference | undefined {
    const replicaSet = replicaSets.get(`${namespace}/${name}`)
    return replicaSet === undefined ? undefined : controllerOf(replicaSet)
  }

  await runReconciler(context, {
    name: 'disruption',
    reads: [podDisruptionBudgets, pods, replicaSets, deployments],
    watch: (queue) => {
      const inNamespace = (object: { readonly metadata: ObjectMeta }, concerns: (budget: PodDisruptionBudget) => boolean) => {
        for (const budget of podDisruptionBudgets.byIndex('namespace', object.metadata.namespace ?? '')) {
          if (concerns(budget)) queue.add(keyOf(budget))
        }
      }
      const selects = ({ spec }: PodDisruptionBudget, pod: Pod | undefined) => {
        return pod !== undefined && labelSelectorMatches(spec.selector, pod.metadata.labels ?? {})
      }
      podDisruptionBudgets.onChange(({ key, type }) => {
        if (type !== 'deleted') queue.add(key)
      })
      pods.onChange(({ object, previous }) =>
        inNamespace(object, (budget) => selects(budget, object) || selects(budget, previous)),
      )
      replicaSets.onChange(({ object }) => inNamespace(object, needsScales))
      deployments.onChange(({ object }) => inNamespace(object, needsScales))
    },
    reconcile,
  })
}
