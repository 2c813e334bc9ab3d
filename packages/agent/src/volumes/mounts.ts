/** Mounts that the agent itself makes on its host: memory-backed emptyDirs, and subPaths pinned against symlink swaps. */

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

export async function mountTmpfs(path: string, sizeBytes: number | undefined): Promise<void> {
  if (await isMounted(path)) return
  const options = sizeBytes === undefined ? 'mode=0777' : `mode=0777,size=${sizeBytes}`
  await run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path])
}

export async function bindMount(source: string, target: string): Promise<void> {
  if (!(await isMounted(target))) await run('mount', ['--bind', source, target])
}

/** Everything mounted at or below the path, the deepest first. */
export async function unmountBelow(path: string): Promise<void> {
  const below = (await mountPoints()).filter((point) => point === path || point.startsWith(`${path}/`))
  for (const point of below.toSorted((a, b) => b.length - a.length)) await run('umount', ['-l', point])
}

async function isMounted(path: string): Promise<boolean> {
  return (await mountPoints()).includes(path)
}

async function mountPoints(): Promise<readonly string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8')
  return table
    .split('\n')
    .map((line) => (line.split(' ')[4] ?? '').replace(/\\(\d{3})/g, (_, code) => String.fromCharCode(parseInt(code, 8))))
}
