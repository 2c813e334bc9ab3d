import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds. */
const LOOK_EVERY = 5_000
/** Share of a processor, of a process with little to do. */
const QUIET = 0.05
/** A larger heap would stand still for too long, and has better use for its room. */
const MAX_HEAP_BYTES = 100_000_000

export interface ProcessLoad {
  /** Milliseconds of processor time since the process began. */
  readonly processorTime: () => number
  readonly collect: () => void
  readonly sleep: (ms: number) => Promise<void>
}

/**
 * Gives back once what a start leaves in the heap, and V8 would keep for as long as nothing else needs it: 20 MB of a master, 4 of
 * an agent. It takes a tenth of a second, so it waits until the process has little to do; and it drops compiled code, so it is not
 * done again: what is busy now and then would begin cold each time. Needs `node --expose-gc`; does nothing without it.
 */
export async function collectAfterStart(signal: AbortSignal, load = ownLoad(signal)): Promise<void> {
  if (load === undefined) return
  let isBusy = true
  while (isBusy) {
    const before = load.processorTime()
    await load.sleep(LOOK_EVERY)
    if (signal.aborted) return
    isBusy = load.processorTime() - before > QUIET * LOOK_EVERY
  }
  load.collect()
}

function ownLoad(signal: AbortSignal): ProcessLoad | undefined {
  const { gc } = globalThis
  return (
    gc && {
      processorTime: () => {
        const { user, system } = process.cpuUsage()
        return (user + system) / 1_000
      },
      collect: () => {
        if (process.memoryUsage().heapUsed <= MAX_HEAP_BYTES) gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })
      },
      sleep: (ms) => sleep(ms, undefined, { signal, ref: false }).catch(() => undefined),
    }
  )
}
