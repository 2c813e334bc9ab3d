/** What master, agents and commands all ask of a node. */

import { conditionIsTrue } from './conditions.ts'
import type { Node } from './types.ts'

export function nodeIsReady(node: Pick<Node, 'status'>): boolean {
  return conditionIsTrue(node.status?.conditions, 'Ready')
}

/** Where the node is reached: by default inside the cluster. Undefined: it has not said so yet. */
export function addressOfNode(node: Pick<Node, 'status'>, type: 'InternalIP' | 'ExternalIP' = 'InternalIP'): string | undefined {
  return node.status?.addresses?.find((address) => address.type === type)?.address
}
