import type { Taint } from '@skiff/api'
import { untoleratedTaint } from '../taints.ts'
import type { Filter } from './filter.ts'

export const taints: Filter = {
  name: 'TaintToleration',

  check({ pod }, node) {
    const taint = untoleratedTaint(node.taints, pod.spec.tolerations ?? [])
    return taint && `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`
  },

  cure({ pod }, nodes) {
    const [node] = nodes
    const taint = node && untoleratedTaint(node.taints, pod.spec.tolerations ?? [])
    if (!node || !taint) return 'Remove the taint or let the pod tolerate it.'
    if (isNodeCondition(taint))
      return `\`kubectl describe node ${node.name}\` says what is wrong with it; the taint goes when that is mended.`
    return `Let the pod tolerate it, or remove it: \`kubectl taint node ${node.name} ${taint.key}:${taint.effect}-\`.`
  },
}

/** Such taints say a node's state; removing one by hand doesn't help, it comes back. */
function isNodeCondition(taint: Taint): boolean {
  return taint.key.startsWith('node.kubernetes.io/')
}
