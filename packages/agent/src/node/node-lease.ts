import { setTimeout as delay } from 'node:timers/promises'
import { isAlreadyExists, isNotFound, LEASES, type Lease, type Node, rfc3339Micro } from '@skiff/api'
import type { ApiClient, Log } from '@skiff/client'

export const NODE_LEASES = 'kube-node-lease'
const LEASE_SECONDS = 40
const RENEW_MS = 10_000

export interface NodeLeaseOptions {
  readonly client: ApiClient
  readonly node: Node
  readonly identity: string
  readonly now: () => Date
  readonly logger: Log
  readonly signal: AbortSignal
}

/** Renews the node's Lease until the signal; what a client other than the master tells a living node by. */
export async function keepNodeLease(options: NodeLeaseOptions): Promise<void> {
  const { signal, logger } = options
  while (!signal.aborted) {
    await renew(options).catch((error: unknown) => logger.debug({ err: error }, 'node lease was not renewed'))
    await delay(RENEW_MS, undefined, { signal }).catch(() => undefined)
  }
}

async function renew({ client, node, now }: NodeLeaseOptions): Promise<void> {
  const { name } = node.metadata
  const spec = { holderIdentity: name, leaseDurationSeconds: LEASE_SECONDS, renewTime: rfc3339Micro(now()) }
  try {
    await client.patch<Lease>(LEASES, { namespace: NODE_LEASES, name }, { type: 'merge', body: { spec } })
  } catch (error) {
    if (!isNotFound(error)) throw error
    await createLease(client, node, spec)
  }
}

async function createLease(client: ApiClient, node: Node, spec: object): Promise<void> {
  const { name, uid } = node.metadata
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name, uid }]
  try {
    await client.create<Lease>(LEASES, { metadata: { namespace: NODE_LEASES, name, ownerReferences }, spec } as never)
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
}
