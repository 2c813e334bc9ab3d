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
}

export interface CheckContext {
  readonly runtime: ContainerRuntime
  /** Each exec costs the engine some 50 ms of CPU. */
  readonly execSlots: Semaphore
  readonly container: Container
  readonly containerId: string
  readonly podIp: string
}

const MAX_BODY_BYTES = 10 * 1024

export async function check(probe: Probe, context: CheckContext): Promise<CheckResult> {
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

async function checkCommand(command: readonly string[], timeoutMs: number, context: CheckContext): Promise<CheckResult> {
  const { runtime, containerId, execSlots } = context
  try {
    const { exitCode, output } = await execSlots.run(() => runCommand(runtime, containerId, command, timeoutMs))
    return { ok: exitCode === 0, output }
  } catch (error) {
    if (error instanceof CommandTimeout) return { ok: false, output: error.message }
    return { ok: false, output: `rpc error: ${error instanceof Error ? error.message : String(error)}` }
  }
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

/** 200 to 399 is well; a redirect counts by itself and is not followed. */
async function checkHttp(httpGet: HttpGet, timeoutMs: number, context: CheckContext): Promise<CheckResult> {
  try {
    const { status } = await httpGetOnce(httpGet, timeoutMs, context)
    const ok = status >= 200 && status < 400
    return { ok, output: ok ? '' : `HTTP probe failed with statuscode: ${status}` }
  } catch (error) {
    return { ok: false, output: error instanceof Error ? error.message : String(error) }
  }
}

export async function httpGetOnce(
  httpGet: HttpGet,
  timeoutMs: number,
  { podIp, container }: Pick<CheckContext, 'podIp' | 'container'>,
): Promise<{ status: number; body: string }> {
  const scheme = (httpGet.scheme ?? 'HTTP').toLowerCase()
  const host = httpGet.host || podIp
  const port = portNumber(httpGet.port, container)
  const path = httpGet.path?.startsWith('/') ? httpGet.path : `/${httpGet.path ?? ''}`
  const url = `${scheme}://${host}:${port}${path}`
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>()
  const send = scheme === 'https' ? https.request : http.request
  const request = send({ host, port, path, headers: headersOf(httpGet), agent: false, rejectUnauthorized: false })
  const timer = setTimeout(() => {
    reject(new Error(`Get "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`))
    request.destroy()
  }, timeoutMs)
  request.once('error', (error: NodeJS.ErrnoException) => reject(new Error(`Get "${url}": ${httpProblem(error, host, port)}`)))
  request.once('response', (response) => {
    readText(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject)
  })
  request.end()
  return await promise.finally(() => {
    clearTimeout(timer)
    request.destroy()
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
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response) {
    chunks.push(chunk as Buffer)
    size += (chunk as Buffer).length
    if (size > MAX_BODY_BYTES) break
  }
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

function httpProblem(error: NodeJS.ErrnoException, host: string, port: number): string {
  return error.syscall === 'connect' ? `dial tcp ${host}:${port}: ${dialProblem(error)}` : error.message
}
