import {
  controllerOf,
  DEPLOYMENTS,
  type Deployment,
  isAlreadyExists,
  isControlledBy,
  keyOf,
  labelSelectorMatches,
  type Pod,
  podIsTerminal,
  REPLICA_SETS,
  type ReplicaSet,
} from '@skiff/api'
import type { WorkQueue } from '@skiff/client'
import { claimObjects } from '../shared/claim-objects.ts'
import { planClaims } from '../shared/claims.ts'
import type { ControllerContext } from '../shared/context.ts'
import { errorMessage, namespaceIsTerminating, unlessGone } from '../shared/errors.ts'
import { OwnWrites } from '../shared/own-writes.ts'
import { patchStatus } from '../shared/patch-status.ts'
import { recorderFor, runReconciler } from '../shared/reconcile.ts'
import { type DeploymentStep, findNewReplicaSet, planDeployment } from './plan.ts'
import { replicasOf } from './replica-counts.ts'
import { REVISION } from './revisions.ts'
import { deploymentStatus, msUntilDeadline, type StatusInput } from './status.ts'
import { sameTemplate } from './template-hash.ts'

const CONCURRENCY = 5

type Outcome = StatusInput['outcome']

/** Rolls every Deployment's pods over to its present template, by way of ReplicaSets. */
export async function runDeploymentController(context: ControllerContext): Promise<void> {
  const { client, informers, clock } = context
  const { deployments, replicaSets, pods } = informers
  const events = recorderFor(context, 'deployment-controller')
  const writes = new OwnWrites(replicaSets)
  const statuses = new OwnWrites(deployments)

  async function reconcile(key: string) {
    const deployment = deployments.get(key)
    if (!deployment) for (const own of [writes, statuses]) own.forget(key)
    if (!deployment || !writes.areSeen(key) || !statuses.areSeen(key)) return undefined

    const owned = await replicaSetsOf(deployment)
    const newest = findNewReplicaSet(deployment, owned)
    const progress = new Progress(deployment, newest, (replicaSet) => writes.wrote(key, replicaSet))
    try {
      for (const step of planDeployment({ deployment, replicaSets: owned, oldPodsLeft: podsLeft(owned, newest) })) {
        await execute(deployment, step, progress)
      }
    } finally {
      const written = await writeStatus(deployment, owned, progress)
      if (written) statuses.wrote(key, written)
    }
    const waitMs = msUntilDeadline(deployment, deployment.status ?? {}, clock())
    return waitMs === undefined ? undefined : { requeueAfterMs: waitMs }
  }

  async function replicaSetsOf(deployment: Deployment): Promise<ReplicaSet[]> {
    const { uid, namespace = '' } = deployment.metadata
    const plan = planClaims(deployment, replicaSets.byIndex('owner', uid), replicaSets.byIndex('orphans', namespace))
    return await claimObjects(plan, { client, owner: deployment, ownerInfo: DEPLOYMENTS, info: REPLICA_SETS })
  }

  function podsLeft(owned: readonly ReplicaSet[], newest: ReplicaSet | undefined): boolean {
    const old = owned.filter((one) => one !== newest)
    return old.some(({ metadata }) => pods.byIndex('owner', metadata.uid).some((pod) => !podIsTerminal(pod)))
  }

  async function execute(deployment: Deployment, step: DeploymentStep, progress: Progress): Promise<void> {
    switch (step.type) {
      case 'create-replica-set':
        return await create(deployment, step, progress)
      case 'update-replica-set': {
        const body = { metadata: { annotations: step.annotations }, spec: { minReadySeconds: step.minReadySeconds } }
        progress.wrote(await patchReplicaSet(step.replicaSet, body))
        return
      }
      case 'scale':
        return await scale(deployment, step, progress)
      case 'delete-replica-set': {
        const { name, namespace = '', uid } = step.replicaSet.metadata
        await unlessGone(client.delete(REPLICA_SETS, { name, namespace }, { uid, propagationPolicy: 'Background' }))
        return
      }
      case 'set-revision': {
        const { name, namespace = '', uid } = deployment.metadata
        const body = { metadata: { uid, annotations: { [REVISION]: step.revision } } }
        // By the status path it counts as no new generation.
        const ref = { name, namespace, subresource: 'status' }
        progress.deployment =
          (await unlessGone(client.patch<Deployment>(DEPLOYMENTS, ref, { type: 'merge', body }))) ?? deployment
      }
    }
  }

  async function create(
    deployment: Deployment,
    step: DeploymentStep & { type: 'create-replica-set' },
    progress: Progress,
  ): Promise<void> {
    try {
      const created = await client.create<ReplicaSet>(REPLICA_SETS, step.replicaSet)
      progress.created(created)
      const replicas = replicasOf(created)
      if (replicas > 0) events.event(deployment, 'Normal', 'ScalingReplicaSet', scalingMessage(created, 0, replicas))
    } catch (error) {
      if (isAlreadyExists(error)) return await resolveCollision(deployment, step, progress)
      if (namespaceIsTerminating(error)) return
      const message = `Failed to create new replica set "${step.replicaSet.metadata.name}": ${errorMessage(error)}`
      progress.outcome = { type: 'create-failed', message }
      events.event(deployment, 'Warning', 'ReplicaSetCreateError', message)
      throw error
    }
  }

  /** The name is taken: by our own earlier attempt, whose event is still under way, or by a stranger: then try another hash. */
  async function resolveCollision(
    deployment: Deployment,
    step: DeploymentStep & { type: 'create-replica-set' },
    progress: Progress,
  ) {
    const { name = '', namespace = '' } = step.replicaSet.metadata
    const existing = await client.get<ReplicaSet>(REPLICA_SETS, { name, namespace })
    if (isControlledBy(existing, deployment) && sameTemplate(existing.spec.template, deployment.spec.template)) {
      progress.wrote(existing)
    } else {
      progress.collisionCount += 1
    }
  }

  async function scale(deployment: Deployment, step: DeploymentStep & { type: 'scale' }, progress: Progress): Promise<void> {
    const { replicaSet, replicas, annotations } = step
    // The resourceVersion makes this a Conflict when someone else changed it since it was looked at.
    const { resourceVersion } = replicaSet.metadata
    progress.wrote(await patchReplicaSet(replicaSet, { metadata: { resourceVersion, annotations }, spec: { replicas } }))
    const before = replicasOf(replicaSet)
    if (before !== replicas) events.event(deployment, 'Normal', 'ScalingReplicaSet', scalingMessage(replicaSet, before, replicas))
  }

  async function patchReplicaSet({ metadata }: ReplicaSet, body: object): Promise<ReplicaSet> {
    const { name, namespace = '' } = metadata
    return await client.patch<ReplicaSet>(REPLICA_SETS, { name, namespace }, { type: 'merge', body })
  }

  async function writeStatus(deployment: Deployment, owned: readonly ReplicaSet[], progress: Progress) {
    const { outcome, collisionCount } = progress
    const newest = progress.newest && progress.asWritten(progress.newest)
    const old = owned.filter(({ metadata }) => metadata.uid !== newest?.metadata.uid).map((one) => progress.asWritten(one))
    const status = deploymentStatus({ deployment, newest, old, outcome, collisionCount, now: clock() })
    return await unlessGone(patchStatus(client, DEPLOYMENTS, progress.deployment, status))
  }

  function watch(queue: WorkQueue): void {
    deployments.onChange(({ key }) => queue.add(key))
    replicaSets.onChange(({ object, previous }) => {
      for (const replicaSet of previous ? [object, previous] : [object])
        for (const key of deploymentsOf(replicaSet)) queue.add(key)
    })
    pods.onChange(({ type, object }) => {
      const deployment = type === 'deleted' || podIsTerminal(object) ? recreatedDeploymentOf(object) : undefined
      if (deployment) queue.add(keyOf(deployment))
    })
  }

  function deploymentsOf(replicaSet: ReplicaSet): string[] {
    const owner = controllerOf(replicaSet)
    const { namespace = '', labels } = replicaSet.metadata
    if (owner) return owner.kind === 'Deployment' ? [`${namespace}/${owner.name}`] : []
    return deployments
      .byIndex('namespace', namespace)
      .filter(({ spec }) => labelSelectorMatches(spec.selector, labels))
      .map(keyOf)
  }

  /** Recreate waits for old pods to be gone, which no ReplicaSet's status tells. */
  function recreatedDeploymentOf(pod: Pod): Deployment | undefined {
    const namespace = pod.metadata.namespace
    const replicaSet = replicaSets.get(`${namespace}/${controllerOf(pod)?.name}`)
    const owner = replicaSet && controllerOf(replicaSet)
    const deployment = owner && deployments.get(`${namespace}/${owner.name}`)
    return deployment?.spec.strategy?.type === 'Recreate' ? deployment : undefined
  }

  const reads = [deployments, replicaSets, pods]
  await runReconciler(context, { name: 'deployment', reads, watch, reconcile, concurrency: CONCURRENCY })
  await events.flush()
}

