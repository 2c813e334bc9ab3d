import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { badRequest, type FieldError, forbiddenField, invalid, invalidObject } from '@skiff/api'
import type { WebSocket } from 'ws'
import type { RequestInfo, StreamRequest } from '../http/request-context.ts'
import { isTrue } from '../http/request-info.ts'
import type { ObjectReader } from '../registry/resource-definition.ts'
import { acceptWebSocket, chooseWebSocketProtocol, offersNoProtocol, type Upgrade, upgradeKind } from './accept-upgrade.ts'
import type { Agents } from './agent/agents.ts'
import { deletedPodLog } from './deleted-pod-logs.ts'
import { containerOf, podOf } from './pod-target.ts'

const OPTIONS = ['follow', 'previous', 'timestamps', 'sinceSeconds', 'sinceTime', 'tailLines', 'limitBytes'] as const

interface Backend {
  readonly objects: ObjectReader
  readonly agents: Agents
  readonly closing: AbortSignal
}

/** `GET pods/<name>/log`: what a container said, from its node's agent, as plain text and as it comes. */
export async function serveLogs(
  { info, response }: StreamRequest & { readonly response: ServerResponse },
  backend: Backend,
): Promise<void> {
  const clientLeft = new AbortController()
  response.once('close', () => clientLeft.abort())
  const answer = await openLogs(info, backend, clientLeft.signal)
  // A pod that no node has yet has said nothing.
  if (answer === undefined) return void response.writeHead(200, { 'content-type': 'text/plain' }).end()
  response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' })
  // A follower may wait long for the first line; it must know at once that it was accepted.
  response.flushHeaders()
  await pipeline(answer, response).catch(() => response.destroy())
}

const LOG_PROTOCOLS = ['binary.k8s.io', 'base64.binary.k8s.io'] as const

/** The same by WebSocket, message by message as it comes. */
export async function relayLogs(stream: StreamRequest & Upgrade, backend: Backend): Promise<void> {
  if (upgradeKind(stream.request) !== 'websocket') throw badRequest('Upgrade request required')
  const protocol = offersNoProtocol(stream.request) ? undefined : chooseWebSocketProtocol(stream.request, LOG_PROTOCOLS)
  const clientLeft = new AbortController()
  stream.socket.once('close', () => clientLeft.abort())
  const answer = await openLogs(stream.info, backend, clientLeft.signal)
  const socket = await acceptWebSocket(stream, protocol)
  const encode = (chunk: Buffer) => (protocol === 'base64.binary.k8s.io' ? chunk.toString('base64') : chunk)
  try {
    for await (const chunk of answer ?? []) await sent(socket, encode(chunk as Buffer))
  } catch {
    // The agent broke off or the client has left: either way nothing follows.
  }
  socket.close(CLOSE_NORMAL)
}

const CLOSE_NORMAL = 1000

function sent(socket: WebSocket, message: Buffer | string): Promise<void> {
  return new Promise((resolve, reject) => socket.send(message, (error) => (error ? reject(error) : resolve())))
}

/** Undefined: the pod has no node yet. */
async function openLogs(
  info: RequestInfo,
  { objects, agents, closing }: Backend,
  clientLeft: AbortSignal,
): Promise<IncomingMessage | undefined> {
  const problems = optionProblems(info.query)
  if (problems.length > 0) throw invalidObject({ group: '', kind: 'PodLogOptions' }, info.name, problems)
  const signal = AbortSignal.any([clientLeft, closing])
  if (isTrue(info.query.get('deleted'))) return await deletedPodLog(info, logQuery(info.query), { objects, agents, signal })
  const pod = podOf(info, objects)
  const container = containerOf(pod, info.query.get('container') ?? '')
  const { nodeName } = pod.spec
  if (nodeName === undefined || nodeName === '') return undefined
  const path = `/containerLogs/${[info.namespace, info.name, container].map(encodeURIComponent).join('/')}?${logQuery(info.query)}`
  return await agents.get(nodeName, path, signal)
}

function logQuery(query: URLSearchParams): URLSearchParams {
  const passed = new URLSearchParams()
  for (const option of OPTIONS) {
    const value = query.get(option)
    if (value !== null && value !== '') passed.set(option, isFlag(option) ? String(isTrue(value)) : value)
  }
  return passed
}

function isFlag(option: string): boolean {
  return option === 'follow' || option === 'previous' || option === 'timestamps'
}

function optionProblems(query: URLSearchParams): FieldError[] {
  const problems: FieldError[] = []
  const number = (name: string, least: number, detail: string) => {
    const text = query.get(name)
    if (text === null || text === '') return
    const value = Number(text)
    if (!Number.isInteger(value) || value < least) problems.push(invalid(name, Number.isFinite(value) ? value : text, detail))
  }
  number('tailLines', 0, 'must be greater than or equal to 0')
  number('limitBytes', 1, 'must be greater than 0')
  number('sinceSeconds', 1, 'must be greater than 0')
  if (query.has('sinceSeconds') && query.has('sinceTime')) {
    problems.push(forbiddenField('sinceSeconds', 'at most one of `sinceTime` or `sinceSeconds` may be specified'))
  }
  const sinceTime = query.get('sinceTime')
  if (sinceTime !== null && Number.isNaN(Date.parse(sinceTime)))
    problems.push(invalid('sinceTime', sinceTime, 'must be a time in RFC 3339'))
  // Behind a gate that is closed in 1.36 (PodLogsQuerySplitStreams): both streams are never given for one.
  if (query.has('stream')) problems.push(forbiddenField('stream', 'may not be specified'))
  return problems
}
