import { once } from 'node:events'
import http2 from 'node:http2'
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
  const session = http2.connect(`http://${addressOf(target)}`)
  // Whoever awaits something of the session hears of it there.
  session.on('error', () => undefined)
  const deadline = { isOver: false }
  const timer = setTimeout(() => {
    deadline.isOver = true
    // For the server that is no error.
    session.destroy(new Error('deadline exceeded'), http2.constants.NGHTTP2_NO_ERROR)
  }, target.timeoutMs)
  try {
    const problem = await connectProblem(session, target, deadline)
    return problem === undefined ? await askHealth(session, target, deadline) : { ok: false, output: problem }
  } finally {
    clearTimeout(timer)
    session.destroy()
  }
}

/** When it is over, the session ends with an error. */
interface Deadline {
  readonly isOver: boolean
}

/** Connected is who has said that it speaks HTTP/2, not who has only accepted. */
async function connectProblem(
  session: http2.ClientHttp2Session,
  target: GrpcTarget,
  deadline: Deadline,
): Promise<string | undefined> {
  const address = addressOf(target)
  try {
    await once(session, 'remoteSettings')
    return undefined
  } catch (error) {
    if (deadline.isOver)
      return `timeout: failed to connect service "${address}" within ${within(target)}: context deadline exceeded`
    const problem = error as NodeJS.ErrnoException
    const words = problem.syscall === 'connect' ? `dial tcp ${address}: ${dialProblem(problem)}` : problem.message
    return `error: failed to connect service at "${address}": ${words}`
  }
}

async function askHealth(session: http2.ClientHttp2Session, target: GrpcTarget, deadline: Deadline): Promise<CheckResult> {
  try {
    const status = await healthStatus(session, target)
    if (status === 'SERVING') return { ok: true, output: 'service healthy' }
    return { ok: false, output: `service unhealthy (responded with "${status}")` }
  } catch (error) {
    return { ok: false, output: deadline.isOver ? lateText(target) : failureText(error, target) }
  }
}

function failureText(error: unknown, target: GrpcTarget): string {
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
  // Also when nobody waits any more: the session's end takes the stream along.
  stream.on('error', () => undefined)
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
  await once(stream, 'close')
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
