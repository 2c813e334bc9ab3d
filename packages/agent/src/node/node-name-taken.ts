import { isNotFound, LEASES, type Lease, NODES, type Node } from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import { JoinError } from '../bootstrap/join-error.ts'
import { NODE_LEASES } from './node-lease.ts'
import { IDENTITY_ANNOTATION } from './node-reporter.ts'

/** Throws JoinError when a living agent of another machine has this node's name. */
export async function refuseTakenName(client: ApiClient, name: string, identity: string, now: Date): Promise<void> {
  const node = await orUndefined(client.get<Node>(NODES, { name }))
  const other = node?.metadata.annotations?.[IDENTITY_ANNOTATION]
  if (node === undefined || other === undefined || other === identity) return
  const lease = await orUndefined(client.get<Lease>(LEASES, { namespace: NODE_LEASES, name }))
  const { renewTime, leaseDurationSeconds = 40 } = lease?.spec ?? {}
  if (!renewTime || Date.parse(renewTime) + leaseDurationSeconds * 1000 < now.getTime()) return
  const address = node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? 'an unknown address'
  throw new JoinError(
    `the node name ${name} is taken by another machine (${address}): choose another with --node-name, or stop the agent there and wait ${leaseDurationSeconds} s`,
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
