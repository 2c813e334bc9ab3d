import type { ContainerLimits, PodCgroups } from '../runtime.ts'

/** Control groups in memory; a test says what they use, and whether they can be had. */
export class FakePodCgroups implements PodCgroups {
  readonly groups = new Map<string, ContainerLimits>()
  problem: string | undefined
  usedBytes = 0

  async obstacle(): Promise<string | undefined> {
    return this.problem
  }

  async ensure(podUid: string, limits: ContainerLimits): Promise<string> {
    if (!this.groups.has(podUid)) this.groups.set(podUid, limits)
    return `/fake/pod${podUid}`
  }

  async update(podUid: string, limits: ContainerLimits): Promise<void> {
    this.groups.set(podUid, limits)
  }

  async limits(podUid: string): Promise<ContainerLimits | undefined> {
    return this.groups.get(podUid)
  }

  async usedMemoryBytes(): Promise<number> {
    return this.usedBytes
  }

  async remove(podUid: string): Promise<void> {
    this.groups.delete(podUid)
  }

  async removeOthers(isKnown: (podUid: string) => boolean): Promise<void> {
    for (const uid of this.groups.keys()) if (!isKnown(uid)) this.groups.delete(uid)
  }
}
