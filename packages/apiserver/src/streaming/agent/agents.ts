import { X509Certificate } from 'node:crypto'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import type { ConnectionOptions, PeerCertificate } from 'node:tls'
import { ApiError, addressOfNode, CODE_OF_REASON, NODES, type Node, notFound, type Status, type StatusReason } from '@skiff/api'
import { WebSocket } from 'ws'
import type { ObjectReader } from '../../registry/resource-definition.ts'

export interface AgentCredentials {
  readonly authorityPem: string
  readonly certificatePem: string
  readonly keyPem: string
}

export interface AgentsOptions {
  readonly objects: ObjectReader
  /** Asked at each connection: the master renews its certificate while it runs. */
  readonly credentials: () => AgentCredentials
  readonly connectTimeoutMs?: number
}

interface AgentRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body?: Buffer
  readonly signal: AbortSignal
}

const DEFAULT_PORT = 10250
/** A host that is lost, or has another address by now, answers nothing. */
const CONNECT_TIMEOUT_MS = 5_000
const ANSWER_TIMEOUT_MS = 30_000
const MAX_ERROR_BYTES = 64 * 1024
/** One message of a stream; what agents send is far smaller. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024

/** How the API server reaches the agents: HTTPS with its own certificate, to the node that the agent's certificate proves. */
export class Agents {
  readonly #objects: ObjectReader
  readonly #credentials: () => AgentCredentials
  readonly #connections = new Agent({ keepAlive: true, maxFreeSockets: 16 })
  readonly #connectTimeoutMs: number

  constructor({ objects, credentials, connectTimeoutMs = CONNECT_TIMEOUT_MS }: AgentsOptions) {
    this.#objects = objects
    this.#credentials = credentials
    this.#connectTimeoutMs = connectTimeoutMs
  }

  /** The agent's answer, its body unread; an answer other than 2xx is thrown as an ApiError. */
  async get(nodeName: string, path: string, signal: AbortSignal): Promise<IncomingMessage> {
    const response = await this.request(nodeName, { method: 'GET', path, headers: {}, signal })
    const status = response.statusCode ?? 0
    if (status >= 200 && status < 300) return response
    throw errorOfAnswer(status, await readText(response))
  }

  /** Any answer, as it comes. */
  request(nodeName: string, options: AgentRequest): Promise<IncomingMessage> {
    const { body, ...rest } = options
    const target = this.#target(nodeName)
    return new Promise((resolve, reject) => {
      const request = httpsRequest({ ...target.connection, ...rest, agent: this.#connections }, (response) => {
        clearTimeout(timer)
        resolve(response)
      })
      const timer = setTimeout(() => request.destroy(new Error('no answer in time')), ANSWER_TIMEOUT_MS)
      request.once('socket', (socket) => this.#limitConnecting(request, socket))
      request.once('error', (error) => {
        clearTimeout(timer)
        reject(unreachable(nodeName, target.address, error))
      })
      request.end(body)
    })
  }

  #limitConnecting(request: ClientRequest, socket: Socket): void {
    if (request.reusedSocket) return
    const late = () => request.destroy(new Error(`no connection within ${this.#connectTimeoutMs / 1_000} s`))
    const timer = setTimeout(late, this.#connectTimeoutMs)
    socket.once('secureConnect', () => clearTimeout(timer))
    socket.once('close', () => clearTimeout(timer))
  }

  /** An open WebSocket. Rejects with what the agent answered when that wasn't 101. */
  openWebSocket(nodeName: string, path: string, protocol: string): Promise<WebSocket> {
    const { connection, address } = this.#target(nodeName)
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(`wss://${address}${path}`, [protocol], {
        ...connection,
        handshakeTimeout: this.#connectTimeoutMs,
        perMessageDeflate: false,
        followRedirects: false,
        maxPayload: MAX_MESSAGE_BYTES,
      })
      // What comes right behind the handshake waits until somebody listens.
      socket.once('open', () => {
        socket.pause()
        resolve(socket)
      })
      socket.once('unexpected-response', (_request, response: IncomingMessage) => {
        readText(response).then((text) => reject(errorOfAnswer(response.statusCode ?? 0, text)), reject)
      })
      socket.on('error', (error) => reject(unreachable(nodeName, address, error)))
    })
  }

  close(): void {
    this.#connections.destroy()
  }

  #target(nodeName: string): { readonly address: string; readonly connection: ConnectionOptions } {
    const node = this.#objects.get<Node>(NODES, { name: nodeName })
    if (node === undefined) throw notFound('nodes', nodeName)
    const host = addressOfNode(node)
    if (host === undefined) throw new ApiError('ServiceUnavailable', `node ${nodeName} has no InternalIP address yet`)
    const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port || DEFAULT_PORT
    const { authorityPem, certificatePem, keyPem } = this.#credentials()
    return {
      address: `${host.includes(':') ? `[${host}]` : host}:${port}`,
      connection: {
        host,
        port,
        ca: authorityPem,
        cert: certificatePem,
        key: keyPem,
        // An address may have moved to another node since: the certificate's name says which node it really is.
        // The server name keeps connections to different nodes apart in the pool.
        servername: nodeName,
        checkServerIdentity: (_host: string, certificate: PeerCertificate) => wrongNode(certificate, nodeName),
      },
    }
  }
}

function wrongNode(certificate: PeerCertificate, nodeName: string): Error | undefined {
  const { subject } = new X509Certificate(certificate.raw)
  const expected = `CN=system:node:${nodeName}`
  if (subject.split('\n').includes(expected)) return undefined
  return new Error(`the agent there shows the certificate of ${subject.replaceAll('\n', ', ')}, not of node ${nodeName}`)
}

function unreachable(nodeName: string, address: string, error: Error): ApiError {
  return new ApiError('ServiceUnavailable', `the agent of node ${nodeName} can not be reached at ${address}: ${error.message}`, {
    cause: error,
  })
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_ERROR_BYTES) break
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8').trim()
}

/** Agents answer a Status, or text as kubelets do. */
function errorOfAnswer(code: number, text: string): ApiError {
  const status = parseStatus(text)
  if (status?.reason !== undefined && status.reason in CODE_OF_REASON) {
    return new ApiError(
      status.reason as StatusReason,
      status.message ?? '',
      status.details === undefined ? {} : { details: status.details },
    )
  }
  return new ApiError(reasonOfCode(code), text === '' ? `the agent answered ${code}` : text)
}

function parseStatus(text: string): Status | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    const value = JSON.parse(text) as Status
    return value.kind === 'Status' ? value : undefined
  } catch {
    return undefined
  }
}

function reasonOfCode(code: number): StatusReason {
  const found = Object.entries(CODE_OF_REASON).find(([, value]) => value === code)
  return (found?.[0] as StatusReason | undefined) ?? (code >= 400 && code < 500 ? 'BadRequest' : 'InternalError')
}
