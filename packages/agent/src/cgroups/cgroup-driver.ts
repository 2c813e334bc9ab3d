/** How a pod's control group is named, made and removed, by whoever manages the host's groups: the engine's driver says who. */

import { dirname, join } from 'node:path'
import type { HostCommands } from '../network/host-commands.ts'
import { type CgroupDirectoryOptions, makeGroup, removeGroup, writeLimits } from './cgroup-directory.ts'
import type { PodLimits } from './pod-limits.ts'
import { childSlice, slicePath, sliceProperties, sliceQuotaUs } from './slices.ts'

export interface CgroupDriver {
  /** A group below `parent`, as `CgroupParent` takes it. */
  childOf(parent: string, name: string): string
  /** Where it is below a hierarchy's root. */
  pathOf(group: string): string
  /** What it makes of a quota. */
  keptQuotaUs(cpuQuotaUs: number): number
  /** Makes it if need be, and sets its limits. */
  set(group: string, limits: PodLimits, held: PodLimits): Promise<void>
  remove(group: string): Promise<void>
}

export function cgroupfsDriver(options: CgroupDirectoryOptions): CgroupDriver {
  return {
    childOf: (parent, name) => join(parent, name),
    pathOf: (group) => group,
    keptQuotaUs: (cpuQuotaUs) => cpuQuotaUs,
    async set(group, limits, held) {
      makeGroup(group, options)
      writeLimits(group, limits, { ...options, held })
    },
    remove: (group) => removeGroup(group, options.mounts),
  }
}

/** Where `systemctl set-property --runtime` keeps what it has set. */
const PROPERTY_FILES = '/run/systemd/system.control'

export interface SystemdOptions extends CgroupDirectoryOptions {
  readonly commands: Pick<HostCommands, 'run'>
  /** Before each command: an agent in a container has neither the host's systemctl nor its sockets. */
  readonly enter: readonly string[]
}

export function systemdDriver(options: SystemdOptions): CgroupDriver {
  const onHost = async (...words: string[]) => {
    const [command = '', ...args] = [...options.enter, ...words]
    return await options.commands.run(command, args)
  }
  return {
    childOf: childSlice,
    pathOf: slicePath,
    keptQuotaUs: sliceQuotaUs,
    async set(slice, limits) {
      await onHost('systemctl', 'set-property', '--runtime', slice, ...sliceProperties(limits, options.version))
      await onHost('systemctl', 'start', slice)
    },
    async remove(slice) {
      // One that isn't loaded can't be stopped; what counts is that its group is gone.
      await onHost('systemctl', 'stop', slice).catch(() => undefined)
      await onHost('rm', '-rf', `${PROPERTY_FILES}/${slice}.d`)
      await removeGroup(slicePath(slice), options.mounts)
    },
  }
}

/** The directory that holds a driver's groups below `parent`. */
export function groupsBelow(driver: CgroupDriver, parent: string): string {
  return dirname(driver.pathOf(driver.childOf(parent, 'any')))
}
