import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { removeGroup } from '../cgroups/cgroup-directory.ts'
import { systemdDriver } from '../cgroups/cgroup-driver.ts'
import { type CgroupView, cgroupViews } from '../cgroups/hierarchies.ts'
import { podUidIn } from '../cgroups/names.ts'
import { ifThere } from '../if-there.ts'
import type { HostCommands } from '../network/host-commands.ts'

/** Takes away every control group of the cluster's pods, wherever the engine has its own; no container may be left in them. */
export async function removePodCgroups(clusterId: string, commands: Pick<HostCommands, 'run'>): Promise<void> {
  for (const view of cgroupViews()) await removeSeen(view, clusterId, commands)
}

async function removeSeen({ mounts, enter }: CgroupView, clusterId: string, commands: Pick<HostCommands, 'run'>): Promise<void> {
  const groups = new Set(mounts.flatMap(({ mountPoint }) => podGroupsBelow(mountPoint, '/', clusterId)))
  const systemd = systemdDriver({ mounts, enter, version: 2, commands })
  for (const group of groups) {
    if (group.endsWith('.slice')) await systemd.remove(basename(group))
    else await removeGroup(group, mounts)
  }
}

function podGroupsBelow(mountPoint: string, group: string, clusterId: string): readonly string[] {
  return directoriesIn(join(mountPoint, group)).flatMap((name) => {
    const path = join(group, name)
    return podUidIn(name, clusterId) === undefined ? podGroupsBelow(mountPoint, path, clusterId) : [path]
  })
}

function directoriesIn(path: string): readonly string[] {
  const entries = ifThere(() => readdirSync(path, { withFileTypes: true })) ?? []
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}
