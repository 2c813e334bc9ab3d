import { readAnswer } from '../http/read-answer.ts'
import { type NodeReading, parseSummary } from './parse-summary.ts'

export interface NodeReadingsOptions {
  /** The agent's summary as it came. Rejects when there is none. */
  readonly ask: (node: string, signal: AbortSignal) => Promise<AsyncIterable<Buffer>>
  readonly clock: () => Date
}

/** As often as the agents themselves look; whoever asks within gets the same. */
const KEPT_MS = 10_000
/** An agent that hasn't answered by then has nothing to say: nobody waits for it. */
const TIMEOUT_MS = 5_000
/** What a node with many pods says takes a few hundred kilobytes. */
const SUMMARY_LIMIT_BYTES = 16 * 1024 * 1024

interface Kept {
  readonly reading: Promise<NodeReading | undefined>
  readonly askedAt: number
}

/** What the agents say their nodes use: asked when somebody wants to know, and once for all who want to know. */
export class NodeReadings {
  readonly #options: NodeReadingsOptions
  readonly #kept = new Map<string, Kept>()

  constructor(options: NodeReadingsOptions) {
    this.#options = options
  }

  /** By node; those whose agents don't answer are left out. */
  async of(nodes: readonly string[]): Promise<ReadonlyMap<string, NodeReading>> {
    this.#forgetOld()
    const readings = await Promise.all(nodes.map(async (node) => ({ node, reading: await this.#reading(node) })))
    return new Map(readings.flatMap(({ node, reading }): [string, NodeReading][] => (reading ? [[node, reading]] : [])))
  }

  #reading(node: string): Promise<NodeReading | undefined> {
    const known = this.#kept.get(node)
    if (known !== undefined) return known.reading
    const reading = this.#ask(node).catch(() => undefined)
    this.#kept.set(node, { reading, askedAt: this.#nowMs() })
    return reading
  }

  async #ask(node: string): Promise<NodeReading> {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    return parseSummary(await readAnswer(await this.#options.ask(node, signal), SUMMARY_LIMIT_BYTES))
  }

  #forgetOld(): void {
    const now = this.#nowMs()
    for (const [node, { askedAt }] of this.#kept) if (now - askedAt >= KEPT_MS) this.#kept.delete(node)
  }

  #nowMs(): number {
    return this.#options.clock().getTime()
  }
}
