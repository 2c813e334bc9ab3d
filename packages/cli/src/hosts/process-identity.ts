import { readFileSync } from 'node:fs'

/** A process, and not another one that got its number later. */
export interface ProcessIdentity {
  readonly pid: number
  /** Field 22 of /proc/<pid>/stat: clock ticks since boot. */
  readonly startTime: string
}

/** Undefined when there is no such process, or it is dead and only not yet collected. */
export function processIdentity(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const startTime = fields[19]
    return fields[0] === 'Z' || startTime === undefined ? undefined : { pid, startTime }
  } catch {
    return undefined
  }
}

export function isAlive(process: ProcessIdentity): boolean {
  return processIdentity(process.pid)?.startTime === process.startTime
}
