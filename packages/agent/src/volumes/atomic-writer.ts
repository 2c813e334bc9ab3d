import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { ifThere } from '../if-there.ts'
import type { Payload } from './payload.ts'

const DATA = '..data'

/**
 * Makes a directory contain exactly `payload`, all of it at one instant: the files stand in a directory of their own, `..data`
 * points there, and each visible name points through `..data`; a change swaps `..data` by a rename. Containers that have
 * the directory mounted see the new content at their next open. Says whether anything changed. Synchronous, for what is written is
 * small, and these are dozens of steps for each pod.
 */
export function writeAtomically(directory: string, payload: Payload, group?: number): boolean {
  mkdirSync(directory, { recursive: true })
  const before = ifThere(() => readlinkSync(join(directory, DATA)))
  if (before !== undefined && holds(join(directory, before), payload)) return false
  const next = writeVersion(directory, payload, group)
  linkNames(directory, payload)
  symlinkSync(next, join(directory, `${DATA}_tmp`))
  renameSync(join(directory, `${DATA}_tmp`), join(directory, DATA))
  removeStaleNames(directory, payload)
  if (before !== undefined) rmSync(join(directory, before), { recursive: true, force: true })
  return true
}

function holds(version: string, payload: Payload): boolean {
  const files = ifThere(() => filesBelow(version))
  if (files?.length !== payload.size) return false
  for (const [path, file] of payload) {
    if (!ifThere(() => readFileSync(join(version, path)))?.equals(file.content)) return false
  }
  return true
}

function filesBelow(directory: string): string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

function writeVersion(directory: string, payload: Payload, group: number | undefined): string {
  rmSync(join(directory, `${DATA}_tmp`), { force: true })
  const version = mkdtempSync(`${directory}/..`)
  chmodSync(version, 0o755)
  for (const [path, { content, mode, owner }] of payload) {
    const file = join(version, path)
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 })
    writeFileSync(file, content)
    if (group !== undefined || owner !== undefined) chownSync(file, owner ?? -1, group ?? -1)
    // chmod, not writeFileSync's mode, which the umask would cut.
    chmodSync(file, group === undefined ? mode : mode | 0o440)
  }
  return version.slice(directory.length + 1)
}

function linkNames(directory: string, payload: Payload): void {
  for (const name of topNames(payload)) {
    const path = join(directory, name)
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) symlinkSync(join(DATA, name), path)
  }
}

function removeStaleNames(directory: string, payload: Payload): void {
  const wanted = topNames(payload)
  for (const name of readdirSync(directory)) {
    if (!name.startsWith('..') && !wanted.has(name)) rmSync(join(directory, name), { force: true })
  }
}

function topNames(payload: Payload): Set<string> {
  return new Set([...payload.keys()].map((path) => path.split('/')[0] ?? ''))
}
