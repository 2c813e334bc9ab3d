import { liveSandbox, runningContainers } from '../pods/container-history.ts'
import type { ContainerState, PodContainers, PodRef, SandboxState } from '../runtime/runtime.ts'
import { type Cgroup, cgroupFinder, type FindCgroup } from './cgroup.ts'
import { type CgroupUsage, readCgroupUsage, readCpuNs, sumUsage } from './cgroup-usage.ts'
import { type ContainerDetails, readContainerDetails } from './container-details.ts'
import type { CpuTime } from './cpu-rates.ts'
import { type HostUsage, readHostUsage } from './host-usage.ts'
import { type InterfaceUsage, readInterfaces } from './network-usage.ts'
import { type Pressures, readPressures } from './pressure.ts'

export interface PodUsage {
  readonly pod: PodRef
  readonly at: Date
  /** Of all its containers, the sandbox included. */
  readonly usage: CgroupUsage
  /** Of those that run. */
  readonly containers: readonly ContainerUsage[]
  /** What holds its network namespace, if it runs. */
  readonly sandbox?: SandboxState
  /** Of its network namespace; the host's own when it has no other. */
  readonly interfaces: readonly InterfaceUsage[]
}

export interface ContainerUsage {
  readonly state: ContainerState
  readonly usage: CgroupUsage
}

export interface ResourceUsageOptions {
  /** What the engine shows of each pod, as far as it is known without asking it. */
  readonly pods: () => readonly PodContainers[]
  readonly now: () => Date
  /** Tests put another in its place. */
  readonly findCgroup?: FindCgroup
}

/** What this host and its pods use now, straight from the kernel: no process, no call to the engine. */
export class ResourceUsage {
  readonly #options: ResourceUsageOptions
  readonly #find: FindCgroup
  readonly #cgroups = new Map<string, Cgroup>()

  constructor(options: ResourceUsageOptions) {
    this.#options = options
    this.#find = options.findCgroup ?? cgroupFinder()
  }

  node(): HostUsage {
    return readHostUsage()
  }

  /** Undefined: nothing of it runs. */
  pod(uid: string): PodUsage | undefined {
    const observed = this.#options.pods().find(({ pod }) => pod.uid === uid)
    return observed && this.#read(observed)
  }

  /** Every pod of which something runs. */
  pods(): readonly PodUsage[] {
    this.#forgetOthers()
    return this.#options.pods().flatMap((observed) => this.#read(observed) ?? [])
  }

  /** The CPU time of everything that runs, by container id. */
  cpuTimes(): ReadonlyMap<string, CpuTime> {
    this.#forgetOthers()
    const found = this.#options.pods().flatMap((observed) => processesOf(observed))
    return new Map(
      found.flatMap((process): [string, CpuTime][] => {
        const ns = this.#cpuNsOf(process)
        return ns === undefined ? [] : [[process.id, { ns, since: process.startedAt ?? process.createdAt }]]
      }),
    )
  }

  /** What its processes wait for. Empty: the kernel doesn't tell, or it has ended. */
  pressures({ id, pid }: ContainerState): Pressures {
    const cgroup = this.#cgroup(id, pid)
    return cgroup === undefined ? {} : readPressures(cgroup)
  }

  /** Undefined: it has ended. */
  details({ id, pid }: ContainerState): ContainerDetails | undefined {
    const cgroup = this.#cgroup(id, pid)
    return cgroup && readContainerDetails(cgroup, pid)
  }

  #read(observed: PodContainers): PodUsage | undefined {
    const containers = runningContainers(observed).flatMap((state) => {
      const usage = this.#usageOf(state)
      return usage === undefined ? [] : [{ state, usage }]
    })
    const sandbox = liveSandbox(observed)
    const ofSandbox = sandbox && this.#usageOf(sandbox)
    if (containers.length === 0 && ofSandbox === undefined) return undefined
    const parts = containers.map(({ usage }) => usage)
    return {
      pod: observed.pod,
      at: this.#options.now(),
      usage: sumUsage(ofSandbox === undefined ? parts : [...parts, ofSandbox]),
      containers,
      ...(sandbox === undefined ? {} : { sandbox }),
      interfaces: sandbox === undefined ? [] : readInterfaces(sandbox.pid),
    }
  }

  #usageOf({ id, pid }: Process): CgroupUsage | undefined {
    const cgroup = this.#cgroup(id, pid)
    // One that ended meanwhile has no files any more.
    return cgroup === undefined || readCpuNs(cgroup) === undefined ? undefined : readCgroupUsage(cgroup)
  }

  #cpuNsOf({ id, pid }: Process): number | undefined {
    const cgroup = this.#cgroup(id, pid)
    return cgroup && readCpuNs(cgroup)
  }

  #cgroup(id: string, pid: number): Cgroup | undefined {
    const known = this.#cgroups.get(id) ?? this.#find(pid, id)
    if (known !== undefined) this.#cgroups.set(id, known)
    return known
  }

  #forgetOthers(): void {
    const running = new Set(this.#options.pods().flatMap((observed) => processesOf(observed).map(({ id }) => id)))
    for (const id of this.#cgroups.keys()) if (!running.has(id)) this.#cgroups.delete(id)
  }
}

type Process = Pick<ContainerState, 'id' | 'pid' | 'startedAt' | 'createdAt'>

function processesOf(observed: PodContainers): readonly Process[] {
  const sandbox = liveSandbox(observed)
  return sandbox === undefined ? runningContainers(observed) : [...runningContainers(observed), sandbox]
}
