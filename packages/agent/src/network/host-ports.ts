import type { HostPort } from '../runtime/runtime.ts'
import { holdPorts, type Release } from './held-ports.ts'
import type { HostCommands } from './host-commands.ts'
import { hostPortElements, hostPortScript, parseElements, planHostPorts, type RuleElement, samePlace } from './host-port-rules.ts'

interface PodPorts {
  readonly ip: string
  readonly ports: readonly HostPort[]
  readonly release: Release
}

/** Host ports of the pods here. What a former agent programmed is found in the kernel, and replaced pod by pod. */
export class HostPorts {
  readonly #commands: HostCommands
  readonly #table: string
  readonly #pods = new Map<string, PodPorts>()
  #programmed: readonly RuleElement[] = []
  #last: Promise<unknown> = Promise.resolve()

  constructor(commands: HostCommands, table: string) {
    this.#commands = commands
    this.#table = table
  }

  /** After the table was made: takes over what is there, and puts back what should be. */
  async restore(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#load()
      for (const { ip, ports } of this.#pods.values()) await this.#program(ip, hostPortElements(ip, ports))
    })
  }

  /** Throws `HostPortInUseError` when something else listens there; then nothing is changed. */
  async open(podUid: string, ip: string, ports: readonly HostPort[]): Promise<void> {
    const wanted = hostPortElements(ip, ports)
    if (wanted.length === 0) return this.close(podUid, ip)
    await this.#inTurn(async () => {
      const before = this.#pods.get(podUid)
      // A pod's ports never change, its address does with a new sandbox.
      if (before === undefined) this.#pods.set(podUid, { ip, ports, release: await holdPorts(ports) })
      else this.#pods.set(podUid, { ...before, ip })
      if (before !== undefined && before.ip !== ip) await this.#program(before.ip, [])
      await this.#program(ip, wanted)
    })
  }

  async close(podUid: string, ip: string | undefined): Promise<void> {
    const held = this.#pods.get(podUid)
    const address = held?.ip ?? ip
    if (held === undefined && !this.#programmed.some((element) => element.ip === address)) return
    await this.#inTurn(async () => {
      held?.release()
      this.#pods.delete(podUid)
      if (address !== undefined) await this.#program(address, [])
    })
  }

  releaseAll(): void {
    for (const { release } of this.#pods.values()) release()
    this.#pods.clear()
  }

  async #program(ip: string, wanted: readonly RuleElement[]): Promise<void> {
    const plan = planHostPorts(this.#programmed, ip, wanted)
    if (plan.add.length + plan.remove.length === 0) return
    try {
      await this.#commands.run('nft', ['-f', '-'], hostPortScript(this.#table, plan))
    } catch (error) {
      // Somebody else changed the table: the next attempt starts from what is there.
      await this.#load()
      throw error
    }
    const kept = this.#programmed.filter((element) => !plan.remove.some((removed) => samePlace(removed, element)))
    this.#programmed = [...kept, ...plan.add]
  }

  async #load(): Promise<void> {
    this.#programmed = parseElements(await this.#commands.run('nft', ['-j', 'list', 'table', 'ip', this.#table]))
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(task)
    this.#last = turn.catch(() => {})
    return turn
  }
}
