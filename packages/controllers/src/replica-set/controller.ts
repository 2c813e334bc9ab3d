import {
  controllerOf,
  isNotFound,
  keyOf,
  labelSelectorMatches,
  PODS,
  type Pod,
  podIsActive,
  REPLICA_SETS,
  type ReplicaSet,
} from '@skiff/api'
import type { WorkQueue } from '@skiff/client'
import { claimObjects } from '../shared/claim-objects.ts'
import { planClaims } from '../shared/claims.ts'
import type { ControllerContext } from '../shared/context.ts'
import { errorMessage, namespaceIsTerminating, unlessGone } from '../shared/errors.ts'
import { patchStatus } from '../shared/patch-status.ts'
import { RecentWrites } from '../shared/recent-writes.ts'
import { recorderFor, runReconciler } from '../shared/reconcile.ts'
import { inSlowStart } from '../shared/slow-start.ts'
import { planReplicaSet, type ReplicaSetPlan } from './plan.ts'
import { podFromTemplate } from './pod-from-template.ts'
import { msUntilNextAvailable, type ReplicaFailure, replicaSetStatus } from './status.ts'

const CONCURRENCY = 5

/** Keeps as many pods running as each ReplicaSet says. */
export async function runReplicaSetController(context: ControllerContext): Promise<void> {
  const { client, informers, clock } = context
  const { pods, replicaSets } = informers
  const events = recorderFor(context, 'replicaset-controller')
  const writes = new RecentWrites<Pod>(pods)

  async function reconcile(key: string) {
    const replicaSet = replicaSets.get(key)
    if (!replicaSet) return undefined
    const active = await activePodsOf(replicaSet)
    const failed = replicaSet.metadata.deletionTimestamp
      ? undefined
      : await execute(replicaSet, planReplicaSet(replicaSet, active, relatedPods(replicaSet, active)))

    const now = clock()
    const left = writes.overlay(replicaSet.metadata.uid, active).filter(podIsActive)
    await writeStatus(replicaSet, replicaSetStatus(replicaSet, left, { failure: failed?.failure, now }))
    if (failed) throw failed.cause
    const waitMs = msUntilNextAvailable(left, replicaSet.spec.minReadySeconds ?? 0, now)
    return waitMs === undefined ? undefined : { requeueAfterMs: waitMs }
  }

  async function activePodsOf(replicaSet: ReplicaSet): Promise<Pod[]> {
    const { uid, namespace = '' } = replicaSet.metadata
    const owned = pods.byIndex('owner', uid).filter(podIsActive)
    const orphans = pods.byIndex('orphans', namespace).filter(podIsActive)
    const claimed = await claimObjects(planClaims(replicaSet, owned, orphans), {
      client,
      owner: replicaSet,
      ownerInfo: REPLICA_SETS,
      info: PODS,
    })
    return writes.overlay(uid, claimed)
  }

  /** Active pods of all ReplicaSets that share its Deployment. */
  function relatedPods(replicaSet: ReplicaSet, own: readonly Pod[]): readonly Pod[] {
    const owner = controllerOf(replicaSet)
    if (!owner) return own
    const siblings = replicaSets.byIndex('owner', owner.uid).filter(({ metadata }) => metadata.uid !== replicaSet.metadata.uid)
    return [...own, ...siblings.flatMap(({ metadata }) => pods.byIndex('owner', metadata.uid).filter(podIsActive))]
  }

  async function execute(replicaSet: ReplicaSet, { create, remove }: ReplicaSetPlan): Promise<Failed | undefined> {
    if (create > 0) return await createPods(replicaSet, create)
    const results = await Promise.allSettled(remove.map((pod) => deletePod(replicaSet, pod)))
    const failed = results.find((result) => result.status === 'rejected')
    return failed && { failure: { reason: 'FailedDelete', message: errorMessage(failed.reason) }, cause: failed.reason }
  }

  async function createPods(replicaSet: ReplicaSet, count: number): Promise<Failed | undefined> {
    const { failure } = await inSlowStart(count, async () => {
      const pod = await client.create<Pod>(PODS, podFromTemplate(replicaSet))
      writes.created(replicaSet.metadata.uid, pod)
      events.event(replicaSet, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`)
    })
    if (failure === undefined || namespaceIsTerminating(failure)) return undefined
    events.event(replicaSet, 'Warning', 'FailedCreate', `Error creating: ${errorMessage(failure)}`)
    return { failure: { reason: 'FailedCreate', message: errorMessage(failure) }, cause: failure }
  }

  async function deletePod(replicaSet: ReplicaSet, pod: Pod): Promise<void> {
    const { name, namespace = '', uid } = pod.metadata
    try {
      await client.delete(PODS, { name, namespace }, { uid })
    } catch (error) {
      if (isNotFound(error)) return
      events.event(replicaSet, 'Warning', 'FailedDelete', `Error deleting: ${errorMessage(error)}`)
      throw error
    }
    writes.deleted(pod)
    events.event(replicaSet, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`)
  }

  async function writeStatus(replicaSet: ReplicaSet, status: object): Promise<void> {
    await unlessGone(patchStatus(client, REPLICA_SETS, replicaSet, status))
  }

  function watch(queue: WorkQueue): void {
    replicaSets.onChange(({ type, key }) => {
      if (type !== 'deleted') queue.add(key)
    })
    pods.onChange(({ object, previous }) => {
      for (const pod of previous ? [object, previous] : [object]) {
        for (const key of replicaSetsOf(pod)) queue.add(key)
      }
    })
  }

  function replicaSetsOf(pod: Pod): string[] {
    const owner = controllerOf(pod)
    const { namespace = '', labels, deletionTimestamp } = pod.metadata
    if (owner) return owner.kind === 'ReplicaSet' ? [`${namespace}/${owner.name}`] : []
    if (deletionTimestamp) return []
    const matching = replicaSets.byIndex('namespace', namespace).filter(({ spec }) => labelSelectorMatches(spec.selector, labels))
    return matching.map(keyOf)
  }

  await runReconciler(context, { name: 'replica-set', reads: [replicaSets, pods], watch, reconcile, concurrency: CONCURRENCY })
  await events.flush()
}

interface Failed {
  readonly failure: ReplicaFailure
  readonly cause: unknown
}
