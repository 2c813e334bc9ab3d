import {
  findCondition,
  labelSelectorMatches,
  type Pod,
  podIsAvailable,
  podIsReady,
  type ReplicaSet,
  setCondition,
} from '@skiff/api'
import { withoutZeros } from '../shared/patch-status.ts'

type ReplicaSetStatus = NonNullable<ReplicaSet['status']>

export interface ReplicaFailure {
  readonly reason: 'FailedCreate' | 'FailedDelete'
  readonly message: string
}

/** What the ReplicaSet's status says of its active pods, and of the last attempt to change their number. */
export function replicaSetStatus(
  replicaSet: ReplicaSet,
  active: readonly Pod[],
  { failure, now }: { readonly failure?: ReplicaFailure | undefined; readonly now: Date },
): ReplicaSetStatus {
  const { spec, metadata, status } = replicaSet
  const ready = active.filter(podIsReady)
  const templateLabels = { matchLabels: spec.template?.metadata?.labels ?? {} }
  return {
    replicas: active.length,
    ...withoutZeros({
      fullyLabeledReplicas: active.filter((pod) => labelSelectorMatches(templateLabels, pod.metadata.labels)).length,
      readyReplicas: ready.length,
      availableReplicas: ready.filter((pod) => podIsAvailable(pod, spec.minReadySeconds ?? 0, now)).length,
      observedGeneration: metadata.generation ?? 1,
      conditions: conditionsWith(status?.conditions, failure, now),
    }),
  }
}

function conditionsWith(before: ReplicaSetStatus['conditions'], failure: ReplicaFailure | undefined, now: Date) {
  if (failure === undefined) return (before ?? []).filter(({ type }) => type !== 'ReplicaFailure')
  // Each attempt names another pod: the first one's message stays, so that attempts alone are no news to anybody.
  if (before && findCondition(before, 'ReplicaFailure')?.reason === failure.reason) return before
  return [...setCondition(before, { type: 'ReplicaFailure', status: 'True', ...failure }, now)]
}

/** When the next pod that is ready will count as available; undefined when none waits for that. */
export function msUntilNextAvailable(pods: readonly Pod[], minReadySeconds: number, now: Date): number | undefined {
  const waits = pods
    .filter((pod) => podIsReady(pod) && !podIsAvailable(pod, minReadySeconds, now))
    .map(
      (pod) =>
        Date.parse(findCondition(pod.status?.conditions, 'Ready')?.lastTransitionTime ?? '') +
        minReadySeconds * 1000 -
        now.getTime(),
    )
    .filter((ms) => !Number.isNaN(ms))
  return waits.length === 0 ? undefined : Math.max(1, Math.min(...waits))
}
