import type { Filter } from './filter.ts'

export const podLimit: Filter = {
  name: 'PodLimit',
  freedByPods: true,

  check(_, node) {
    const limit = node.allocatable.get('pods')
    return limit !== undefined && node.podCount + 1 > limit ? 'Too many pods' : undefined
  },

  cure: (_, nodes) =>
    `Every node runs as many pods as it may (${nodes[0]?.allocatable.get('pods')}): add a node or raise its agent's --max-pods.`,
}
