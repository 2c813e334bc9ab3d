import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Payload } from './payload.ts'

const DATA = '..data'

/**
 * Makes a directory contain exactly `payload`, all of it at one instant: the files stand in a directory of their own, `..data`
 * points there, and each visible name points through `..data`; a change swaps `..data` by a rename. Containers that have
 * the directory mounted see the new content at their next open. Says whether anything changed.
 */
export async function writeAtomically(directory: string, payload: Payload, group?: number): Promise<boolean> {
  await mkdir(directory, { recursive: true })
  const before = await readlink(join(directory, DATA)).catch(() => undefined)
  if (before !== undefined && (await holds(join(directory, before), payload))) return false
  const next = await writeVersion(directory, payload, group)
  await linkNames(directory, payload)
  await symlink(next, join(directory, `${DATA}_tmp`))
  await rename(join(directory, `${DATA}_tmp`), join(directory, DATA))
  await removeStaleNames(directory, payload)
  if (before !== undefined) await rm(join(directory, before), { recursive: true, force: true })
  return true
}

async function holds(version: string, payload: Payload): Promise<boolean> {
  const files = await filesBelow(version).catch(() => undefined)
  if (files === undefined || files.length !== payload.size) return false
  for (const [path, file] of payload) {
    const content = await readFile(join(version, path)).catch(() => undefined)
    if (content === undefined || !content.equals(file.content)) return false
  }
  return true
}

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

async function writeVersion(directory: string, payload: Payload, group: number | undefined): Promise<string> {
  await rm(join(directory, `${DATA}_tmp`), { force: true })
  const version = await mkdtemp(`${directory}/..`)
  await chmod(version, 0o755)
  for (const [path, { content, mode, owner }] of payload) {
    const file = join(version, path)
    await mkdir(dirname(file), { recursive: true, mode: 0o755 })
    await writeFile(file, content)
    if (group !== undefined || owner !== undefined) await chown(file, owner ?? -1, group ?? -1)
    // chmod, not writeFile's mode, which the umask would cut.
    await chmod(file, group === undefined ? mode : mode | 0o440)
  }
  return version.slice(directory.length + 1)
}

async function linkNames(directory: string, payload: Payload): Promise<void> {
  for (const name of topNames(payload)) {
    const exists = await lstat(join(directory, name)).catch(() => undefined)
    if (exists === undefined) await symlink(join(DATA, name), join(directory, name))
  }
}

async function removeStaleNames(directory: string, payload: Payload): Promise<void> {
  const wanted = topNames(payload)
  for (const name of await readdir(directory)) {
    if (!name.startsWith('..') && !wanted.has(name)) await rm(join(directory, name), { force: true })
  }
}

function topNames(payload: Payload): Set<string> {
  return new Set([...payload.keys()].map((path) => path.split('/')[0] ?? ''))
}
