import { forbidden } from '@skiff/api'
import { isMaster, nodeNameOf } from '../auth/users.ts'
import type { StreamRequest } from '../http/request-context.ts'
import type { NodeLiveness } from '../liveness/node-liveness.ts'
import { serveNodeStream } from '../liveness/node-stream.ts'
import { acceptWebSocket, type Upgrade } from './accept-upgrade.ts'

const PATH = /^\/skiff\/v1\/nodes\/([^/]+)\/stream$/

/** The node of a liveness stream's path, undefined for other paths. */
export function livenessNode(path: string): string | undefined {
  return PATH.exec(path)?.[1]
}

/** A node's heartbeats: only the node itself may send them. */
export async function acceptNodeStream(stream: StreamRequest & Upgrade, node: string, liveness: NodeLiveness): Promise<void> {
  if (nodeNameOf(stream.user) !== node && !isMaster(stream.user)) {
    throw forbidden('nodes', node, `user "${stream.user.name}" is not this node`)
  }
  serveNodeStream({ socket: await acceptWebSocket(stream), node, liveness })
}
