import { request as httpRequest, type IncomingMessage, type RequestOptions, type ServerResponse } from 'node:http'
import { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { connect as tlsConnect } from 'node:tls'
import { ApiError, type Pod } from '@skiff/api'
import type { StreamRequest } from '../../http/request-context.ts'
import type { ObjectReader } from '../../registry/resource-definition.ts'
import type { Upgrade } from '../accept-upgrade.ts'
import type { Agents } from '../agent/agents.ts'
import { openPort, relayPort } from '../port-forward/agent-port.ts'
import { endToEndHeaders, proxiedPath, proxyPrefix, relocated } from './proxy-headers.ts'
import { type ProxyTarget, proxyTarget } from './proxy-target.ts'

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
  const left = new AbortController()
  response.once('close', () => left.abort())
  const sent = {
    method: request.method ?? 'GET',
    path: proxiedPath(request),
    headers: { ...endToEndHeaders(request.headers), 'content-length': String(body.length) },
    signal: AbortSignal.any([left.signal, closing]),
  }
  const answer =
    target.type === 'node' ? await agents.request(target.node, { ...sent, body }) : await requestPod(target, agents, sent, body)
  response.writeHead(answer.statusCode ?? 502, relocated(endToEndHeaders(answer.headers), proxyPrefix(request)))
  response.flushHeaders()
  await pipeline(answer, response).catch(() => response.destroy())
}

async function requestPod(
  target: ProxyTarget & { type: 'pod' },
  agents: Agents,
  options: RequestOptions,
  body: Buffer,
): Promise<IncomingMessage> {
  const connection = await connectPod(target, agents)
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
  const connection = await connectPod(target, agents)
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

function responseHead(answer: IncomingMessage, headers: Readonly<Record<string, string | string[]>>): string {
  const lines = Object.entries(headers).flatMap(([name, value]) => [value].flat().map((each) => `${name}: ${each}`))
  return `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n${lines.join('\r\n')}\r\n\r\n`
}

/** A connection into the pod, through its node's agent: it works from wherever the master runs, and reaches nothing else. */
async function connectPod({ pod, port, scheme }: ProxyTarget & { type: 'pod' }, agents: Agents): Promise<Duplex> {
  const socket = await openPort(agents, pod, port)
  const [near, far] = duplexPair()
  void relayPort(far, socket).then((problem) => {
    if (problem !== undefined) near.destroy(new Error(problem))
  })
  // As upstream: what a pod serves by HTTPS has seldom a certificate that means anything here.
  return scheme === 'https' ? tlsConnect({ socket: near, rejectUnauthorized: false }) : near
}

function duplexPair(): [Duplex, Duplex] {
  const pair = [new HalfPipe(), new HalfPipe()] as const
  pair[0].join(pair[1])
  pair[1].join(pair[0])
  return [pair[0], pair[1]]
}

/** One end of a pipe in memory: what is written here is read at the other end. */
class HalfPipe extends Duplex {
  #other: HalfPipe | undefined
  #written: (() => void) | undefined

  join(other: HalfPipe): void {
    this.#other = other
    this.on('error', () => undefined)
  }

  override _read(): void {
    this.#other?.release()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#other === undefined || this.#other.destroyed || this.#other.push(chunk)) done()
    else this.#written = done
  }

  override _final(done: () => void): void {
    if (this.#other?.destroyed === false) this.#other.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.release()
    if (this.#other?.destroyed === false) this.#other.destroy()
    done(error)
  }

  release(): void {
    const written = this.#written
    this.#written = undefined
    written?.()
  }
}

function failed(pod: Pod, error: Error): ApiError {
  return new ApiError('ServiceUnavailable', `error trying to reach pod ${pod.metadata.name}: ${error.message}`, { cause: error })
}
