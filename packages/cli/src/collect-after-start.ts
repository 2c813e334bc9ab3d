import { setTimeout as sleep } from 'node:timers/promises'

const LOOK_MS = 5_000
/** Microseconds of processor time in a millisecond, of a process with little to do. */
const QUIET = 50
/** A larger heap would stand still for too long, and has better use for its room. */
const MAX_HEAP_BYTES = 100_000_000

/**
 * Gives back once what a start leaves in the heap, which V8 would keep for as long as nothing else needs it: 20 MB of a
 * master, 4 of an agent and 3 of a proxy. That takes a tenth of a second, so it waits until the process has little to do.
 * Needs `node --expose-gc`; does nothing without it.
 */
export async function collectAfterStart(signal: AbortSignal): Promise<void> {
  const { gc } = globalThis
  if (gc === undefined) return
  while (await isBusy(signal)) {}
  if (signal.aborted) return
  if (process.memoryUsage().heapUsed <= MAX_HEAP_BYTES) gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}

async function isBusy(signal: AbortSignal): Promise<boolean> {
  const before = process.cpuUsage()
  await sleep(LOOK_MS, undefined, { signal, ref: false }).catch(() => undefined)
  const { user, system } = process.cpuUsage(before)
  return !signal.aborted && user + system > QUIET * LOOK_MS
}
