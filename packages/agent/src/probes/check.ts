/** One try of a probe: HTTP, TCP and gRPC straight from the agent to the pod's address, commands through the runtime. */

import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import type { Container, Probe } from '@skiff/api'
import { CommandTimeout, runCommand } from '../containers/run-command.ts'
import type { ContainerRuntime } from '../runtime/runtime.ts'
import type { Semaphore } from '../semaphore.ts'
import { checkGrpc } from './check-grpc.ts'
import { dialProblem } from './dial-problem.ts'

export interface CheckResult {
  readonly ok: boolean
  /** What the kubelet says after `Readiness probe failed: `. */
  readonly output: string
  /** It passed, but somebody should know this. */
  readonly warning?: string
}

export interface CheckContext {
  readonly runtime: ContainerRuntime
  /** Each exec costs the engine some 50 ms of CPU. */
  readonly execSlots: Semaphore
  readonly container: Container
  readonly podUid: string
  readonly containerId: string
  readonly podIp: string
}

const MAX_BODY_BYTES = 10 * 1024

/** Undefined: the container ended meanwhile, so there is nothing to say of it. */
export async function check(probe: Probe, context: CheckContext): Promise<CheckResult | undefined> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000
  if (probe.httpGet) return await checkHttp(probe.httpGet, timeoutMs, context)
  if (probe.tcpSocket) {
    const port = portNumber(probe.tcpSocket.port, context.container)
    return await checkTcp(probe.tcpSocket.host || context.podIp, port, timeoutMs)
  }
  if (probe.exec) return await checkCommand(probe.exec.command ?? [], timeoutMs, context)
  if (probe.grpc) {
    const { port, service = '' } = probe.grpc
    return await checkGrpc({ host: context.podIp, port, service, timeoutMs })
  }
  return { ok: false, output: 'this kind of probe is not supported' }
}

async function checkCommand(
  command: readonly string[],
  timeoutMs: number,
  context: CheckContext,
): Promise<CheckResult | undefined> {
  const { runtime, containerId, execSlots } = context
  const result = await execSlots.run(async () => {
    try {
      const { exitCode, output } = await runCommand(runtime, containerId, command, timeoutMs)
      return { ok: exitCode === 0, output }
    } catch (error) {
      if (error instanceof CommandTimeout) return { ok: false, output: error.message }
      return { ok: false, output: `rpc error: ${error instanceof Error ? error.message : String(error)}` }
    }
  })
  // Its commands end with a container.
  return result.ok || (await stillRuns(context)) ? result : undefined
}

async function stillRuns({ runtime, podUid, containerId }: CheckContext): Promise<boolean> {
  const { containers } = await runtime.inspectPod(podUid)
  return containers.some(({ id, phase }) => id === containerId && phase === 'running')
}

async function checkTcp(host: string, port: number, timeoutMs: number): Promise<CheckResult> {
  const { promise, resolve } = Promise.withResolvers<CheckResult>()
  const socket = net.connect({ host, port, timeout: timeoutMs })
  const fail = (why: string) => resolve({ ok: false, output: `dial tcp ${host}:${port}: ${why}` })
  socket.once('connect', () => resolve({ ok: true, output: '' }))
  socket.once('timeout', () => fail('i/o timeout'))
  socket.once('error', (error: NodeJS.ErrnoException) => fail(dialProblem(error)))
  return await promise.finally(() => socket.destroy())
}

type HttpGet = NonNullable<Probe['httpGet']>

/** 200 to 399 is well. */
async function checkHttp(httpGet: HttpGet, timeoutMs: number, context: CheckContext): Promise<CheckResult> {
  try {
    const { status, body } = await httpGetOnce(httpGet, timeoutMs, context)
    if (status < 200 || status >= 400) return { ok: false, output: `HTTP probe failed with statuscode: ${status}` }
    if (status < 300) return { ok: true, output: '' }
    return { ok: true, output: '', warning: `Probe terminated redirects, Response body: ${body}` }
  } catch (error) {
    return { ok: false, output: error instanceof Error ? error.message : String(error) }
  }
}

interface HttpAnswer {
  readonly status: number
  readonly body: string
  readonly location: string | undefined
}

