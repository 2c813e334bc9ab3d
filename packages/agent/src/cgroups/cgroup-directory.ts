/** A pod's control group as a directory of the kernel's (cgroupfs), and the files in it. */

import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type CgroupMount, text } from '../stats/cgroup.ts'
import { type CgroupVersion, LIMITING, type ReadFile, writesOf } from './cgroup-files.ts'
import { everyPlaceOf, hierarchyOf } from './hierarchies.ts'
import type { PodLimits } from './pod-limits.ts'

/** A container's own group goes a moment after the engine has told that the container is gone. */
const REMOVAL_TRIES = 40
const REMOVAL_PAUSE_MS = 50

export interface CgroupDirectoryOptions {
  readonly mounts: readonly CgroupMount[]
  readonly version: CgroupVersion
}

/** Makes it where it limits anything. The engine adds the other hierarchies of v1. */
export function makeGroup(group: string, { mounts, version }: CgroupDirectoryOptions): void {
  for (const controller of LIMITING[version]) {
    const hierarchy = hierarchyOf(controller, mounts)
    if (hierarchy === undefined) throw new Error(`there is no control group hierarchy of ${controller || 'cgroup v2'}`)
    mkdirSync(join(hierarchy, group), { recursive: true })
    if (version === 2) passControllersDown(hierarchy, group)
    else if (controller === 'memory') countChildren(join(hierarchy, group))
  }
}

/** A group of v2 has only the files of the controllers that its parent passes on. */
function passControllersDown(hierarchy: string, group: string): void {
  const parents = dirname(group)
    .split('/')
    .filter((name) => name !== '')
  for (let depth = 0; depth <= parents.length; depth++) {
    const file = join(hierarchy, ...parents.slice(0, depth), 'cgroup.subtree_control')
    const passed = readFileSync(file, 'utf8').split(/\s+/)
    const missing = ['cpu', 'memory'].filter((controller) => !passed.includes(controller))
    if (missing.length > 0) writeFileSync(file, missing.map((controller) => `+${controller}`).join(' '))
  }
}

/** Kernels before 5.11 only did so where they were told. */
function countChildren(directory: string): void {
  const file = join(directory, 'memory.use_hierarchy')
  if (text(file).trim() === '0') writeFileSync(file, '1')
}

export function writeLimits(
  group: string,
  limits: PodLimits,
  options: CgroupDirectoryOptions & { readonly held: PodLimits },
): void {
  for (const { controller, file, value, isOptional } of writesOf(limits, options.version, options.held.memoryBytes)) {
    const path = join(hierarchyOf(controller, options.mounts) ?? '', group, file)
    if (isOptional && !existsSync(path)) continue
    writeFileSync(path, value)
  }
}

export function groupExists(group: string, { mounts, version }: CgroupDirectoryOptions): boolean {
  return LIMITING[version].every((controller) => existsSync(join(hierarchyOf(controller, mounts) ?? '/nowhere', group)))
}

export function filesOf(group: string, { mounts }: CgroupDirectoryOptions): ReadFile {
  return (controller, file) => text(join(hierarchyOf(controller, mounts) ?? '/nowhere', group, file))
}

export async function removeGroup(group: string, mounts: readonly CgroupMount[]): Promise<void> {
  for (const place of everyPlaceOf(group, mounts).filter((path) => existsSync(path))) await removeDirectory(place)
}

async function removeDirectory(place: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return rmdirSync(place)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return
      if (code !== 'EBUSY' || tries === REMOVAL_TRIES) throw error
      await delay(REMOVAL_PAUSE_MS)
    }
  }
}
