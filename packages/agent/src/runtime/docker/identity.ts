import { CLUSTER, CONTAINER_NAME, DOCKER_TYPE, NODE, POD_NAME, POD_NAMESPACE, POD_UID } from '../../pods/labels.ts'
import type { PodRef } from '../runtime.ts'

/** Whose containers these are: nothing without both labels is ever touched. */
export interface Owner {
  readonly clusterId: string
  readonly node: string
}

export type Labels = Readonly<Record<string, string>>

/** Names of containers, as dockershim wrote them. */
export function containerName(name: string, pod: PodRef, attempt: number): string {
  return ['k8s', name, pod.name, pod.namespace, pod.uid, attempt].join('_')
}

export function sandboxName(pod: PodRef, attempt: number): string {
  return containerName('POD', pod, attempt)
}

/** The attempt is the last part of the name: a restarted agent knows it without a label. */
export function attemptOf(containerName: string): number {
  const attempt = Number(containerName.slice(containerName.lastIndexOf('_') + 1))
  return Number.isInteger(attempt) ? attempt : 0
}

export function ownerLabels(owner: Owner): Labels {
  return { [CLUSTER]: owner.clusterId, [NODE]: owner.node }
}

export function sandboxLabels(owner: Owner, pod: PodRef, extra: Labels): Labels {
  return { ...extra, ...podLabels(pod), ...ownerLabels(owner), [CONTAINER_NAME]: 'POD', [DOCKER_TYPE]: 'podsandbox' }
}

export function containerLabels(owner: Owner, container: { readonly pod: PodRef; readonly name: string }, extra: Labels): Labels {
  return {
    ...extra,
    ...podLabels(container.pod),
    ...ownerLabels(owner),
    [CONTAINER_NAME]: container.name,
    [DOCKER_TYPE]: 'container',
  }
}

export function isOwn(owner: Owner, labels: Labels): boolean {
  return labels[CLUSTER] === owner.clusterId && labels[NODE] === owner.node && labels[POD_UID] !== undefined
}

export function isSandbox(labels: Labels): boolean {
  return labels[DOCKER_TYPE] === 'podsandbox'
}

export function podOf(labels: Labels): PodRef {
  return { namespace: labels[POD_NAMESPACE] ?? '', name: labels[POD_NAME] ?? '', uid: labels[POD_UID] ?? '' }
}

function podLabels(pod: PodRef): Labels {
  return { [POD_NAME]: pod.name, [POD_NAMESPACE]: pod.namespace, [POD_UID]: pod.uid }
}
