import {
  type ConditionLike,
  type Deployment,
  findCondition,
  type KubeObject,
  podIsReady,
  podIsTerminal,
  type ReplicaSet,
} from '@skiff/api'
import { type Explanation, type Finding, inNamespace, sentence } from './finding.ts'
import { isDeleting, latestWarning, podsOwnedBy, type Surroundings } from './surroundings.ts'
import { whyPod } from './why-pod.ts'

type Cause = Omit<Finding, 'about'>

/** Why a controller of pods hasn't as many of them ready as it should: what it says itself, then its pods' reasons. */
export function whyWorkload(kind: string, workload: Deployment | ReplicaSet, around: Surroundings): Explanation {
  const about = `${kind}/${workload.metadata.name}`
  const pods = podsOwnedBy(around, workload).filter((pod) => !podIsTerminal(pod))
  const wanted = workload.spec.replicas ?? 1
  const ready = pods.filter((pod) => podIsReady(pod) && !isDeleting(pod)).length
  const waiting = pods.filter((pod) => !podIsReady(pod) && !isDeleting(pod))
  const own = ownCauses(workload, around, { wanted, existing: pods.length })
  const theirs = waiting.flatMap((pod) => whyPod(pod, around).findings)
  return { findings: [...own.map((cause) => ({ about, ...cause })), ...theirs], fine: fineOf(wanted, ready) }
}

function fineOf(wanted: number, ready: number): string {
  if (wanted === 0) return 'It is scaled to 0: it should have no pods.'
  if (ready >= wanted) return wanted === 1 ? 'Its one pod is ready.' : `All ${wanted} of its pods are ready.`
  return `${ready} of ${wanted} pods are ready, and nothing speaks against the others.`
}

function ownCauses(
  workload: Deployment | ReplicaSet,
  around: Surroundings,
  { wanted, existing }: { wanted: number; existing: number },
): readonly Cause[] {
  const causes: Cause[] = []
  const conditions: readonly ConditionLike[] = workload.status?.conditions ?? []
  const failure = findCondition(conditions, 'ReplicaFailure')
  if (failure?.status === 'True')
    causes.push({
      cause: sentence(`Its pods can't be created: ${failure.message ?? failure.reason}`),
      cure: cureOfCreate(failure.message ?? ''),
    })
  const progressing = findCondition(conditions, 'Progressing')
  if (progressing?.reason === 'ProgressDeadlineExceeded') {
    causes.push({
      cause: 'The roll-out has made no progress within its deadline; pods of the revision before go on.',
      cure: rollback(workload),
    })
  }
  if ('paused' in workload.spec && workload.spec.paused === true && isStale(workload)) {
    causes.push({
      cause: 'It is paused: changes are not rolled out.',
      cure: `kubectl rollout resume deployment ${workload.metadata.name}${inNamespace(workload.metadata.namespace)}`,
    })
  }
  if (causes.length === 0 && existing < wanted) causes.push(...notCreated(workload, around, wanted - existing))
  return causes
}

/** Not all its pods are of the newest template. */
function isStale({ spec, status }: Deployment | ReplicaSet): boolean {
  return ((status as Deployment['status'])?.updatedReplicas ?? 0) < (spec.replicas ?? 1)
}

function notCreated(workload: Deployment | ReplicaSet, around: Surroundings, missing: number): readonly Cause[] {
  const owners: readonly Pick<KubeObject, 'metadata'>[] = [
    workload,
    ...around.replicaSets.filter((set) => set.metadata.ownerReferences?.some(({ uid }) => uid === workload.metadata.uid)),
  ]
  const warning = owners.map((owner) => latestWarning(around, owner)).find((event) => event !== undefined)
  if (warning)
    return [
      {
        cause: sentence(`${missing} of its pods don't exist: ${warning.message ?? warning.reason}`),
        cure: cureOfCreate(warning.message ?? ''),
      },
    ]
  return [{ cause: `${missing} of its pods don't exist yet: the controller is about to create them.`, cure: '' }]
}

function cureOfCreate(message: string): string {
  if (/PodSecurity|violates/i.test(message))
    return 'Change the pod template so that the level allows it, or label the namespace pod-security.kubernetes.io/enforce=privileged.'
  if (/quota/i.test(message)) return 'Raise the ResourceQuota, or ask for less.'
  if (/serviceaccount/i.test(message)) return 'Create that ServiceAccount.'
  return 'Correct the pod template as the message says.'
}

function rollback(workload: Deployment | ReplicaSet): string {
  return `Mend the template, or go back: kubectl rollout undo deployment ${workload.metadata.name}${inNamespace(workload.metadata.namespace)}`
}
