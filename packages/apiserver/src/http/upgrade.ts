/** WebSocket and SPDY requests: allowed as any other, then handed to streaming; refused with a plain HTTP Status. */

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { ApiError, type KindInfo } from '@skiff/api'
import { admitConnection } from '../admission/connect.ts'
import { hasSubresource, STREAMED } from '../verbs/subresources.ts'
import { authenticated, requireAllowed } from './app.ts'
import type { Connections } from './connections.ts'
import type { UpgradeListener } from './listeners.ts'
import { noSuchResource } from './refusals.ts'
import type { RequestInfo } from './request-context.ts'
import { parseRequestInfo } from './request-info.ts'
import type { ServerContext } from './server-context.ts'
import { statusOf } from './status-answer.ts'

const STREAM_PATHS = /^\/skiff\/v1\//

export function upgradeListener(context: ServerContext, connections: Connections): UpgradeListener {
  return (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    endWithServer(socket, context.stopping)
    const info = parseRequestInfo(request.method ?? 'GET', request.url ?? '/')
    serveUpgrade(context, connections, { request, socket, head, info }).catch((error: unknown) => {
      refuse(socket, statusOf(error, context.logger, { method: request.method ?? '', path: info.path }))
    })
  }
}

/** Node's server forgets upgraded connections, and yet waits for them to close. */
function endWithServer(socket: Duplex, stopping: AbortSignal): void {
  const end = () => socket.destroy()
  stopping.addEventListener('abort', end, { once: true })
  socket.once('close', () => stopping.removeEventListener('abort', end))
}

interface Upgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
  readonly info: RequestInfo
}

async function serveUpgrade(context: ServerContext, connections: Connections, upgrade: Upgrade): Promise<void> {
  const { request, socket, head, info } = upgrade
  if (connections.kindOf(request.socket) === 'plain') throw new ApiError('BadRequest', 'streams are served over HTTPS only')
  const user = await authenticated(context, connections, { raw: request })
  requireAllowed(context, user, info)
  const extension = context.aggregation?.serverOf(info.path)
  if (extension !== undefined) {
    await context.aggregation?.passOnUpgrade(extension, { request, user, closing: context.stopping, socket, head })
    return
  }
  const resource = requireStreamed(context, info)
  if (resource !== undefined) await admitConnection({ admission: context.admission, resource, info, user })
  if (context.streaming === undefined) throw new ApiError('ServiceUnavailable', 'streaming is not available on this server')
  await context.streaming.upgrade({ info, user, request, socket, head })
}

/** The resource that is to be connected with; undefined for paths of our own. */
function requireStreamed(context: ServerContext, info: RequestInfo): KindInfo | undefined {
  if (!info.isResource) {
    if (STREAM_PATHS.test(info.path)) return undefined
    throw noSuchResource()
  }
  const registry = context.registry.find(info)
  if (registry === undefined || !hasSubresource(registry.definition, info.subresource)) throw noSuchResource()
  if (!STREAMED.has(info.subresource)) throw new ApiError('BadRequest', `${info.subresource} can't be upgraded`)
  return registry.info
}

function refuse(socket: Duplex, status: ReturnType<typeof statusOf>): void {
  if (socket.destroyed || !socket.writable) return
  const body = JSON.stringify(status)
  const head = [
    `HTTP/1.1 ${status.code ?? 500} ${status.reason ?? 'Error'}`,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
