import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { promisify } from 'node:util'
import { parseProcessCgroups } from '../../stats/cgroup.ts'

/** What `/proc/<pid>/cgroup` says of a container's process, as the host reads it; '' when the process is not that container's. */
export async function hostCgroupsOf(pid: number, containerId: string): Promise<string> {
  const file = `/proc/${pid}/cgroup`
  const seen = await readFile(file, 'utf8').catch(() => '')
  if (!seen.includes(containerId)) return ''
  // An agent in a container under cgroup v2 sees all groups from its own, which doesn't tell their names.
  if (!seen.includes('/..')) return seen
  const asHost = await promisify(execFile)('nsenter', ['-t', '1', '-C', 'cat', file]).catch(() => ({ stdout: '' }))
  return asHost.stdout
}

/** Where the engine put that container, as `CgroupParent` takes it: a path, or a slice's name under systemd. Pure. */
export function cgroupParentOf(groups: string, driver: 'cgroupfs' | 'systemd'): string | undefined {
  const byController = parseProcessCgroups(groups)
  const group = byController.get('memory') ?? byController.get('')
  if (group === undefined) return undefined
  const parent = dirname(group)
  if (driver === 'cgroupfs') return parent
  return basename(parent).endsWith('.slice') ? basename(parent) : undefined
}
