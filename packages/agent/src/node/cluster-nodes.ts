import { NODES, type Node } from '@skiff/api'
import { type ApiClient, type Checkpoint, createInformer, type Informer, type Log, snapshotIn } from '@skiff/client'

export interface ClusterNodesOptions {
  readonly client: ApiClient
  readonly checkpoint: Checkpoint
  readonly logger: Log
  readonly signal: AbortSignal
}

/** All nodes: the host's own, those that routes lead to, and those that may have an image. To be started. */
export function clusterNodes({ client, checkpoint, logger, signal }: ClusterNodesOptions): Informer<Node> {
  return createInformer<Node>(client, NODES, { snapshot: snapshotIn<Node>(checkpoint, 'nodes', keptOfNode), logger, signal })
}

/** Without what changes all the time, so that an idle cluster writes nothing. It is no version that the API ever had. */
function keptOfNode({ metadata, status, ...rest }: Node): Node {
  const { images, conditions, ...kept } = status ?? {}
  return { ...rest, metadata: { ...metadata, resourceVersion: '' }, status: kept }
}
