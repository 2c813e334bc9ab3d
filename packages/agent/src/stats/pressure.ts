/** How long tasks have waited for a resource, on the host and in a control group (Linux: Documentation/accounting/psi.rst). */

import { join } from 'node:path'
import { type Cgroup, text } from './cgroup.ts'

/** Absent: the kernel doesn't tell it (before 4.20, without `psi=1` where that is needed, for groups of v1). */
export interface Pressures {
  readonly cpu?: Pressure
  readonly memory?: Pressure
  readonly io?: Pressure
}

export interface Pressure {
  /** While at least one task waited. */
  readonly some: Stall
  /** While none could go on. */
  readonly full: Stall
}

export interface Stall {
  readonly totalUs: number
  /** Per cent of the last 10, 60 and 300 seconds. */
  readonly avg10: number
  readonly avg60: number
  readonly avg300: number
}

const RESOURCES = ['cpu', 'memory', 'io'] as const

export function readHostPressures(): Pressures {
  return pressuresOf((resource) => `/proc/pressure/${resource}`)
}

/** v2 has all of a group's files in one directory; v1 has none of these. */
export function readPressures({ cpu: { version, path } }: Cgroup): Pressures {
  return version === 1 ? {} : pressuresOf((resource) => join(path, `${resource}.pressure`))
}

function pressuresOf(fileOf: (resource: string) => string): Pressures {
  const entries = RESOURCES.map((resource) => [resource, parsePressure(text(fileOf(resource)))] as const)
  return Object.fromEntries(entries.filter(([, pressure]) => pressure !== undefined))
}

/** Undefined: nothing is told. Before 5.13 the processors' file has no line `full`, and upstream says 0 as well. */
export function parsePressure(content: string): Pressure | undefined {
  const lines = new Map(content.split('\n').map((line) => [line.slice(0, line.indexOf(' ')), line]))
  const [some, full = ''] = [lines.get('some'), lines.get('full')]
  return some === undefined ? undefined : { some: parseStall(some), full: parseStall(full) }
}

function parseStall(line: string): Stall {
  const figures = new Map(line.split(' ').map((figure) => figure.split('=') as [string, string]))
  const of = (key: string) => Number(figures.get(key) ?? 0)
  return { totalUs: of('total'), avg10: of('avg10'), avg60: of('avg60'), avg300: of('avg300') }
}
