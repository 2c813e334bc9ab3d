import { isDeepStrictEqual } from 'node:util'
import { type Deployment, type Draft, ownerReferenceTo, type ReplicaSet } from '@skiff/api'
import { type Scaling, scaleProportionally } from './proportional-scaling.ts'
import { availableOf, desiredReplicas, oldestFirst, replicasOf, rollingBounds, sum } from './replica-counts.ts'
import {
  DESIRED_REPLICAS,
  highest,
  MAX_REPLICAS,
  newReplicaSetAnnotations,
  nextRevision,
  REVISION,
  revisionOf,
} from './revisions.ts'
import { newReplicaSetSize, shrinkOldReplicaSets } from './rolling-update.ts'
import { sameTemplate, TEMPLATE_HASH_LABEL, templateHash } from './template-hash.ts'

export type DeploymentStep =
  | { readonly type: 'create-replica-set'; readonly replicaSet: Draft<ReplicaSet> }
  | {
      readonly type: 'update-replica-set'
      readonly replicaSet: ReplicaSet
      readonly annotations: Annotations
      readonly minReadySeconds: number
    }
  | { readonly type: 'scale'; readonly replicaSet: ReplicaSet; readonly replicas: number; readonly annotations: Annotations }
  | { readonly type: 'delete-replica-set'; readonly replicaSet: ReplicaSet }
  | { readonly type: 'set-revision'; readonly revision: string }

type Annotations = Readonly<Record<string, string>>

export interface DeploymentView {
  readonly deployment: Deployment
  /** Its ReplicaSets of all versions. */
  readonly replicaSets: readonly ReplicaSet[]
  /** Whether a pod of another version than the newest still runs; only Recreate asks. */
  readonly oldPodsLeft: boolean
}

/**
 * The next steps of a Deployment, decided from what there is, so that a controller that stopped anywhere goes on from there.
 * The changes that the steps cause bring the next call.
 */
export function planDeployment(view: DeploymentView): DeploymentStep[] {
  const { deployment, replicaSets } = view
  if (deployment.metadata.deletionTimestamp) return []
  const newest = findNewReplicaSet(deployment, replicaSets)
  const old = replicaSets.filter((one) => one !== newest)
  const marks = newest ? markNewest(deployment, newest, old) : []

  if (deployment.spec.paused) return [...marks, ...scaleAsDesired(deployment, newest, old), ...cleanUp(deployment, old)]
  if (wasScaled(deployment, replicaSets)) return [...marks, ...scaleAsDesired(deployment, newest, old)]
  const steps = deployment.spec.strategy?.type === 'Recreate' ? recreate(view, newest, old) : rollOut(deployment, newest, old)
  if (steps.length > 0) return [...marks, ...steps]
  return newest && isComplete(deployment, newest, old) ? [...marks, ...cleanUp(deployment, old)] : marks
}

/** The ReplicaSet of the Deployment's present template; the oldest one if there are several. */
export function findNewReplicaSet(deployment: Deployment, replicaSets: readonly ReplicaSet[]): ReplicaSet | undefined {
  return [...replicaSets].sort(oldestFirst).find(({ spec }) => sameTemplate(spec.template, deployment.spec.template))
}

function rollOut(deployment: Deployment, newest: ReplicaSet | undefined, old: readonly ReplicaSet[]): DeploymentStep[] {
  if (!newest) return [createReplicaSet(deployment, old)]
  const size = newReplicaSetSize(deployment, old, replicasOf(newest))
  if (size !== replicasOf(newest)) return [scale(deployment, { replicaSet: newest, replicas: size })]
  return trade(deployment, newest, old).map((scaling) => scale(deployment, scaling))
}

/** What the old ones give up is the newest's in the same pass: each pass more would cost a roll-out time. */
function trade(deployment: Deployment, newest: ReplicaSet, old: readonly ReplicaSet[]): Scaling[] {
  const shrunk = shrinkOldReplicaSets(deployment, newest, old)
  const sizes = new Map(shrunk.map(({ replicaSet, replicas }) => [replicaSet, replicas]))
  const left = old.map((one) => ({ ...one, spec: { ...one.spec, replicas: sizes.get(one) ?? replicasOf(one) } }))
  const size = newReplicaSetSize(deployment, left, replicasOf(newest))
  return size === replicasOf(newest) ? shrunk : [...shrunk, { replicaSet: newest, replicas: size }]
}

/** Everything old goes, and is gone, before anything new comes. */
function recreate(
  { deployment, oldPodsLeft }: DeploymentView,
  newest: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): DeploymentStep[] {
  const running = old.filter((one) => replicasOf(one) > 0)
  if (running.length > 0) return running.map((replicaSet) => scale(deployment, { replicaSet, replicas: 0 }))
  if (oldPodsLeft) return []
  if (!newest) return [createReplicaSet(deployment, old)]
  const desired = desiredReplicas(deployment)
  return replicasOf(newest) === desired ? [] : [scale(deployment, { replicaSet: newest, replicas: desired })]
}

/** Someone changed `spec.replicas`: a ReplicaSet still carries the number before. */
function wasScaled(deployment: Deployment, replicaSets: readonly ReplicaSet[]): boolean {
  return replicaSets.some((one) => {
    const known = one.metadata.annotations?.[DESIRED_REPLICAS]
    return replicasOf(one) > 0 && known !== undefined && Number(known) !== desiredReplicas(deployment)
  })
}

function scaleAsDesired(deployment: Deployment, newest: ReplicaSet | undefined, old: readonly ReplicaSet[]): DeploymentStep[] {
  return changed(deployment, desiredSizes(deployment, newest, old))
}

