import type { NodeState } from '../node-state.ts'
import type { PodInfo } from '../pod-info.ts'
import { formatAmount } from '../resources.ts'
import type { Filter } from './filter.ts'

/** Requests against allocatable; limits play no part, as upstream has it. */
export const resources: Filter = {
  name: 'NodeResourcesFit',
  freedByPods: true,

  check(pod, node) {
    const lacking = lackingResource(pod, node)
    return lacking && `Insufficient ${lacking}`
  },

  cure(pod, nodes) {
    const resource = nodes[0] && lackingResource(pod, nodes[0])
    if (!resource) return 'Lower what the pod requests, or add a node.'
    const wanted = formatAmount(resource, pod.requests.get(resource) ?? 0)
    const most = Math.max(0, ...nodes.map((node) => node.free(resource)))
    return `Lower the pod's ${resource} request (${wanted}; the most that is free on one of these nodes is ${formatAmount(resource, most)}), or add a node.`
  },
}

function lackingResource(pod: PodInfo, node: Readonly<NodeState>): string | undefined {
  for (const [resource, amount] of pod.requests) {
    if (amount > node.free(resource)) return resource
  }
  return undefined
}
