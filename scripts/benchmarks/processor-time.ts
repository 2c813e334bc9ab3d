/**
 * Processor time of everything that takes part in running pods on a host: its engine, agent and proxy, the programs that
 * they start, the containers, and the master. It tells the truth on a machine that others use too, where a clock doesn't.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cgroupOf } from '../../packages/cli/src/hosts/index.ts'
import type { Cluster, ClusterHost } from '../../test/support/cluster.ts'
import { skiffProcesses } from './processes.ts'

/** The hierarchy that counts processor time, in version 1 of control groups, or the only one. */
const HIERARCHIES = ['/sys/fs/cgroup/cpuacct', '/sys/fs/cgroup/cpu,cpuacct', '/sys/fs/cgroup']

export class ProcessorTime implements Disposable {
  readonly #hierarchy = HIERARCHIES.find((path) => existsSync(path)) ?? ''
  readonly #own: string
  readonly #groups: readonly string[]

  /** What runs now is counted from here on, and with it all that it starts. */
  constructor(cluster: Cluster, host: ClusterHost) {
    const containers = join(this.#hierarchy, cgroupOf(host.host))
    this.#own = `${containers}-bench`
    this.#groups = [this.#own, containers]
    mkdirSync(this.#own, { recursive: true })
    const processes = skiffProcesses(cluster)
    const agent = processes.find(({ component }) => component === 'agent')
    if (agent === undefined) throw new Error('no agent runs')
    const others = processes.filter(({ component }) => component === 'master').map(({ pid }) => pid)
    for (const pid of [...processesBeside(agent.pid), ...others]) this.#move(pid, this.#own)
  }

  /** Seconds so far. */
  seconds(): number {
    return this.#groups.reduce((sum, group) => sum + secondsOf(group), 0)
  }

  [Symbol.dispose](): void {
    for (const pid of readFileSync(join(this.#own, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean)) {
      this.#move(Number(pid), this.#hierarchy)
    }
    rmdirSync(this.#own)
  }

  #move(pid: number, group: string): void {
    try {
      writeFileSync(join(group, 'cgroup.procs'), String(pid))
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** All processes of the host on which this one runs; those of its containers are counted as such. */
function processesBeside(pid: number): readonly number[] {
  const namespaceOf = (one: string) => {
    try {
      return readlinkSync(`/proc/${one}/ns/pid`)
    } catch {
      return undefined
    }
  }
  const wanted = namespaceOf(String(pid))
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && namespaceOf(name) === wanted)
    .map(Number)
}

function secondsOf(group: string): number {
  const usage = join(group, 'cpuacct.usage')
  if (existsSync(usage)) return Number(readFileSync(usage, 'utf8')) / 1e9
  const stat = join(group, 'cpu.stat')
  if (!existsSync(stat)) return 0
  return Number(/^usage_usec (\d+)/m.exec(readFileSync(stat, 'utf8'))?.[1] ?? 0) / 1e6
}
