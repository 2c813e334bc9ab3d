import { request as httpRequest, type IncomingMessage, type RequestOptions, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { connect as tlsConnect } from 'node:tls'
import { createGunzip, createInflate } from 'node:zlib'
import { ApiError, type Pod } from '@skiff/api'
import type { StreamRequest } from '../../http/request-context.ts'
import type { ObjectReader } from '../../registry/resource-definition.ts'
import type { Upgrade } from '../accept-upgrade.ts'
import type { Agents } from '../agent/agents.ts'
import { connectPod } from './connect-pod.ts'
import { endToEndHeaders, forwardedFor, proxiedPath, proxyPrefix, relocated, rootOf, withoutCors } from './proxy-headers.ts'
import { type ProxyTarget, proxyTarget } from './proxy-target.ts'
import { rewriteLinks } from './rewrite-links.ts'

interface Backend {
  readonly objects: ObjectReader
  readonly agents: Agents
  readonly closing: AbortSignal
}

const ANSWER_TIMEOUT_MS = 60_000

/** `proxy` of nodes, pods and services: one request to the backend, its answer passed on. */
export async function serveProxy(
  stream: StreamRequest & { readonly body: Buffer; readonly response: ServerResponse },
  { objects, agents, closing }: Backend,
): Promise<void> {
  const { info, request, response, body } = stream
  const target = proxyTarget(info, objects)
  const root = rootOf(request)
  if (root !== undefined) {
    response.writeHead(301, { location: root }).end()
    return
  }
  const left = new AbortController()
  response.once('close', () => left.abort())
  const sent = {
    method: request.method ?? 'GET',
    path: proxiedPath(request),
    headers: { ...endToEndHeaders(request.headers), ...forwardedFor(request), 'content-length': String(body.length) },
    signal: AbortSignal.any([left.signal, closing]),
  }
  const answer =
    target.type === 'node' ? await agents.request(target.node, { ...sent, body }) : await requestPod(target, agents, sent, body)
  await passOn(answer, request, response)
}

/** Pages are rewritten on the way, so that their links lead through the proxy too; everything else passes as it is. */
async function passOn(answer: IncomingMessage, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const prefix = proxyPrefix(request)
  const headers = relocated(withoutCors(endToEndHeaders(answer.headers)), prefix)
  const decoders = request.method === 'HEAD' || !isHtml(answer) ? undefined : decodersOf(answer)
  if (decoders === undefined) {
    response.writeHead(answer.statusCode ?? 502, headers)
    response.flushHeaders()
    await pipeline(answer, response).catch(() => response.destroy())
    return
  }
  const { 'content-length': _, 'content-encoding': __, ...passed } = headers
  response.writeHead(answer.statusCode ?? 502, passed)
  await pipeline([answer, ...decoders, rewriteLinks(prefix), response]).catch(() => response.destroy())
}

function isHtml({ headers }: IncomingMessage): boolean {
  return headers['content-type']?.split(';')[0]?.trim().toLowerCase() === 'text/html'
}

/** What makes plain text of the body; undefined: it can't be read here. */
function decodersOf({ headers }: IncomingMessage): Duplex[] | undefined {
  switch (headers['content-encoding'] ?? 'identity') {
    case 'identity':
      return []
    case 'gzip':
      return [createGunzip()]
    case 'deflate':
      return [createInflate()]
    default:
      return undefined
  }
}

async function requestPod(
  target: ProxyTarget & { type: 'pod' },
  agents: Agents,
  options: RequestOptions,
  body: Buffer,
): Promise<IncomingMessage> {
  const connection = await connectTarget(target, agents)
  return new Promise((resolve, reject) => {
    const request = httpRequest({ ...options, createConnection: () => connection, timeout: ANSWER_TIMEOUT_MS }, resolve)
    request.once('timeout', () => request.destroy(new Error('no answer in time')))
    request.once('error', (error) => reject(failed(target.pod, error)))
    request.end(body)
  })
}

/**
 * A WebSocket or another upgrade through the proxy. Bytes are joined only after the backend's 101; any other answer
 * is passed on as what it is.
 */
export async function upgradeProxy(stream: StreamRequest & Upgrade, { objects, agents, closing }: Backend): Promise<void> {
  const { info, request, socket, head } = stream
  const target = proxyTarget(info, objects)
  if (target.type === 'node') throw new ApiError('BadRequest', 'a node can not be reached by an upgraded proxy request')
  const connection = await connectTarget(target, agents)
  const headers = { ...endToEndHeaders(request.headers), connection: 'Upgrade', upgrade: request.headers.upgrade ?? '' }
  const toPod = httpRequest({
    method: request.method,
    path: proxiedPath(request),
    headers,
    createConnection: () => connection,
    signal: closing,
  })
  await new Promise<void>((resolve, reject) => {
    toPod.once('error', (error) => reject(failed(target.pod, error)))
    toPod.once('response', (answer) => {
      socket.write(responseHead(answer, { ...endToEndHeaders(answer.headers), connection: 'close' }))
      pipeline(answer, socket).then(resolve, () => resolve())
    })
    toPod.once('upgrade', (answer, podSocket, podHead) => {
      socket.write(responseHead(answer, answer.headers as Record<string, string>))
      if (podHead.length > 0) podSocket.unshift(podHead)
      if (head.length > 0) socket.unshift(head)
      pipeline(socket, podSocket, socket).then(resolve, () => resolve())
    })
    toPod.end()
  })
}

/** The first line and the headers, as they go over the wire. */
export function responseHead(answer: IncomingMessage, headers: Readonly<Record<string, string | string[]>>): string {
  const lines = Object.entries(headers).flatMap(([name, value]) => [value].flat().map((each) => `${name}: ${each}`))
  return `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n${lines.join('\r\n')}\r\n\r\n`
}

async function connectTarget({ pod, port, scheme }: ProxyTarget & { type: 'pod' }, agents: Agents): Promise<Duplex> {
  const connection = await connectPod(agents, pod, port)
  // As upstream: what a pod serves by HTTPS has seldom a certificate that means anything here.
  return scheme === 'https' ? tlsConnect({ socket: connection, rejectUnauthorized: false }) : connection
}

function failed(pod: Pod, error: Error): ApiError {
  return new ApiError('ServiceUnavailable', `error trying to reach pod ${pod.metadata.name}: ${error.message}`, { cause: error })
}
