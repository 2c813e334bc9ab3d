import type { Pod } from '@skiff/api'
import type { DownwardContext } from '../containers/downward.ts'
import type { PodContainers } from '../runtime/runtime.ts'
import { liveSandbox } from './container-history.ts'
import { POD_IP } from './labels.ts'
import type { PodTools } from './pod-tools.ts'

/** The pod's address: its sandbox's, or the one that is reserved for it. Pods on the host's network have the node's. */
export function podIpOf(pod: Pod, observed: PodContainers, { node, network }: Pick<PodTools, 'node' | 'network'>): string {
  if (pod.spec.hostNetwork) return node.ip
  return liveSandbox(observed)?.labels[POD_IP] || network.allocate(pod.metadata.uid)
}

export function downwardContext(pod: Pod, observed: PodContainers, tools: Pick<PodTools, 'node' | 'network'>): DownwardContext {
  const { node } = tools
  return { podIp: podIpOf(pod, observed, tools), nodeIp: node.ip, allocatable: node.allocatable }
}
