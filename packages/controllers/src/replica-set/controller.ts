import {
  controllerOf,
  isNotFound,
  type KindInfo,
  keyOf,
  labelSelectorMatches,
  PODS,
  type Pod,
  podIsActive,
  REPLICA_SETS,
  type ReplicaSet,
} from '@skiff/api'
import type { Informer, WorkQueue } from '@skiff/client'
import { claimObjects } from '../shared/claim-objects.ts'
import { planClaims } from '../shared/claims.ts'
import type { ControllerContext } from '../shared/context.ts'
import { errorMessage, namespaceIsTerminating, unlessGone } from '../shared/errors.ts'
import { OwnWrites } from '../shared/own-writes.ts'
import { patchStatus } from '../shared/patch-status.ts'
import { RecentWrites } from '../shared/recent-writes.ts'
import { recorderFor, runReconciler } from '../shared/reconcile.ts'
import { inSlowStart } from '../shared/slow-start.ts'
import { planReplicaSet, type ReplicaSetPlan } from './plan.ts'
import { podFromTemplate } from './pod-from-template.ts'
import { msUntilNextAvailable, type ReplicaFailure, replicaSetStatus } from './status.ts'

const CONCURRENCY = 5

/** A kind that counts out pods: ReplicaSets, and what can be seen as such. */
export interface ReplicaKind {
  readonly info: KindInfo
  /** As its loop is called in logs and metrics. */
  readonly name: string
  /** As its events are signed. */
  readonly component: string
  readonly objects: ReplicaSets
}

/** Those that there are, with the indexes `owner` and `namespace`. */
export type ReplicaSets = Pick<Informer<ReplicaSet>, 'get' | 'byIndex' | 'onChange' | 'start' | 'synced' | 'revision'>

/** Keeps as many pods running as each ReplicaSet says. */
export async function runReplicaSetController(context: ControllerContext): Promise<void> {
  const { replicaSets } = context.informers
  await keepReplicas(context, {
    info: REPLICA_SETS,
    name: 'replica-set',
    component: 'replicaset-controller',
    objects: replicaSets,
  })
}

/** Keeps as many pods running as each object of that kind says. */
export async function keepReplicas(context: ControllerContext, kind: ReplicaKind): Promise<void> {
  const { client, informers, clock } = context
  const { info, name, component, objects: replicaSets } = kind
  const { pods } = informers
  const events = recorderFor(context, component)
  const writes = new RecentWrites<Pod>(pods)
  const statuses = new OwnWrites(replicaSets)

  async function reconcile(key: string) {
    const replicaSet = replicaSets.get(key)
    if (!replicaSet) statuses.forget(key)
    if (!replicaSet || !statuses.areSeen(key)) return undefined
    const active = await activePodsOf(replicaSet)
    const failed = replicaSet.metadata.deletionTimestamp
      ? undefined
      : await execute(replicaSet, planReplicaSet(replicaSet, active, relatedPods(replicaSet, active)))

    const now = clock()
    const left = afterwards(replicaSet, active)
    const status = replicaSetStatus(replicaSet, left, { failure: failed?.failure, now })
    const written = await unlessGone(patchStatus(client, info, replicaSet, status))
    if (written) statuses.wrote(key, written)
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
      ownerInfo: info,
      info: PODS,
    })
    return writes.overlay(uid, claimed)
  }

  /** What this pass did may have been shown by now, and more: the status tells of it at once, not when it is looked at again. */
  function afterwards({ metadata: { uid } }: ReplicaSet, before: readonly Pod[]): Pod[] {
    const there = before.filter((pod) => pods.get(keyOf(pod))?.metadata.uid === pod.metadata.uid)
    const now = new Map([...there, ...pods.byIndex('owner', uid)].map((pod) => [pod.metadata.uid, pod]))
    return writes.overlay(uid, [...now.values()]).filter(podIsActive)
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
      const pod = await client.create<Pod>(PODS, podFromTemplate(replicaSet, info))
      writes.created(replicaSet.metadata.uid, pod)
      events.event(replicaSet, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`)
    })
    if (failure === undefined || namespaceIsTerminating(failure)) return undefined
    events.event(replicaSet, 'Warning', 'FailedCreate', `Error creating: ${errorMessage(failure)}`)
    return { failure: { reason: 'FailedCreate', message: errorMessage(failure) }, cause: failure }
  }

  async function deletePod(replicaSet: ReplicaSet, pod: Pod): Promise<void> {
    const { namespace = '', uid } = pod.metadata
    try {
      await client.delete(PODS, { name: pod.metadata.name, namespace }, { uid })
    } catch (error) {
      if (isNotFound(error)) return
      events.event(replicaSet, 'Warning', 'FailedDelete', `Error deleting: ${errorMessage(error)}`)
      throw error
    }
    writes.deleted(pod)
    events.event(replicaSet, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`)
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
    if (owner) return owner.kind === info.kind ? [`${namespace}/${owner.name}`] : []
    if (deletionTimestamp) return []
    const matching = replicaSets.byIndex('namespace', namespace).filter(({ spec }) => labelSelectorMatches(spec.selector, labels))
    return matching.map(keyOf)
  }

  await runReconciler(context, { name, reads: [replicaSets, pods], watch, reconcile, concurrency: CONCURRENCY })
  await events.flush()
}

interface Failed {
  readonly failure: ReplicaFailure
  readonly cause: unknown
}
