/** Mounts that the agent itself makes on its host: memory-backed emptyDirs, NFS, and subPaths pinned against symlink swaps. */

import { execFile } from 'node:child_process'
import { access, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
/** A server that doesn't answer must not keep a pod's worker for ever. */
const MOUNT_TIMEOUT_MS = 120_000

/** @param options `mode=0777`, `size=4096`, ... Says whether it was not there yet. */
export async function mountTmpfs(path: string, options: readonly string[]): Promise<boolean> {
  if (await isMounted(path)) return false
  await run('mount', ['-t', 'tmpfs', '-o', options.join(','), 'tmpfs', path])
  return true
}

export async function bindMount(source: string, target: string): Promise<void> {
  await run('mount', ['--bind', source, target])
}

/** Shows a directory at another place, where nothing in it can be changed, or started as a program. */
export async function bindReadOnly(source: string, target: string): Promise<void> {
  await bindMount(source, target)
  try {
    await run('mount', ['-o', 'remount,bind,ro,nosuid,nodev,noexec', target])
  } catch (error) {
    await unmount(target)
    throw error
  }
}

export interface FileSystemMount {
  readonly type: string
  readonly source: string
  readonly target: string
  readonly options: readonly string[]
}

/** The host has no program that knows this type of file system. */
export class MissingMountHelperError extends Error {
  override name = 'MissingMountHelperError'
}

/** Throws what `mount` said, in the kubelet's words. */
export async function mountFileSystem({ type, source, target, options }: FileSystemMount): Promise<void> {
  if (await isMounted(target)) return
  const args = ['-t', type, ...(options.length > 0 ? ['-o', options.join(',')] : []), source, target]
  try {
    await run('mount', args, { timeout: MOUNT_TIMEOUT_MS })
  } catch (error) {
    const { code, stderr = '' } = error as { code?: number | string; stderr?: string }
    const text = `mount failed: exit status ${code}\nMounting command: mount\nMounting arguments: ${args.join(' ')}\nOutput: ${stderr.trim()}`
    const hasHelper = await Promise.any(['/sbin', '/usr/sbin'].map((place) => access(`${place}/mount.${type}`))).then(
      () => true,
      () => false,
    )
    throw hasHelper ? new Error(text, { cause: error }) : new MissingMountHelperError(text, { cause: error })
  }
}

/** Everything mounted at or below the path, the deepest first. Throws if something stays mounted: what is in it isn't ours. */
export async function unmountBelow(path: string): Promise<void> {
  const points = await mountsBelow(path)
  if (points.length === 0) return
  for (const point of points.toSorted((a, b) => b.length - a.length)) await run('umount', ['-l', point])
  const left = await mountsBelow(path)
  if (left.length > 0) throw new Error(`${left.join(', ')} is still mounted`)
}

async function mountsBelow(path: string): Promise<string[]> {
  return (await mountPoints()).filter((point) => point === path || point.startsWith(`${path}/`))
}

export async function isMounted(path: string): Promise<boolean> {
  return (await mountPoints()).includes(path)
}

export async function unmount(path: string): Promise<void> {
  await run('umount', ['-l', path])
}

async function mountPoints(): Promise<readonly string[]> {
  return await mountColumn(4)
}

/** Of each mount the directory of its file system that it shows. */
export async function mountedRoots(): Promise<readonly string[]> {
  return await mountColumn(3)
}

async function mountColumn(column: number): Promise<readonly string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8')
  return table
    .split('\n')
    .map((line) => (line.split(' ')[column] ?? '').replace(/\\(\d{3})/g, (_, code) => String.fromCharCode(parseInt(code, 8))))
}