/** What one pass did, for the status that ends it. */
class Progress {
  /** As it was last written. */
  deployment: Deployment
  newest: ReplicaSet | undefined
  outcome: Outcome = { type: 'found' }
  collisionCount: number
  readonly #written = new Map<string, ReplicaSet>()
  readonly #onWrite: (replicaSet: ReplicaSet) => void

  constructor(deployment: Deployment, newest: ReplicaSet | undefined, onWrite: (replicaSet: ReplicaSet) => void) {
    this.deployment = deployment
    this.newest = newest
    this.#onWrite = onWrite
    this.collisionCount = deployment.status?.collisionCount ?? 0
  }

  wrote(replicaSet: ReplicaSet): void {
    this.#written.set(replicaSet.metadata.uid, replicaSet)
    this.#onWrite(replicaSet)
  }

  /** What the next pass would find, so that it has no other status to tell of. */
  asWritten(replicaSet: ReplicaSet): ReplicaSet {
    return this.#written.get(replicaSet.metadata.uid) ?? replicaSet
  }

  created(replicaSet: ReplicaSet): void {
    this.newest = replicaSet
    this.outcome = { type: 'created' }
    this.wrote(replicaSet)
  }
}

function scalingMessage({ metadata }: ReplicaSet, from: number, to: number): string {
  return `Scaled ${to > from ? 'up' : 'down'} replica set ${metadata.name} from ${from} to ${to}`
}
