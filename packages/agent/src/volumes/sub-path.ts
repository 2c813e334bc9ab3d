import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, realpath, rmdir, stat, unlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { bindMount, isMounted, unmount } from './mounts.ts'

/** The subPath can't be used: it leads outside of its volume, or changed while it was looked at. Says nothing of the host. */
export class SubPathError extends Error {
  override name = 'SubPathError'
}

/**
 * Pins `subPath` of a volume at `pin`, a path that only the agent can change, and returns it as the mount's source. The pod can
 * write to its volume, so between any check of a path and its mount a directory may become a link to elsewhere: the way
 * down is therefore opened step by step without following links, and what was opened is what is bound.
 */
export async function pinSubPath(volume: string, subPath: string, pin: string): Promise<string> {
  await using opened = await openSubPath(volume, subPath)
  if (await isPinned(pin, opened)) return pin
  if (await isMounted(pin)) await unmount(pin)
  await makeMountPoint(pin, (await opened.stat()).isDirectory())
  await bindMount(`/proc/${process.pid}/fd/${opened.fd}`, pin)
  return pin
}

/**
 * Opens a path below a volume, after links that stay inside of it were resolved; what is missing is made, with the mode of
 * its parent. Whatever the pod does meanwhile, what is opened lay in the volume. Throws SubPathError.
 */
export async function openSubPath(volume: string, subPath: string): Promise<FileHandle> {
  if (subPath.startsWith('/') || subPath.split('/').includes('..')) {
    throw new SubPathError("it must be relative and not contain '..'")
  }
  const existing = await openExisting(volume, subPath)
  if (existing !== undefined) return existing
  const root = await realpath(volume)
  let parent = dirname(join(root, subPath))
  let real = await realpath(parent).catch(() => undefined)
  while (real === undefined) {
    parent = dirname(parent)
    real = await realpath(parent).catch(() => undefined)
  }
  await using start = await openBelow(root, pathBelow(root, real))
  return await makeBelow(start, relative(parent, join(root, subPath)).split('/'))
}

/** Opens what is there at a path below a volume, as `openSubPath` does; undefined: nothing is. Throws SubPathError. */
export async function openExisting(volume: string, subPath: string): Promise<FileHandle | undefined> {
  const root = await realpath(volume)
  const existing = await realpath(join(root, subPath)).catch(() => undefined)
  return existing === undefined ? undefined : await openBelow(root, pathBelow(root, existing))
}

function pathBelow(root: string, path: string): string {
  if (path === root) return ''
  if (!path.startsWith(`${root}/`)) throw new SubPathError('it leads outside of its volume')
  return relative(root, path)
}

const NO_LINK = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

async function openBelow(root: string, path: string): Promise<FileHandle> {
  let current = await open(root, constants.O_RDONLY | constants.O_DIRECTORY)
  for (const part of path.split('/').filter((name) => name !== '')) {
    await using parent = current
    current = await openChild(parent, part, NO_LINK)
  }
  return current
}

/** Each directory is made in the one that is held open, so that it comes to be nowhere else. */
async function makeBelow(start: FileHandle, names: readonly string[]): Promise<FileHandle> {
  const { mode } = await start.stat()
  let current: FileHandle | undefined
  try {
    for (const name of names.filter((part) => part !== '' && part !== '.')) {
      const parent: FileHandle = current ?? start
      await mkdir(`/proc/self/fd/${parent.fd}/${name}`).catch(refuse)
      const made = await openChild(parent, name, NO_LINK | constants.O_DIRECTORY)
      await current?.close()
      current = made
      await made.chmod(mode & 0o7777)
    }
    return current ?? (await openChild(start, '.', NO_LINK))
  } catch (error) {
    await current?.close()
    throw error
  }
}

async function openChild(parent: FileHandle, name: string, flags: number): Promise<FileHandle> {
  return await open(`/proc/self/fd/${parent.fd}/${name}`, flags).catch(refuse)
}

function refuse(error: NodeJS.ErrnoException): never {
  switch (error.code) {
    case 'ELOOP':
    case 'ENOTDIR':
    case 'ENOENT':
    case 'EEXIST':
      throw new SubPathError('a symbolic link in it leads outside of its volume, or it changed meanwhile', { cause: error })
    case 'EROFS':
      throw new SubPathError('it is missing, and its volume can not be written to', { cause: error })
    default:
      throw error
  }
}

/** A container that starts again gets what its subPath is now, which may be another file than at its last start. */
async function isPinned(pin: string, opened: FileHandle): Promise<boolean> {
  if (!(await isMounted(pin))) return false
  const [there, wanted] = await Promise.all([stat(pin).catch(() => undefined), opened.stat()])
  return there?.dev === wanted.dev && there.ino === wanted.ino
}

async function makeMountPoint(path: string, directory: boolean): Promise<void> {
  const existing = await stat(path).catch(() => undefined)
  // Neither removes what is in it, should it be mounted after all.
  if (existing?.isDirectory() && !directory) await rmdir(path)
  if (existing !== undefined && !existing.isDirectory() && directory) await unlink(path)
  await mkdir(directory ? path : dirname(path), { recursive: true, mode: 0o750 })
  if (!directory) await writeFile(path, '', { flag: 'a' })
}
