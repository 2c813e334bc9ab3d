import { constants } from 'node:fs'
import { chmod, type FileHandle, mkdir, open, realpath, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { ConfigError } from '../containers/config-error.ts'
import { bindMount } from './mounts.ts'

/**
 * Pins `subPath` of a volume at `pin`, a path that only the agent can change, and returns it as the mount's source. The pod can
 * write to its volume, so between any check of a path and its mount a directory may become a link to elsewhere: the way
 * down is therefore opened step by step without following links, and what was opened is what is bound.
 */
export async function pinSubPath(volume: string, subPath: string, pin: string): Promise<string> {
  if (subPath.startsWith('/') || subPath.split('/').includes('..')) {
    throw new ConfigError(`subPath ${JSON.stringify(subPath)} must be relative and not contain '..'`)
  }
  const root = await realpath(volume)
  await makeMissing(root, join(root, subPath))
  const target = await realpath(join(root, subPath))
  if (target !== root && !target.startsWith(`${root}/`)) {
    throw new ConfigError(`subPath ${JSON.stringify(subPath)} points outside of its volume`)
  }
  await using opened = await openBelow(root, relative(root, target))
  const source = `/proc/${process.pid}/fd/${opened.fd}`
  await makeMountPoint(pin, (await opened.stat()).isDirectory())
  await bindMount(source, pin)
  return pin
}

/** A subPath that isn't there becomes a directory with its volume's mode; the part of it that exists must lie inside the volume. */
async function makeMissing(root: string, path: string): Promise<void> {
  if ((await stat(path).catch(() => undefined)) !== undefined) return
  let existing = dirname(path)
  while ((await stat(existing).catch(() => undefined)) === undefined) existing = dirname(existing)
  const real = await realpath(existing)
  if (real !== root && !real.startsWith(`${root}/`)) throw new ConfigError('subPath points outside of its volume')
  const { mode } = await stat(root)
  let next = real
  for (const name of relative(existing, path).split('/')) {
    next = join(next, name)
    await mkdir(next)
    await chmod(next, mode & 0o7777)
  }
}

async function openBelow(root: string, path: string): Promise<FileHandle> {
  let current = await open(root, constants.O_RDONLY | constants.O_DIRECTORY)
  for (const part of path.split('/').filter((name) => name !== '')) {
    await using parent = current
    current = await open(`/proc/self/fd/${parent.fd}/${part}`, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  }
  return current
}

async function makeMountPoint(path: string, directory: boolean): Promise<void> {
  await mkdir(directory ? path : dirname(path), { recursive: true, mode: 0o750 })
  if (!directory) await writeFile(path, '', { flag: 'a' })
}
