/** Where a container's control groups lie on this host, under cgroup v1, v2, and both at once. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ifThere } from '../if-there.ts'
import { onHost } from '../runtime/docker/engine-paths.ts'

/** The directories with a container's figures; they may be one and the same. */
export interface Cgroup {
  readonly cpu: CgroupDirectory
  /** v1 counts time in one hierarchy (`cpuacct`) and throttling in another (`cpu`). */
  readonly cpuLimits: CgroupDirectory
  readonly memory: CgroupDirectory
  readonly pids: CgroupDirectory
  /** Absent: the kernel doesn't count what groups read and write. */
  readonly io?: CgroupDirectory
}

export interface CgroupDirectory {
  readonly version: 1 | 2
  readonly path: string
}

/** A mounted hierarchy: `controller` is '' for v2's only one. */
export interface CgroupMount {
  readonly controller: string
  readonly mountPoint: string
  /** The group that the mount shows as its top. */
  readonly root: string
}

/** Where the engine puts containers: cgroupfs' way, systemd's way. */
const USUAL_PARENTS = ['/docker', '/system.slice']
const usualGroups = (id: string) => [`/docker/${id}`, `/system.slice/docker-${id}.scope`]

/**
 * Where a container's group may be, by what its process says. That is told from where the reader is: who is in a container himself
 * reads no more than `/../` and the rest of the others' places, and `/` under v1.
 */
export function possibleGroups(told: string | undefined, id: string): readonly string[] {
  const [, rest] = /^(?:\/\.\.)+(\/.+)$/.exec(told ?? '') ?? []
  const beside = rest === undefined ? [] : USUAL_PARENTS.map((parent) => `${parent}${rest}`)
  return [...(told === undefined ? [] : [told]), ...usualGroups(id), ...beside]
}

export type FindCgroup = (pid: number, containerId: string) => Cgroup | undefined

/**
 * Finds a running container's groups by one of its processes. Undefined: it has ended, or they can't be seen from here.
 * What is mounted is looked at once.
 */
export function cgroupFinder(): FindCgroup {
  let mounts: readonly (readonly CgroupMount[])[] | undefined
  return (pid, containerId) => {
    const groups = parseProcessCgroups(text(`/proc/${pid}/cgroup`))
    // A process id may be another process's by now.
    if (![...groups.values()].some((group) => group.includes(containerId))) return undefined
    mounts ??= [ownCgroupMounts(), hostCgroupMounts()]
    for (const seen of mounts) {
      const [cpu, cpuLimits, memory, pids, io] = CONTROLLERS.map((controller) =>
        directoryOf(controller, groups, containerId, seen),
      )
      if (cpu && cpuLimits && memory && pids) return { cpu, cpuLimits, memory, pids, ...(io === undefined ? {} : { io }) }
    }
    return undefined
  }
}

const CONTROLLERS = ['cpuacct', 'cpu', 'memory', 'pids', 'blkio'] as const

/** `/proc/<pid>/cgroup`: controller to path; '' is v2's hierarchy. */
export function parseProcessCgroups(content: string): ReadonlyMap<string, string> {
  const entries = content.split('\n').flatMap((line): [string, string][] => {
    const [, controllers, path] = /^\d+:([^:]*):(.+)$/.exec(line) ?? []
    if (controllers === undefined || path === undefined) return []
    return controllers.split(',').map((controller) => [controller, path])
  })
  return new Map(entries)
}

/** The hierarchies among `/proc/<pid>/mountinfo`. */
export function parseCgroupMounts(mountInfo: string): readonly CgroupMount[] {
  return mountInfo.split('\n').flatMap((line) => {
    const [mount = '', source = ''] = line.split(' - ')
    const [, , , root = '', mountPoint = ''] = mount.split(' ')
    const [type, , options = ''] = source.split(' ')
    if (type === 'cgroup2') return [{ controller: '', mountPoint, root }]
    return type === 'cgroup' ? options.split(',').map((controller) => ({ controller, mountPoint, root })) : []
  })
}

export function ownCgroupMounts(): readonly CgroupMount[] {
  return parseCgroupMounts(text('/proc/self/mountinfo'))
}

/** The host's own view, for an agent in a container (docker-compose.yml, `pid: host`), which sees only its own groups. */
export function hostCgroupMounts(): readonly CgroupMount[] {
  const mounts = parseCgroupMounts(text('/proc/1/mountinfo'))
  return mounts.map((mount) => ({ ...mount, mountPoint: onHost(mount.mountPoint) }))
}

/** v1's hierarchy of the controller where there is one, else v2's. */
function directoryOf(
  controller: string,
  groups: ReadonlyMap<string, string>,
  id: string,
  mounts: readonly CgroupMount[],
): CgroupDirectory | undefined {
  const version = groups.has(controller) ? 1 : 2
  const wanted = version === 1 ? controller : ''
  const candidates = possibleGroups(groups.get(wanted), id)
  for (const mount of mounts.filter((one) => one.controller === wanted)) {
    for (const candidate of candidates) {
      const path = join(mount.mountPoint, belowRoot(candidate, mount.root))
      if (path.includes(id) && existsSync(path)) return { version, path }
    }
  }
  return undefined
}

function belowRoot(group: string, root: string): string {
  return root !== '/' && group.startsWith(`${root}/`) ? group.slice(root.length) : group
}

/** Files of the kernel, which are read from memory: doing so at once takes a tenth of what a thread's turn would. */
export function text(path: string): string {
  return ifThere(() => readFileSync(path, 'utf8')) ?? ''
}
