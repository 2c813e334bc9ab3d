import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import type { APIService } from '@skiff/api'
import type { UserInfo } from '../http/request-context.ts'
import type { DialService } from '../streaming/service-dialer.ts'

/** A client certificate whose name extension servers let speak for other users. */
export interface ClientIdentity {
  readonly certificatePem: string
  readonly keyPem: string
}

export interface ExtensionRequest {
  readonly method: string
  /** With its query, as the client wrote it. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body?: Buffer
  readonly user: UserInfo
  readonly signal: AbortSignal
}

interface ExtensionClientOptions {
  readonly dialService: DialService
  readonly identity: () => ClientIdentity
}

const HTTPS_PORT = 443
const CONNECT_TIMEOUT_MS = 10_000

/**
 * Speaks to extension servers on behalf of users. They are reached only through the ready pods of the Service that their
 * APIService names; redirects are passed back, never followed.
 */
export class ExtensionClient {
  readonly #options: ExtensionClientOptions

  constructor(options: ExtensionClientOptions) {
    this.#options = options
  }

  /** The answer, its body unread; 'upgrade' instead of 'response' for a 101. The connection ends with it. */
  async request(
    service: APIService,
    asked: ExtensionRequest,
  ): Promise<{ readonly response: IncomingMessage; readonly upgraded?: { readonly socket: Duplex; readonly head: Buffer } }> {
    const connection = await this.#connect(service, asked.signal)
    const { method, path, body, user, signal } = asked
    const headers = { ...asked.headers, host: serverName(service), ...userHeaders(user) }
    return await new Promise((resolve, reject) => {
      const request = httpRequest({ method, path, headers, signal, createConnection: () => connection })
      request.once('error', (error) => {
        connection.destroy()
        reject(error)
      })
      request.once('response', (response) => resolve({ response }))
      request.once('upgrade', (response, socket, head) => resolve({ response, upgraded: { socket, head } }))
      request.end(body)
    })
  }

  async #connect({ spec }: APIService, signal: AbortSignal): Promise<Duplex> {
    const { namespace = '', name = '', port = HTTPS_PORT } = spec.service ?? {}
    const { certificatePem, keyPem } = this.#options.identity()
    const through = await this.#options.dialService({ namespace, name, port })
    const socket = connectTls({
      socket: through,
      servername: `${name}.${namespace}.svc`,
      cert: certificatePem,
      key: keyPem,
      ...(spec.caBundle ? { ca: Buffer.from(spec.caBundle, 'base64') } : {}),
      rejectUnauthorized: spec.insecureSkipTLSVerify !== true,
    })
    return await new Promise((resolve, reject) => {
      const fail = () => socket.destroy(new Error('no connection in time'))
      const timer = setTimeout(fail, CONNECT_TIMEOUT_MS)
      signal.addEventListener('abort', fail, { once: true })
      socket.once('secureConnect', () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', fail)
        resolve(socket)
      })
      // Stays: a connection may break at any time.
      socket.on('error', (error) => {
        clearTimeout(timer)
        reject(error)
      })
    })
  }
}

function serverName({ spec: { service } }: APIService): string {
  return `${service?.name}.${service?.namespace}.svc`
}

/** Who asks, as the extension server is told: what the client itself wrote under these names was taken out before. */
function userHeaders({ name, uid, groups, extra }: UserInfo): Record<string, string | string[]> {
  const extras = Object.entries(extra ?? {}).map(([key, values]) => [`X-Remote-Extra-${encodeURIComponent(key)}`, [...values]])
  return {
    'X-Remote-User': name,
    ...(uid ? { 'X-Remote-Uid': uid } : {}),
    ...(groups.length > 0 ? { 'X-Remote-Group': [...groups] } : {}),
    ...Object.fromEntries(extras),
  }
}
