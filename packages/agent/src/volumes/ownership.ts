import { chmod, lchown, lstat, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Gives a volume to the pod's fsGroup: group ownership, group read and write, and setgid so that new files inherit it. */
export async function giveToGroup(path: string, group: number, policy: 'Always' | 'OnRootMismatch' = 'Always'): Promise<void> {
  if (policy === 'OnRootMismatch' && (await rootMatches(path, group))) return
  await setGroup(path, group)
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    await setGroup(join(entry.parentPath, entry.name), group)
  }
}

async function rootMatches(path: string, group: number): Promise<boolean> {
  const { gid, mode } = await stat(path)
  return gid === group && (mode & 0o2060) === 0o2060
}

async function setGroup(path: string, group: number): Promise<void> {
  const { uid, mode } = await lstat(path)
  await lchown(path, uid, group)
  if ((mode & 0o170000) === 0o120000) return
  const directory = (mode & 0o170000) === 0o040000
  await chmod(path, (mode & 0o7777) | (directory ? 0o2070 : 0o060))
}
