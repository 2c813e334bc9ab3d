import http2 from 'node:http2'
import net from 'node:net'
import type { CheckResult } from './check.ts'
import { dialProblem } from './dial-problem.ts'
import { decodeHealthStatus, encodeHealthRequest } from './health-messages.ts'

export interface GrpcTarget {
  readonly host: string
  readonly port: number
  /** Empty: the server as a whole. */
  readonly service: string
  readonly timeoutMs: number
}

const CHECK_PATH = '/grpc.health.v1.Health/Check'
const MAX_ANSWER_BYTES = 10 * 1024

/** As gRPC numbers them. */
const CODES = [
  ...['OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound', 'AlreadyExists', 'PermissionDenied'],
  ...['ResourceExhausted', 'FailedPrecondition', 'Aborted', 'OutOfRange', 'Unimplemented', 'Internal', 'Unavailable'],
  ...['DataLoss', 'Unauthenticated'],
]

/** What an answer without a status of gRPC's own means (gRPC's http-grpc-status-mapping.md). */
const HTTP_CODES: Readonly<Record<number, string>> = {
  400: 'Internal',
  401: 'Unauthenticated',
  403: 'PermissionDenied',
  404: 'Unimplemented',
  429: 'Unavailable',
  502: 'Unavailable',
  503: 'Unavailable',
  504: 'Unavailable',
}

/** `grpc.health.v1.Health/Check`, in clear text as the kubelet asks it; failures in the kubelet's words (pkg/probe/grpc). */
export async function checkGrpc(target: GrpcTarget): Promise<CheckResult> {
  const { host, port, timeoutMs } = target
  const session = http2.connect(`http://${addressOf(target)}`, { createConnection: () => net.connect({ host, port }) })
  const fate: Fate = { isConnected: false, isLate: false, problem: undefined }
  session.once('remoteSettings', () => (fate.isConnected = true))
  session.on('error', (error) => (fate.problem ??= error))
  const timer = setTimeout(() => {
    fate.isLate = true
    // For the server that is no error.
    session.destroy(new Error('deadline exceeded'), http2.constants.NGHTTP2_NO_ERROR)
  }, timeoutMs)
  try {
    // The server's settings aren't waited for: the question goes out with our own.
    const status = await healthStatus(session, target)
    if (status === 'SERVING') return { ok: true, output: 'service healthy' }
    return { ok: false, output: `service unhealthy (responded with "${status}")` }
  } catch (error) {
    return { ok: false, output: fate.isConnected ? failureText(error, target, fate) : unconnectedText(error, target, fate) }
  } finally {
    clearTimeout(timer)
    session.destroy()
  }
}

/** What became of a session. */
interface Fate {
  /** The server has said that it speaks HTTP/2: to have only accepted is not enough. */
  isConnected: boolean
  isLate: boolean
  problem: Error | undefined
}

function unconnectedText(error: unknown, target: GrpcTarget, { isLate, problem }: Fate): string {
  const address = addressOf(target)
  if (isLate) return `timeout: failed to connect service "${address}" within ${within(target)}: context deadline exceeded`
  const cause = (problem ?? error) as NodeJS.ErrnoException
  const words = cause.syscall === 'connect' ? `dial tcp ${address}: ${dialProblem(cause)}` : cause.message
  return `error: failed to connect service at "${address}": ${words}`
}

function failureText(error: unknown, target: GrpcTarget, { isLate }: Fate): string {
  if (isLate) return lateText(target)
  const { code, message } =
    error instanceof GrpcError ? error : { code: 'Unavailable', message: error instanceof Error ? error.message : String(error) }
  if (code === 'DeadlineExceeded') return lateText(target)
  if (code === 'Unimplemented')
    return `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${message}`
  return `error: health rpc probe failed: rpc error: code = ${code} desc = ${message}`
}

const lateText = (target: GrpcTarget) => `timeout: health rpc did not complete within ${within(target)}`

class GrpcError extends Error {
  override name = 'GrpcError'
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** Throws GrpcError when the server says no, anything else when the stream breaks. */
async function healthStatus(session: http2.ClientHttp2Session, target: GrpcTarget): Promise<string> {
  const headers = {
    ':method': 'POST',
    ':path': CHECK_PATH,
    'content-type': 'application/grpc',
    te: 'trailers',
    'user-agent': 'kube-probe/1.36',
    'grpc-timeout': `${Math.ceil(target.timeoutMs)}m`,
  }
  const stream = session.request(headers)
  const { promise: closed, resolve, reject } = Promise.withResolvers<void>()
  stream.once('error', reject)
  stream.once('close', resolve)
  const answer: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader = {}
  const chunks: Buffer[] = []
  let size = 0
  stream.on('response', (first) => Object.assign(answer, first))
  stream.on('trailers', (last) => Object.assign(answer, last))
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > MAX_ANSWER_BYTES) stream.destroy(new GrpcError('ResourceExhausted', 'the answer is too long'))
    else chunks.push(chunk)
  })
  stream.end(encodeHealthRequest(target.service))
  await closed
  throwUnlessOk(answer)
  try {
    return decodeHealthStatus(Buffer.concat(chunks))
  } catch (error) {
    throw new GrpcError('Internal', error instanceof Error ? error.message : String(error))
  }
}

/** The status is in the trailers, or beside the headers when there is nothing else to say. */
function throwUnlessOk(answer: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader): void {
  const status = answer['grpc-status']
  const httpStatus = answer[':status']
  if (status !== undefined) {
    if (Number(status) !== 0) throw new GrpcError(CODES[Number(status)] ?? `Code(${status})`, messageOf(answer['grpc-message']))
  } else if (httpStatus === 200) {
    throw new GrpcError('Internal', 'server closed the stream without sending trailers')
  } else if (httpStatus !== undefined) {
    const code = HTTP_CODES[httpStatus] ?? 'Unknown'
    throw new GrpcError(code, `unexpected HTTP status code received from server: ${httpStatus}`)
  } else {
    throw new GrpcError('Unavailable', 'the connection was closed before the answer')
  }
}

/** Percent-encoded; broken encoding is told as it came. */
function messageOf(header: string | string[] | undefined): string {
  const text = [header ?? ''].flat().join(', ')
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const addressOf = ({ host, port }: GrpcTarget) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)

/** As Go prints a duration: 500ms, 1s, 1m30s. */
function within({ timeoutMs }: GrpcTarget): string {
  if (timeoutMs < 1000) return `${timeoutMs}ms`
  const minutes = Math.floor(timeoutMs / 60_000)
  const seconds = (timeoutMs % 60_000) / 1000
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds}s`
}