const MOST_REDIRECTS = 10

/** The answer after redirects within the same host; one that leads elsewhere is the answer itself. */
export async function httpGetOnce(
  httpGet: HttpGet,
  timeoutMs: number,
  { podIp, container }: Pick<CheckContext, 'podIp' | 'container'>,
): Promise<HttpAnswer> {
  const deadline = performance.now() + timeoutMs
  let url = urlOf(httpGet, podIp, container)
  for (let redirects = 0; ; redirects++) {
    const answer = await request(url, headersOf(httpGet), Math.max(1, deadline - performance.now()))
    const next = redirectOf(answer, url)
    if (next === undefined) return answer
    if (redirects === MOST_REDIRECTS) throw new Error(`Get "${next}": stopped after ${MOST_REDIRECTS} redirects`)
    url = next
  }
}

function urlOf({ scheme = 'HTTP', host, port, path = '/' }: HttpGet, podIp: string, container: Container): string {
  return `${scheme.toLowerCase()}://${host || podIp}:${portNumber(port, container)}${path.startsWith('/') ? path : `/${path}`}`
}

function redirectOf({ status, location }: HttpAnswer, from: string): string | undefined {
  if (status < 300 || status >= 400 || location === undefined || !URL.canParse(location, from)) return undefined
  const to = new URL(location, from)
  return to.hostname === new URL(from).hostname && /^https?:$/.test(to.protocol) ? to.href : undefined
}

async function request(url: string, headers: Record<string, string | string[]>, timeoutMs: number): Promise<HttpAnswer> {
  const { protocol, hostname, port: unusual } = new URL(url)
  const port = unusual || (protocol === 'https:' ? '443' : '80')
  const path = url.slice(url.indexOf('/', `${protocol}//`.length))
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>()
  const target = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) }
  const sent =
    protocol === 'https:'
      ? https.request({ ...target, path, headers, agent: false, rejectUnauthorized: false })
      : // A connection of its own, without an agent that would be made for it.
        http.request({ ...target, path, headers, createConnection: () => net.connect(target) })
  const timer = setTimeout(() => {
    reject(new Error(`Get "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`))
    sent.destroy()
  }, timeoutMs)
  sent.once('error', (error: NodeJS.ErrnoException) => reject(new Error(`Get "${url}": ${httpProblem(error, hostname, port)}`)))
  sent.once('response', (response) => {
    const { statusCode = 0, headers: answered } = response
    readText(response).then((body) => resolve({ status: statusCode, body, location: answered.location }), reject)
  })
  sent.end()
  return await promise.finally(() => {
    clearTimeout(timer)
    sent.destroy()
  })
}

function headersOf(httpGet: HttpGet): Record<string, string | string[]> {
  const headers: Record<string, string[]> = {}
  for (const { name, value } of httpGet.httpHeaders ?? []) headers[name] = [...(headers[name] ?? []), value]
  const named = (name: string) => Object.keys(headers).some((key) => key.toLowerCase() === name)
  return {
    ...(named('user-agent') ? {} : { 'User-Agent': 'kube-probe/1.36' }),
    ...(named('accept') ? {} : { Accept: '*/*' }),
    Connection: 'close',
    ...headers,
  }
}

async function readText(response: http.IncomingMessage): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const chunks: Buffer[] = []
  let size = 0
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    size += chunk.length
    if (size > MAX_BODY_BYTES) resolve()
  })
  response.once('end', resolve)
  response.once('error', reject)
  await promise
  return Buffer.concat(chunks).toString('utf8').slice(0, MAX_BODY_BYTES)
}

/** A number, or the name of one of the container's ports. Throws when there is none of that name. */
function portNumber(port: string | number, container: Container): number {
  if (typeof port === 'number') return port
  const named = container.ports?.find(({ name }) => name === port)?.containerPort
  const number = named ?? Number(port)
  if (!Number.isInteger(number) || number < 1 || number > 65_535)
    throw new Error(`couldn't find port: ${port} in container ${container.name}`)
  return number
}

function httpProblem(error: NodeJS.ErrnoException, host: string, port: string): string {
  return error.syscall === 'connect' ? `dial tcp ${host}:${port}: ${dialProblem(error)}` : error.message
}
