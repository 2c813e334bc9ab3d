import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { type CgroupMount, hostCgroupMounts, ownCgroupMounts } from '../stats/cgroup.ts'

/** The hierarchies of control groups, as a process sees them. */
export interface CgroupView {
  readonly mounts: readonly CgroupMount[]
  /** What goes before a command that is to see the same files. */
  readonly enter: readonly string[]
}

/** The agent's own, and that of the host's first process: in a container it sees, and may write to, nothing but its own groups. */
export function cgroupViews(): readonly CgroupView[] {
  return [
    { mounts: ownCgroupMounts(), enter: [] },
    { mounts: hostCgroupMounts(), enter: ['nsenter', '-t', '1', '-m', '--'] },
  ]
}

/** Whether groups can be made below that one, in each of these hierarchies. */
export function isWritable(group: string, controllers: readonly string[], { mounts }: CgroupView): boolean {
  return controllers.every((controller) => {
    const hierarchy = hierarchyOf(controller, mounts)
    if (hierarchy === undefined) return false
    try {
      accessSync(join(hierarchy, group), constants.W_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Of one controller; v2's only hierarchy is ''. */
export function hierarchyOf(controller: string, mounts: readonly CgroupMount[]): string | undefined {
  return mounts.find((mount) => mount.controller === controller)?.mountPoint
}

/** Where a group is in every hierarchy: the engine makes it in all of them. */
export function everyPlaceOf(group: string, mounts: readonly CgroupMount[]): readonly string[] {
  return [...new Set(mounts.map(({ mountPoint }) => mountPoint))].map((mountPoint) => join(mountPoint, group))
}
