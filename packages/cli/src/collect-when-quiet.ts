import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds. */
const LOOK_EVERY = 5_000
const REST_AFTER_COLLECTING = 15_000
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
 * Gives back what a start, or later work, leaves in the heap, and V8 would keep for as long as nothing else needs it: 20 MB of
 * a master that has started, 4 of an agent. That takes a tenth of a second, so it waits until the process has little to do.
 * Needs `node --expose-gc`; does nothing without it.
 */
export async function collectWhenQuiet(signal: AbortSignal, load = ownLoad(signal)): Promise<void> {
  if (load === undefined) return
  let isDue = true
  for (let pause = LOOK_EVERY; ; ) {
    const before = load.processorTime()
    await load.sleep(pause)
    if (signal.aborted) return
    const isQuiet = load.processorTime() - before <= QUIET * pause
    pause = isQuiet && isDue ? REST_AFTER_COLLECTING : LOOK_EVERY
    if (isQuiet && isDue) load.collect()
    isDue = !isQuiet
  }
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
