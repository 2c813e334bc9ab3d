import { readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { ifThere } from '../if-there.ts'

export interface OpenFiles {
  readonly descriptors: number
  readonly sockets: number
}

/** Each takes some microseconds, in which the agent does nothing else: processes and sockets beyond these aren't counted. */
const MOST_PROCESSES = 1_000
const MOST_LINKS = 10_000

/** What processes hold open, all together. */
export function readOpenFiles(pids: readonly number[], procPath = '/proc'): OpenFiles {
  const directories = pids.slice(0, MOST_PROCESSES).map((pid) => join(procPath, `${pid}`, 'fd'))
  const files = directories.flatMap((path) => (ifThere(() => readdirSync(path)) ?? []).map((name) => join(path, name)))
  return { descriptors: files.length, sockets: files.slice(0, MOST_LINKS).filter(isSocket).length }
}

function isSocket(path: string): boolean {
  return ifThere(() => readlinkSync(path))?.startsWith('socket:') ?? false
}
