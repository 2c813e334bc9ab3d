/** How the server asks webhooks: one JSON document there, one back. Whatever goes wrong is told in the words of Go's client. */

import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { parseJson } from '@skiff/api'
import type { DialService } from '../streaming/service-dialer.ts'
import { TaskSlots } from './task-slots.ts'

/** Where a webhook is: `clientConfig` of webhook configurations and of CRD conversions. */
export interface WebhookAddress {
  readonly url?: string | undefined
  readonly service?:
    | { readonly namespace: string; readonly name: string; readonly path?: string; readonly port?: number }
    | undefined
  /** base64 of PEM; absent: what the host trusts. */
  readonly caBundle?: string | undefined
}

export interface WebhookCall {
  readonly address: WebhookAddress
  readonly body: object
  readonly timeoutSeconds: number
}

/** Upstream's limit of what a webhook may answer. */
const ANSWER_LIMIT_BYTES = 3 * 1024 * 1024
/** Of an answer that is no success so much is told. */
const SHOWN_BYTES = 1024
/** Calls under way at a time; further ones wait, within their time-out. */
const CALLS_AT_ONCE = 64
const HTTPS_PORT = 443

export class WebhookClient {
  readonly #dialService: DialService
  readonly #slots = new TaskSlots(CALLS_AT_ONCE)

  constructor(dialService: DialService) {
    this.#dialService = dialService
  }

  /** The parsed answer. Throws Error with what upstream says of the failure. Redirects are not followed. */
  async call({ address, body, timeoutSeconds }: WebhookCall): Promise<unknown> {
    const target = targetOf(address, timeoutSeconds)
    const signal = AbortSignal.timeout(timeoutSeconds * 1000)
    try {
      return await this.#slots.run(signal, () => this.#post(target, { address, body, signal }))
    } catch (error) {
      if (error instanceof WebhookAnswerError) throw error
      throw new Error(`Post "${target.shown}": ${failureText(error, signal)}`, { cause: error })
    }
  }

  async #post(target: Target, { address, body, signal }: Posting): Promise<unknown> {
    const connection = await this.#connect(target, address, signal)
    try {
      const bytes = Buffer.from(JSON.stringify(body))
      const response = await send(target, connection, { bytes, signal })
      return await answerOf(response, signal)
    } finally {
      connection.destroy()
    }
  }

  async #connect({ host, port }: Target, { service, caBundle }: WebhookAddress, signal: AbortSignal): Promise<Duplex> {
    const ca = caBundle === undefined || caBundle === '' ? {} : { ca: Buffer.from(caBundle, 'base64') }
    const trust = { ...ca, ...(isAddress(host) ? { host } : { servername: host }) }
    const through = service === undefined ? { host, port } : { socket: await this.#dial(service, port, signal) }
    const socket = connectTls({ ...trust, ...through })
    return await new Promise((resolve, reject) => {
      const fail = () => socket.destroy(new Error('aborted'))
      signal.addEventListener('abort', fail, { once: true })
      socket.once('secureConnect', () => {
        signal.removeEventListener('abort', fail)
        resolve(socket)
      })
      // Stays: a connection may break at any time.
      socket.on('error', reject)
    })
  }

  async #dial(service: NonNullable<WebhookAddress['service']>, port: number, signal: AbortSignal): Promise<Duplex> {
    const dialled = this.#dialService({ namespace: service.namespace, name: service.name, port })
    const late = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
    })
    late.catch(() => undefined)
    // Whoever comes too late is sent away again.
    dialled.then((connection) => signal.aborted && connection.destroy()).catch(() => undefined)
    return await Promise.race([dialled, late])
  }
}

/** The webhook was reached, and answered something that is no answer. */
class WebhookAnswerError extends Error {
  override name = 'WebhookAnswerError'
}

interface Posting {
  readonly address: WebhookAddress
  readonly body: object
  readonly signal: AbortSignal
}

interface Target {
  readonly host: string
  readonly port: number
  readonly path: string
  /** As errors name it. */
  readonly shown: string
}

function targetOf({ url, service }: WebhookAddress, timeoutSeconds: number): Target {
  const timeout = `timeout=${timeoutSeconds}s`
  if (service !== undefined) {
    const host = `${service.name}.${service.namespace}.svc`
    const { path = '/', port = HTTPS_PORT } = service
    return { host, port, path: `${path}?${timeout}`, shown: `https://${host}:${port}${path}?${timeout}` }
  }
  const { hostname, port, pathname } = new URL(url ?? '')
  const host = hostname.replace(/^\[|\]$/g, '')
  const shown = `https://${hostname}${port === '' ? '' : `:${port}`}${pathname}?${timeout}`
  return { host, port: Number(port || HTTPS_PORT), path: `${pathname}?${timeout}`, shown }
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.includes(':')
}

function send(
  { host, port, path }: Target,
  connection: Duplex,
  { bytes, signal }: { readonly bytes: Buffer; readonly signal: AbortSignal },
): Promise<IncomingMessage> {
  const headers = {
    host: `${host}:${port}`,
    'content-type': 'application/json',
    accept: 'application/json, */*',
    'content-length': String(bytes.length),
    'user-agent': 'kube-apiserver-admission',
    connection: 'close',
  }
  return new Promise((resolve, reject) => {
    const request = httpRequest({ method: 'POST', path, headers, signal, createConnection: () => connection }, resolve)
    request.once('error', reject)
    request.end(bytes)
  })
}

async function answerOf(response: IncomingMessage, signal: AbortSignal): Promise<unknown> {
  const text = await readText(response, signal)
  const status = response.statusCode ?? 0
  if (status === 404) throw new WebhookAnswerError('the server could not find the requested resource')
  if (status < 200 || status >= 300) {
    const said = text.trim().slice(0, SHOWN_BYTES)
    const cause = said === '' ? `status ${status}` : JSON.stringify(said)
    throw new WebhookAnswerError(`an error on the server (${cause}) has prevented the request from succeeding`)
  }
  try {
    return parseJson(text).value
  } catch (error) {
    throw new WebhookAnswerError(`couldn't get version/kind; json parse error: ${(error as Error).message}`, { cause: error })
  }
}

async function readText(response: IncomingMessage, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    signal.throwIfAborted()
    length += chunk.length
    if (length > ANSWER_LIMIT_BYTES) throw new WebhookAnswerError(`the answer is larger than ${ANSWER_LIMIT_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const UNKNOWN_AUTHORITY: ReadonlySet<string> = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
])

function failureText(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'context deadline exceeded'
  const { code = '', message } = error as NodeJS.ErrnoException
  if (UNKNOWN_AUTHORITY.has(code)) {
    return 'tls: failed to verify certificate: x509: certificate signed by unknown authority'
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `tls: failed to verify certificate: x509: ${message}`
  if (code === 'ECONNREFUSED') return `${message.replace(/^connect ECONNREFUSED /, 'dial tcp ')}: connect: connection refused`
  return code === 'ENOTFOUND' ? `dial tcp: ${message.replace(/^getaddrinfo ENOTFOUND /, 'lookup ')}: no such host` : message
}
