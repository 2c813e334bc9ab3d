/** exec and attach in the one protocol that the API server speaks to agents: `v5.channel.k8s.io`. */

import { once } from 'node:events'
import { ApiError, badRequest } from '@skiff/api'
import type { WebSocket } from 'ws'
import type { ContainerRuntime, ContainerState, ExecSession } from '../runtime/runtime.ts'
import { BackPressure } from './back-pressure.ts'

const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const

export interface RemoteCommandCall {
  readonly kind: 'exec' | 'attach'
  readonly query: URLSearchParams
  readonly target: ContainerState
  readonly engine: { readonly runtime: ContainerRuntime }
}

/** Checks the request; what it returns serves the opened socket until the command has ended or the client has gone. */
export async function serveRemoteCommand(call: RemoteCommandCall): Promise<(socket: WebSocket) => Promise<void>> {
  const { kind, query } = call
  if (kind === 'exec' && query.getAll('command').length === 0)
    throw badRequest('you must specify at least one command for the container')
  return async (socket) => {
    // What the client sends before the command runs waits in the socket.
    socket.pause()
    socket.on('error', () => socket.terminate())
    try {
      await serveSession(socket, await openSession(call), kind)
    } catch (error) {
      sendStatus(socket, failure(error))
    }
    socket.close(1000)
  }
}

async function openSession({ kind, query, target, engine }: RemoteCommandCall): Promise<ExecSession> {
  const stdin = query.get('stdin') === 'true'
  if (kind === 'attach') return await engine.runtime.attach(target.id, { stdin, tty: target.tty })
  return await engine.runtime.exec(target.id, { command: query.getAll('command'), stdin, tty: query.get('tty') === 'true' })
}

async function serveSession(socket: WebSocket, session: ExecSession, kind: 'exec' | 'attach'): Promise<void> {
  const ended = [copyOut(socket, session.stdout, CHANNEL.stdout), copyOut(socket, session.stderr, CHANNEL.stderr)]
  socket.on('message', (data: Buffer) => receive(socket, session, data))
  // The engine would leave a command running; of what a container itself runs it only lets go.
  const kill = () => session.kill().catch(() => undefined)
  socket.once('close', kill)
  // It may have gone while the command was being started.
  if (socket.readyState === socket.CLOSED) void kill()
  socket.resume()
  const code = await session.exit
  await Promise.all(ended)
  sendStatus(socket, kind === 'attach' || code === 0 ? { metadata: {}, status: 'Success' } : nonZeroExit(code))
}

async function copyOut(socket: WebSocket, stream: NodeJS.ReadableStream | undefined, channel: number): Promise<void> {
  if (stream === undefined) return
  const out = new BackPressure(socket, stream)
  stream.on('data', (chunk: Buffer | string) => out.send(Buffer.concat([Buffer.of(channel), Buffer.from(chunk)])))
  stream.on('error', () => undefined)
  await once(stream, 'end').catch(() => undefined)
}

function receive(socket: WebSocket, session: ExecSession, data: Buffer): void {
  const rest = data.subarray(1)
  switch (data[0]) {
    case CHANNEL.stdin:
      if (session.stdin !== undefined && rest.length > 0 && !session.stdin.write(rest)) {
        socket.pause()
        session.stdin.once('drain', () => socket.resume())
      }
      return
    case CHANNEL.resize:
      resize(session, rest)
      return
    case CHANNEL.close:
      if (rest[0] === CHANNEL.stdin) session.stdin?.end()
      return
    default:
      return
  }
}

function resize(session: ExecSession, json: Buffer): void {
  try {
    const { Width, Height } = JSON.parse(json.toString('utf8')) as { Width?: unknown; Height?: unknown }
    if (typeof Width === 'number' && typeof Height === 'number') session.resize(Width, Height).catch(() => undefined)
  } catch {
    // A size that can't be read changes nothing.
  }
}

function sendStatus(socket: WebSocket, status: object): void {
  if (socket.readyState === socket.OPEN)
    socket.send(Buffer.concat([Buffer.of(CHANNEL.status), Buffer.from(JSON.stringify(status))]))
}

function nonZeroExit(code: number): object {
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${code}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  }
}

function failure(error: unknown): object {
  const why = error instanceof Error ? error.message : String(error)
  return new ApiError('InternalError', `Internal error occurred: error executing command in container: ${why}`).toStatus()
}
