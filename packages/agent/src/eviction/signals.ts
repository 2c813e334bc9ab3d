/** What may run out on a node, and what that is called. Pure. */

import type { FsUsage, HostUsage } from '../stats/host-usage.ts'

export const SIGNALS = [
  'memory.available',
  'nodefs.available',
  'nodefs.inodesFree',
  'imagefs.available',
  'imagefs.inodesFree',
  'pid.available',
] as const
export type Signal = (typeof SIGNALS)[number]

export interface Observation {
  readonly available: number
  readonly capacity: number
}

/** A signal that can't be seen now is absent. */
export type Observations = ReadonlyMap<Signal, Observation>

export type PressureCondition = 'MemoryPressure' | 'DiskPressure' | 'PIDPressure'

export interface HostRoom {
  readonly host: HostUsage
  /** Of the agent's own directory. */
  readonly node: FsUsage | undefined
  /** Of the engine's data. */
  readonly images: FsUsage | undefined
}

export function observe({ host, node, images }: HostRoom): Observations {
  const seen = new Map<Signal, Observation>([
    ['memory.available', { available: host.availableBytes, capacity: host.capacityBytes }],
    ['pid.available', { available: host.mostProcesses - host.processes, capacity: host.mostProcesses }],
  ])
  for (const [name, fs] of [['nodefs', node] as const, ['imagefs', images] as const]) {
    if (fs === undefined) continue
    seen.set(`${name}.available`, { available: fs.availableBytes, capacity: fs.capacityBytes })
    // Some file systems (btrfs) make inodes as they need them, and say 0 of 0.
    if (fs.inodes > 0) seen.set(`${name}.inodesFree`, { available: fs.inodesFree, capacity: fs.inodes })
  }
  return seen
}

export function conditionOf(signal: Signal): PressureCondition {
  if (signal === 'memory.available') return 'MemoryPressure'
  return signal === 'pid.available' ? 'PIDPressure' : 'DiskPressure'
}

/** What is short then, as messages call it. */
export function resourceOf(signal: Signal): string {
  if (signal === 'memory.available') return 'memory'
  if (signal === 'pid.available') return 'pids'
  return signal.endsWith('inodesFree') ? 'inodes' : 'ephemeral-storage'
}
