import { controllerOf, keyOf, type NodeSelectorTerm, type Pod } from '@skiff/api'
import { type ResourceAmounts, scoringResources, takenResources } from './resources.ts'
import type { PodVolumes } from './volumes/pod-volumes.ts'

export interface HostPort {
  /** `0.0.0.0` is every address of the host. */
  readonly address: string
  readonly port: number
  readonly protocol: string
}

/** What filters and scores ask of a pod, worked out once per version of the pod. */
export interface PodInfo {
  readonly key: string
  readonly pod: Pod
  readonly requests: ResourceAmounts
  /** Like `requests`, with upstream's assumed 100m and 200Mi for containers that ask for nothing, so that they spread too. */
  readonly assumedRequests: ResourceAmounts
  readonly hostPorts: readonly HostPort[]
  readonly images: readonly string[]
  readonly requiredNodes: readonly NodeSelectorTerm[] | undefined
  readonly preferredNodes: readonly { weight: number; preference: NodeSelectorTerm }[]
  /** Keys of what should be spread over nodes: the pod's owner and the Services that select it. Empty once the pod leaves. */
  readonly spreadGroups: readonly string[]
  /** What its claims ask, when the pod is to get a node; absent without claims. */
  readonly volumes?: PodVolumes
}

/** @param services keys of the Services that select this pod */
export function podInfoOf(pod: Pod, services: readonly string[] = []): PodInfo {
  const affinity = pod.spec.affinity?.nodeAffinity
  return {
    key: keyOf(pod),
    pod,
    requests: takenResources(pod),
    assumedRequests: scoringResources(pod.spec),
    hostPorts: hostPortsOf(pod),
    images: pod.spec.containers.flatMap(({ image }) => (image ? [canonicalImage(image)] : [])),
    requiredNodes: affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms,
    preferredNodes: affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [],
    spreadGroups: spreadGroupsOf(pod, services),
  }
}

function hostPortsOf(pod: Pod): HostPort[] {
  return pod.spec.containers.flatMap((container) =>
    (container.ports ?? []).flatMap(({ hostPort, hostIP, protocol }) =>
      hostPort ? [{ port: hostPort, address: hostIP || '0.0.0.0', protocol: protocol ?? 'TCP' }] : [],
    ),
  )
}

function spreadGroupsOf(pod: Pod, services: readonly string[]): string[] {
  if (pod.metadata.deletionTimestamp) return []
  const owner = controllerOf(pod)
  return [...(owner ? [`owner/${owner.uid}`] : []), ...services.map((service) => `service/${service}`)]
}

/** One spelling for Docker's many: `posts`, `posts:latest` and `docker.io/library/posts:latest` are one image. */
export function canonicalImage(name: string): string {
  const short = name.replace(/^(index\.)?docker\.io\//, '').replace(/^library\//, '')
  const lastPart = short.slice(short.lastIndexOf('/') + 1)
  return lastPart.includes(':') || lastPart.includes('@') ? short : `${short}:latest`
}
