import { readdirSync } from 'node:fs'
import type { Log } from '@skiff/client'
import { ifThere } from '../if-there.ts'
import { type HostCommands, hostCommands } from '../network/host-commands.ts'
import { type ContainerRuntime, type PodCgroups, type RuntimeInfo, StartError, UpdateError } from '../runtime/runtime.ts'
import { type CgroupDirectoryOptions, filesOf, groupExists } from './cgroup-directory.ts'
import { type CgroupDriver, cgroupfsDriver, groupsBelow, type SystemdOptions, systemdDriver } from './cgroup-driver.ts'
import { heldLimits, LIMITING } from './cgroup-files.ts'
import { type CgroupView, cgroupViews, everyPlaceOf, isWritable } from './hierarchies.ts'
import { podGroupName, podUidIn } from './names.ts'
import type { PodLimits } from './pod-limits.ts'

export interface PodCgroupsOptions {
  readonly runtime: Pick<ContainerRuntime, 'info' | 'cgroupParent'>
  readonly clusterId: string
  readonly logger: Log
  /** Tests put others in their place. */
  readonly views?: () => readonly CgroupView[]
  readonly commands?: Pick<HostCommands, 'run'>
}

/** Where this host's pods have their groups. */
interface Place extends CgroupDirectoryOptions, CgroupView {
  readonly driver: CgroupDriver
  readonly parent: string
}

/** A group that is made and removed again to see whether that can be done. */
const TRIAL: { readonly uid: string; readonly limits: PodLimits } = {
  uid: 'trial',
  limits: { cpuShares: 2, cpuQuotaUs: 100_000, memoryBytes: 64 * 2 ** 20 },
}
const NOTHING_HELD: PodLimits = { cpuShares: 0, cpuQuotaUs: 0, memoryBytes: 0 }

export function createPodCgroups(options: PodCgroupsOptions): PodCgroups {
  return new HostPodCgroups(options)
}

/** Beside the groups of all other containers, so that each pod's share of the processor is weighed against theirs. */
class HostPodCgroups implements PodCgroups {
  readonly #options: PodCgroupsOptions
  #place: Promise<Place> | undefined
  #trial: Promise<string | undefined> | undefined
  /** What this agent has set, by pod uid. */
  readonly #set = new Map<string, PodLimits>()

  constructor(options: PodCgroupsOptions) {
    this.#options = options
  }

  async obstacle(): Promise<string | undefined> {
    this.#trial ??= this.#try()
    const found = await this.#trial
    if (found !== undefined) this.#trial = undefined
    return found
  }

  async ensure(podUid: string, limits: PodLimits): Promise<string> {
    try {
      const place = await this.#where()
      const group = nameIn(place, this.#options.clusterId, podUid)
      if (this.#set.has(podUid) && groupExists(place.driver.pathOf(group), place)) return group
      await this.#write(place, podUid, limits)
      return group
    } catch (error) {
      throw new StartError('CreatePodSandboxError', `the pod's control group can't be made: ${wordsOf(error)}`, { cause: error })
    }
  }

  async update(podUid: string, limits: PodLimits): Promise<void> {
    try {
      await this.#write(await this.#where(), podUid, limits)
    } catch (error) {
      throw new UpdateError(`the limits of the pod's control group can't be set: ${wordsOf(error)}`, { cause: error })
    }
  }

  async limits(podUid: string, wanted: PodLimits): Promise<PodLimits | undefined> {
    const place = await this.#where().catch(() => undefined)
    if (place === undefined) return undefined
    const path = place.driver.pathOf(nameIn(place, this.#options.clusterId, podUid))
    if (!groupExists(path, place)) return undefined
    const keptQuotaUs = place.driver.keptQuotaUs(wanted.cpuQuotaUs)
    return heldLimits(filesOf(path, place), place.version, { ...wanted, keptQuotaUs })
  }

  async usedMemoryBytes(podUid: string): Promise<number> {
    const place = await this.#where()
    const read = filesOf(place.driver.pathOf(nameIn(place, this.#options.clusterId, podUid)), place)
    return Number(place.version === 1 ? read('memory', 'memory.usage_in_bytes') : read('', 'memory.current'))
  }

  async remove(podUid: string): Promise<void> {
    const isOurs = this.#set.delete(podUid)
    // Where none could be made there is none: nobody looks for a place now, for this is asked of every pod.
    const place = await this.#place?.catch(() => undefined)
    if (place === undefined) return
    const group = nameIn(place, this.#options.clusterId, podUid)
    if (isOurs || groupExists(place.driver.pathOf(group), place)) await this.#removeGroup(place, group)
  }

  async removeOthers(isKnown: (podUid: string) => boolean): Promise<void> {
    const place = await this.#where().catch(() => undefined)
    if (place === undefined) return
    for (const uid of uidsIn(place, this.#options.clusterId)) {
      if (!isKnown(uid)) await this.#removeGroup(place, nameIn(place, this.#options.clusterId, uid))
    }
  }

  async #write(place: Place, podUid: string, limits: PodLimits): Promise<void> {
    const held = (await this.limits(podUid, limits)) ?? NOTHING_HELD
    await place.driver.set(nameIn(place, this.#options.clusterId, podUid), limits, held)
    this.#set.set(podUid, limits)
  }

  /** What can't be removed holds up nobody: it limits nothing any more, and the next agent tries again. */
  async #removeGroup({ driver }: Place, group: string): Promise<void> {
    await driver
      .remove(group)
      .catch((error: unknown) => this.#options.logger.warn({ group, err: error }, 'a control group was not removed'))
  }

  async #try(): Promise<string | undefined> {
    try {
      if ((await this.#options.runtime.info()).rootless) return 'the engine runs without root'
      const place = await this.#where()
      await this.#write(place, TRIAL.uid, TRIAL.limits)
      await this.remove(TRIAL.uid)
      return undefined
    } catch (error) {
      return `the agent can't make control groups (${wordsOf(error)})`
    }
  }

  #where(): Promise<Place> {
    this.#place ??= this.#find().catch((error: unknown) => {
      this.#place = undefined
      throw error
    })
    return this.#place
  }

  async #find(): Promise<Place> {
    const { runtime, views = cgroupViews, commands = hostCommands() } = this.#options
    const [info, parent] = await Promise.all([runtime.info(), runtime.cgroupParent()])
    if (parent === undefined) throw new Error('where the engine has those of its containers is not to be seen')
    const places = views().map((view): Place => {
      const options = { ...view, version: info.cgroupVersion, commands }
      return { ...options, parent, driver: driverOf(info, options) }
    })
    const able = places.find((place) => isWritable(groupsBelow(place.driver, parent), LIMITING[place.version], place))
    if (able === undefined) throw new Error(`${parent}, where the engine has those of its containers, can't be written to`)
    return able
  }
}

function driverOf({ cgroupDriver }: RuntimeInfo, options: SystemdOptions): CgroupDriver {
  return cgroupDriver === 'systemd' ? systemdDriver(options) : cgroupfsDriver(options)
}

function nameIn({ driver, parent }: Place, clusterId: string, podUid: string): string {
  return driver.childOf(parent, podGroupName(clusterId, podUid))
}

/** Of the pods that have a group here, in whichever hierarchy. */
function uidsIn({ driver, parent, mounts }: Place, clusterId: string): readonly string[] {
  const names = everyPlaceOf(groupsBelow(driver, parent), mounts).flatMap((place) => ifThere(() => readdirSync(place)) ?? [])
  return [...new Set(names.flatMap((name) => podUidIn(name, clusterId) ?? []))]
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