function desiredSizes(deployment: Deployment, newest: ReplicaSet | undefined, old: readonly ReplicaSet[]): Scaling[] {
  const all = newest ? [newest, ...old] : [...old]
  const active = all.filter((one) => replicasOf(one) > 0)
  const desired = desiredReplicas(deployment)
  if (active.length <= 1) {
    const only = active[0] ?? newest ?? [...old].sort(oldestFirst).at(-1)
    return only ? [{ replicaSet: only, replicas: desired }] : []
  }
  if (newest && isSaturated(deployment, newest)) {
    return active.filter((one) => one !== newest).map((replicaSet) => ({ replicaSet, replicas: 0 }))
  }
  return deployment.spec.strategy?.type === 'Recreate' ? [] : scaleProportionally(deployment, active)
}

function isSaturated(deployment: Deployment, newest: ReplicaSet): boolean {
  const desired = desiredReplicas(deployment)
  const known = Number(newest.metadata.annotations?.[DESIRED_REPLICAS])
  return replicasOf(newest) === desired && known === desired && availableOf(newest) === desired
}

/** Steps for those that have another size, or carry old numbers. */
function changed(deployment: Deployment, scalings: readonly Scaling[]): DeploymentStep[] {
  return scalings
    .map((scaling) => scale(deployment, scaling))
    .filter(
      (step) => step.replicas !== replicasOf(step.replicaSet) || differs(step.replicaSet.metadata.annotations, step.annotations),
    )
}

function differs(before: Annotations | undefined, wanted: Annotations): boolean {
  return Object.entries(wanted).some(([name, value]) => before?.[name] !== value)
}

function scale(deployment: Deployment, { replicaSet, replicas }: Scaling) {
  return { type: 'scale', replicaSet, replicas, annotations: sizeAnnotations(deployment) } as const
}

function sizeAnnotations(deployment: Deployment): Annotations {
  const desired = desiredReplicas(deployment)
  return { [DESIRED_REPLICAS]: String(desired), [MAX_REPLICAS]: String(desired + rollingBounds(deployment).maxSurge) }
}

function createReplicaSet(deployment: Deployment, old: readonly ReplicaSet[]): DeploymentStep {
  const { metadata, spec, status } = deployment
  const hash = templateHash(spec.template, status?.collisionCount ?? 0)
  const labels = { ...spec.template.metadata?.labels, [TEMPLATE_HASH_LABEL]: hash }
  const annotations = newReplicaSetAnnotations(deployment, sizeAnnotations(deployment), nextRevision(old))
  const replicaSet: Draft<ReplicaSet> = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${metadata.name}-${hash}`,
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      labels,
      annotations,
      ownerReferences: [ownerReferenceTo({ apiVersion: 'apps/v1', kind: 'Deployment', metadata }, { controller: true })],
    },
    spec: {
      replicas: newReplicaSetSize(deployment, old, 0),
      minReadySeconds: spec.minReadySeconds ?? 0,
      selector: { ...spec.selector, matchLabels: { ...spec.selector.matchLabels, [TEMPLATE_HASH_LABEL]: hash } },
      template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
    },
  }
  return { type: 'create-replica-set', replicaSet }
}

/** The newest ReplicaSet carries the Deployment's annotations and the highest revision; the Deployment repeats that. */
function markNewest(deployment: Deployment, newest: ReplicaSet, old: readonly ReplicaSet[]): DeploymentStep[] {
  const steps: DeploymentStep[] = []
  const before = newest.metadata.annotations ?? {}
  const revision = highest([nextRevision(old), revisionOf(newest)])
  const annotations = newReplicaSetAnnotations(deployment, before, revision)
  const minReadySeconds = deployment.spec.minReadySeconds ?? 0
  if (!isDeepStrictEqual(before, annotations) || (newest.spec.minReadySeconds ?? 0) !== minReadySeconds) {
    steps.push({ type: 'update-replica-set', replicaSet: newest, annotations, minReadySeconds })
  }
  const said = annotations[REVISION] ?? String(revision)
  if (deployment.metadata.annotations?.[REVISION] !== said) steps.push({ type: 'set-revision', revision: said })
  return steps
}

function isComplete(deployment: Deployment, newest: ReplicaSet, old: readonly ReplicaSet[]): boolean {
  const desired = desiredReplicas(deployment)
  const gone = sum(old, (one) => one.status?.replicas ?? 0) === 0
  return gone && (newest.status?.replicas ?? 0) === desired && availableOf(newest) === desired
}

/** Only so many old ReplicaSets are kept to roll back to. */
function cleanUp(deployment: Deployment, old: readonly ReplicaSet[]): DeploymentStep[] {
  const kept = old.filter(({ metadata }) => !metadata.deletionTimestamp)
  const surplus = kept.length - (deployment.spec.revisionHistoryLimit ?? 10)
  if (surplus <= 0) return []
  const oldest = kept.sort((a, b) => byRevision(a, b) || oldestFirst(a, b)).slice(0, surplus)
  return oldest.filter(isEmpty).map((replicaSet) => ({ type: 'delete-replica-set', replicaSet }))
}

function byRevision(a: ReplicaSet, b: ReplicaSet): number {
  return Number(revisionOf(a) - revisionOf(b))
}

function isEmpty({ metadata, spec, status }: ReplicaSet): boolean {
  const observed = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0)
  return observed && spec.replicas === 0 && (status?.replicas ?? 0) === 0
}
