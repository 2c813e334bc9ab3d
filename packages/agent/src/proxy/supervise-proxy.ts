import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { backoff, type Log } from '@skiff/client'
import type { ProgrammedEndpoints } from './programmed-endpoints.ts'

export interface SuperviseProxyOptions {
  /** The program and its arguments. */
  readonly command: readonly string[]
  readonly endpoints: ProgrammedEndpoints
  /** When the agent gives up its connections to the master, the proxy's are of no use either. */
  readonly onReconnect: (listener: () => void) => () => void
  readonly random: () => number
  readonly logger: Log
  readonly signal: AbortSignal
}

const STOP_TIMEOUT_MS = 5_000
const ASK_EVERY_MS = 10_000
/** Its rules work on without it, so there is no haste; a machine under load is no reason. */
const MOST_UNANSWERED = 3
/** A proxy that ran so long has not failed at its start. */
const HEALTHY_AFTER_MS = 60_000

/** Keeps this host's proxy running until the signal; what it has programmed goes into `endpoints`. */
export async function superviseProxy(options: SuperviseProxyOptions): Promise<void> {
  const { endpoints, random, logger, signal } = options
  const retry = backoff({ initialMs: 500, maxMs: 30_000, jitter: 0.5, random })
  while (!signal.aborted) {
    const begin = performance.now()
    await runOnce(options).catch((error: unknown) => logger.error({ err: error }, 'proxy could not be started'))
    endpoints.set(null)
    if (performance.now() - begin > HEALTHY_AFTER_MS) retry.reset()
    if (!signal.aborted) await delay(retry.nextMs(), undefined, { signal }).catch(() => undefined)
  }
}

async function runOnce({ command, endpoints, onReconnect, logger, signal }: SuperviseProxyOptions): Promise<void> {
  const [program = '', ...args] = command
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  child.on('message', (message) => {
    const revision = programmedRevision(message)
    if (revision !== undefined) endpoints.set(revision)
  })
  const forget = onReconnect(() => child.connected && child.send({ type: 'reconnect' }))
  const stopAsking = endWhenHung(child, logger)
  const stop = () => void stopChild(child)
  signal.addEventListener('abort', stop, { once: true })
  try {
    // An `error` (the program can't be started) rejects.
    const [code, killedBy] = await once(child, 'exit')
    if (!signal.aborted) logger.warn({ code, signal: killedBy }, 'proxy ended, starting it again')
  } finally {
    forget()
    stopAsking()
    signal.removeEventListener('abort', stop)
  }
}

/** Counts what it has not answered, not the time: both processes may have stood still together. */
function endWhenHung(child: ChildProcess, logger: Log): () => void {
  let unanswered = 0
  child.on('message', () => {
    unanswered = 0
  })
  const ask = () => {
    if (unanswered++ >= MOST_UNANSWERED) {
      logger.warn({ pid: child.pid }, 'proxy has not answered for long, ending it')
      child.kill('SIGKILL')
    } else if (child.connected) child.send({ type: 'ask' }, () => undefined)
  }
  const timer = setInterval(ask, ASK_EVERY_MS)
  return () => clearInterval(timer)
}

async function stopChild(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  child.once('exit', () => clearTimeout(timer))
}

/** `{type: 'programmed', endpointsRevision}`; revisions are decimal strings or numbers. */
function programmedRevision(message: unknown): number | undefined {
  if (typeof message !== 'object' || message === null) return undefined
  const { type, endpointsRevision } = message as { type?: unknown; endpointsRevision?: unknown }
  const revision = Number(endpointsRevision)
  return type === 'programmed' && endpointsRevision !== '' && Number.isSafeInteger(revision) ? revision : undefined
}
