import { chmod, lchown, lstat, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pod } from '@skiff/api'

const DIRECTORY_BITS = 0o2770
const FILE_BITS = 0o660

/**
 * Gives a volume to the pod's fsGroup, if it has one: group ownership, read and write for it, and setgid, so that new files
 * inherit it. `OnRootMismatch` leaves a volume alone whose root is so already (KEP-695).
 */
export async function giveToFsGroup(path: string, { spec }: Pod): Promise<void> {
  const { fsGroup, fsGroupChangePolicy } = spec.securityContext ?? {}
  if (fsGroup === undefined) return
  if (fsGroupChangePolicy === 'OnRootMismatch' && (await rootMatches(path, fsGroup))) return
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    await setGroup(join(entry.parentPath, entry.name), fsGroup)
  }
  // The root comes last: it says that all of it is done.
  await setGroup(path, fsGroup)
}

async function rootMatches(path: string, group: number): Promise<boolean> {
  const { gid, mode } = await stat(path)
  return gid === group && (mode & DIRECTORY_BITS) === DIRECTORY_BITS
}

async function setGroup(path: string, group: number): Promise<void> {
  const { uid, mode } = await lstat(path)
  await lchown(path, uid, group)
  if ((mode & 0o170000) === 0o120000) return
  const directory = (mode & 0o170000) === 0o040000
  await chmod(path, (mode & 0o7777) | (directory ? DIRECTORY_BITS : FILE_BITS))
}
