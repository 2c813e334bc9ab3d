import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** Most programs end at once when they are told to; whoever takes his time is looked at less and less often. */
const FIRST_LOOK_MS = 2
const LONGEST_PAUSE_MS = 250
const SLOWER = 1.3

/** Resolves when the container's process has gone, and with the signal; only with the signal when it can't be seen from here. */
export async function processEnd({ id, pid }: { readonly id: string; readonly pid: number }, signal: AbortSignal): Promise<void> {
  const process = `/proc/${pid}`
  if (!isOf(process, id)) return await aborted(signal)
  for (let pause = FIRST_LOOK_MS; !signal.aborted; pause = Math.min(pause * SLOWER, LONGEST_PAUSE_MS)) {
    await delay(pause, undefined, { signal }).catch(() => undefined)
    if (!existsSync(process)) return
  }
}

/** By its control groups: in a process namespace of our own the number would be another one's. */
function isOf(process: string, id: string): boolean {
  try {
    return readFileSync(`${process}/cgroup`, 'utf8').includes(id)
  } catch {
    return false
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}
