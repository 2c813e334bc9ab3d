import { type Node, type Pod, podIsTerminating, type Taint } from '@skiff/api'

export type PodFate = 'keep' | 'delete' | 'delete-if-node-is-gone'

const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service'

/** Whether nobody is left who could end this pod in the ordinary way: its node is gone, was never chosen, or was given up. */
export function podFate(pod: Pod, node: Node | undefined): PodFate {
  if (!pod.spec.nodeName) return podIsTerminating(pod) ? 'delete' : 'keep'
  if (!node) return 'delete-if-node-is-gone'
  const givenUp = (node.spec.taints ?? []).some(({ key }: Taint) => key === OUT_OF_SERVICE)
  return givenUp && podIsTerminating(pod) ? 'delete' : 'keep'
}
