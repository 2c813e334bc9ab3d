import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'

const RESTART_DELAY_MS = 10_000

/**
 * Tells when tables were deleted from this host's nftables: firewalls and people flush the whole rule set, ours too.
 * Also told at each start, since what happened before wasn't seen. Resolves when the signal ends it.
 */
export async function watchTableDeletions(onDeleted: () => void, logger: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await monitor(onDeleted, signal).catch((err) => logger.debug({ err }, 'nft monitor ended'))
    await sleep(RESTART_DELAY_MS, undefined, { signal }).catch(() => undefined)
  }
}

/** The kernel ends the program with us, however we end: it reads nothing whose end it could notice. */
async function monitor(onDeleted: () => void, signal: AbortSignal): Promise<void> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'nft', 'monitor', 'destroy', 'tables'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  // What was not started may have no pipe: its error is all that comes, and is thrown here.
  if (child.pid === undefined) await once(child, 'spawn')
  const stop = () => child.kill()
  signal.addEventListener('abort', stop, { once: true })
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('delete table')) onDeleted()
  })
  child.once('spawn', onDeleted)
  try {
    await once(child, 'exit')
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
