import http, { type RequestOptions } from 'node:http'

/** docker-modem, of which dockerode gives no types: it builds each request, and tells what its answer means. */
export interface Modem {
  version?: string
  buildRequest(options: RequestOptions, context: RequestContext, data: unknown, callback: Callback): void
  buildPayload(
    ...args: [
      error: null,
      isStream: false,
      codes: unknown,
      openStdin: false,
      request: object,
      answer: object,
      json: unknown,
      Callback,
    ]
  ): void
}

interface RequestContext {
  readonly isStream?: boolean
  readonly hijack?: boolean
  readonly openStdin?: boolean
  readonly statusCodes: unknown
}

type Callback = (error: unknown, answer?: unknown) => void

interface Answer {
  readonly statusCode: number | undefined
  readonly body: Buffer
}

/**
 * Has a modem make its plain requests, with a whole body each way, in our way: its own writes out all options for a debug line that
 * nobody reads, follows redirects, and watches the signal at both ends of each stream, which costs more than the request itself.
 */
export function makeRequestsPlain(modem: Modem): void {
  const buildRequest = modem.buildRequest.bind(modem)
  modem.buildRequest = (options, context, data, callback) => {
    const { isStream, hijack, openStdin, statusCodes } = context
    const isPlain = !isStream && !hijack && !openStdin && (data === undefined || typeof data === 'string')
    if (!isPlain) return buildRequest(options, context, data, callback)
    ask(options, data).then(({ statusCode, body }) => {
      modem.buildPayload(null, false, statusCodes, false, {}, { statusCode }, parsed(body), callback)
    }, callback)
  }
}

function ask({ signal, ...options }: RequestOptions, data: string | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ statusCode: response.statusCode, body: Buffer.concat(chunks) }))
      response.on('error', reject)
    })
    request.on('error', reject)
    signal?.addEventListener('abort', () => request.destroy(signal.reason), { once: true })
    request.end(data)
  })
}

/** As docker-modem gives it: what is no JSON comes as it is. */
function parsed(body: Buffer): unknown {
  if (body.length === 0) return body
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return body
  }
}
