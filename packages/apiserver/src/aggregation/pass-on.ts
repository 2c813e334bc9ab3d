import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type APIService, ApiError } from '@skiff/api'
import type { UserInfo } from '../http/request-context.ts'
import { responseHead } from '../streaming/proxy/proxy.ts'
import { endToEndHeaders } from '../streaming/proxy/proxy-headers.ts'
import { isAvailable } from './available-condition.ts'
import type { ExtensionClient } from './extension-client.ts'

interface Passing {
  readonly request: IncomingMessage
  readonly user: UserInfo
  /** Ends what is under way when this server stops. */
  readonly closing: AbortSignal
}

/** One request to the extension server, its answer passed on as it comes. Throws ServiceUnavailable. */
export async function passOn(
  client: ExtensionClient,
  service: APIService,
  { request, user, closing, body, response }: Passing & { readonly body: Buffer; readonly response: ServerResponse },
): Promise<void> {
  requireAvailable(service)
  const left = new AbortController()
  response.once('close', () => left.abort())
  const headers = { ...clientHeaders(request), 'content-length': String(body.length) }
  const asked = { method: request.method ?? 'GET', path: request.url ?? '/', headers, body, user }
  const signal = AbortSignal.any([left.signal, closing])
  const { response: answer } = await client.request(service, { ...asked, signal }).catch(unavailable(service))
  response.writeHead(answer.statusCode ?? 502, endToEndHeaders(answer.headers))
  response.flushHeaders()
  await pipeline(answer, response).catch(() => response.destroy())
}

/** The same for a WebSocket or another upgrade; any answer but 101 is passed on as what it is. */
export async function passOnUpgrade(
  client: ExtensionClient,
  service: APIService,
  { request, user, closing, socket, head }: Passing & { readonly socket: Duplex; readonly head: Buffer },
): Promise<void> {
  requireAvailable(service)
  const headers = { ...clientHeaders(request), connection: 'Upgrade', upgrade: request.headers.upgrade ?? '' }
  const asked = { method: request.method ?? 'GET', path: request.url ?? '/', headers, user, signal: closing }
  const { response: answer, upgraded } = await client.request(service, asked).catch(unavailable(service))
  if (upgraded === undefined) {
    socket.write(responseHead(answer, { ...endToEndHeaders(answer.headers), connection: 'close' }))
    await pipeline(answer, socket).catch(() => socket.destroy())
    return
  }
  socket.write(responseHead(answer, answer.headers as Record<string, string>))
  if (upgraded.head.length > 0) upgraded.socket.unshift(upgraded.head)
  if (head.length > 0) socket.unshift(head)
  await pipeline(socket, upgraded.socket, socket).catch(() => socket.destroy())
}

/** Who asks is told by this server alone. */
function clientHeaders(request: IncomingMessage): Record<string, string | string[]> {
  const passed = Object.entries(endToEndHeaders(request.headers)).filter(([name]) => !name.startsWith('x-remote-'))
  return Object.fromEntries(passed)
}

function requireAvailable(service: APIService): void {
  if (!isAvailable(service)) throw new ApiError('ServiceUnavailable', 'service unavailable')
}

function unavailable({ metadata }: APIService): (error: unknown) => never {
  return (error) => {
    throw new ApiError('ServiceUnavailable', `error trying to reach service: ${(error as Error).message}`, {
      details: { name: metadata.name },
      cause: error,
    })
  }
}
