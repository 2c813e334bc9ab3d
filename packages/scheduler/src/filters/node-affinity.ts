import { nodeMatchesAnyTerm } from '@skiff/api'
import type { Filter } from './filter.ts'

export const nodeAffinity: Filter = {
  name: 'NodeAffinity',

  check({ pod, requiredNodes }, { node }) {
    const labels = node.metadata.labels ?? {}
    const wanted = Object.entries(pod.spec.nodeSelector ?? {})
    const selected = wanted.every(([key, value]) => labels[key] === value)
    const fits = selected && (requiredNodes === undefined || nodeMatchesAnyTerm(node, requiredNodes))
    return fits ? undefined : "node(s) didn't match Pod's node affinity/selector"
  },

  cure({ pod }) {
    const labels = Object.entries(pod.spec.nodeSelector ?? {}).map(([key, value]) => `${key}=${value}`)
    if (labels.length === 0) return "Label a node as the pod's required node affinity asks, or relax that affinity."
    return `Label a node: \`kubectl label node <name> ${labels.join(' ')}\`, or change the pod's nodeSelector.`
  },
}
