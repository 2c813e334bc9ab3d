import { setTimeout as delay } from 'node:timers/promises'
import { backoff, type Log } from '@skiff/client'
import { JoinError } from '../bootstrap/join-error.ts'

export interface AskingOptions {
  readonly random: () => number
  readonly logger: Log
  readonly signal: AbortSignal
}

/** The first word with the master since this agent started. */
export interface MasterContact {
  /** There was none yet. */
  readonly isAway: boolean
  /** Resolves when the master has answered and has nothing against this node; rejects with JoinError when it has. */
  readonly made: Promise<void>
}

/** As for a heartbeat: a master that is back must hear of the node before it gives it up. */
const LONGEST_PAUSE_MS = 5_000

/** Asks until the master answers. */
export function contactMaster(ask: () => Promise<void>, options: AskingOptions): MasterContact {
  let isAway = true
  const made = untilMasterAnswers(ask, options).then(() => {
    isAway = false
  })
  made.catch(() => undefined)
  return {
    made,
    get isAway() {
      return isAway
    },
  }
}

/** Throws what the master says against it (JoinError), and when the signal aborts. */
export async function untilMasterAnswers<T>(ask: () => Promise<T>, { random, logger, signal }: AskingOptions): Promise<T> {
  const retry = backoff({ initialMs: 500, maxMs: LONGEST_PAUSE_MS, jitter: 0.5, random })
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (error instanceof JoinError || signal.aborted) throw error
      logger.warn({ err: error }, 'the master does not answer yet, trying again')
      await delay(retry.nextMs(), undefined, { signal })
    }
  }
}
