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
  const stop = () => void stopChild(child)
  signal.addEventListener('abort', stop, { once: true })
  try {
    // An `error` (the program can't be started) rejects.
    const [code, killedBy] = await once(child, 'exit')
    if (!signal.aborted) logger.warn({ code, signal: killedBy }, 'proxy ended, starting it again')
  } finally {
    forget()
    signal.removeEventListener('abort', stop)
  }
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
