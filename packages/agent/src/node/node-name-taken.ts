import { findCondition, isNotFound, NODES, type Node } from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import { JoinError } from '../bootstrap/join-error.ts'
import { IDENTITY_ANNOTATION } from './node-reporter.ts'

/**
 * Throws JoinError when a living agent of another machine has this node's name. Whether it lives is the master's word,
 * which counts on no clock: it says Unknown of nodes that fell silent.
 */
export async function refuseTakenName(client: ApiClient, name: string, identity: string): Promise<void> {
  const node = await orUndefined(client.get<Node>(NODES, { name }))
  const other = node?.metadata.annotations?.[IDENTITY_ANNOTATION]
  if (node === undefined || other === undefined || other === identity) return
  if (findCondition(node.status?.conditions, 'Ready')?.status === 'Unknown') return
  const address = node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? 'an unknown address'
  throw new JoinError(
    `the node name ${name} is taken by another machine (${address}): choose another with --node-name, or stop the agent there and wait until the node is no longer Ready`,
  )
}

async function orUndefined<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}
