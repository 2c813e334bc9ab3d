import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

const WINDOW_MS = 500
const IDLE_SHARE = 0.9
const LONGEST_MS = 30_000

/**
 * Waits until the processors have little to do, or for half a minute: the kernel takes away namespaces, groups and mounts of ended
 * containers for seconds after the engine has said that they are gone, and whoever is measured next would pay for that.
 */
export async function machineAtRest(): Promise<void> {
  const end = performance.now() + LONGEST_MS
  let before = processorTicks()
  while (performance.now() < end) {
    await delay(WINDOW_MS)
    const now = processorTicks()
    if ((now.idle - before.idle) / (now.all - before.all) >= IDLE_SHARE) return
    before = now
  }
}

/** Of all processors since the start of the machine (proc(5), /proc/stat). */
function processorTicks(): { readonly idle: number; readonly all: number } {
  const [, ...ticks] = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').split(/\s+/)
  const [user = 0, nice = 0, system = 0, idle = 0, ioWait = 0, irq = 0, softIrq = 0, stolen = 0] = ticks.map(Number)
  return { idle: idle + ioWait, all: user + nice + system + idle + ioWait + irq + softIrq + stolen }
}
