import type { HeartbeatSource } from './heartbeats.ts'
import { judgeNodes, type NodePulse, type Verdict } from './judge-nodes.ts'

/** Heartbeats come every second: this many may be lost. */
const HEARTBEAT_LIMIT_MS = 4_000
const HEARTBEAT_SUSPECT_MS = 2_500
/** Leases are renewed every 10 s. */
const LEASE_LIMIT_MS = 40_000
/** Nodes that vanished together don't return in the same second: the last of them has this long after the first. */
const RETURN_MS = 20_000
/** Looking this much later than was due: this process stood still, and what it didn't hear in that time says nothing. */
const STALL_MS = 1_000

export interface NodeMonitorOptions {
  readonly heartbeats: HeartbeatSource
  readonly monotonicNow: () => number
  /** The verdict on this node is another one than before. */
  readonly onVerdict: (node: string) => void
}

interface Signs {
  readonly firstSeenMs: number
  renewTime: string | undefined
  /** When we saw the lease change. What time it says doesn't matter: clocks may be off. */
  renewedMs: number | undefined
  /** Most nodes had vanished with it, and some are back: until then its pods are not replaced. */
  sparedUntilMs: number | undefined
}

/**
 * Notices which nodes fall silent. One timer, set to when the next node could be overdue; nothing is polled. It gives
 * every node time after the start and after a standstill of this process, so that nobody suffers for the master's absence.
 */
export class NodeMonitor {
  readonly #options: NodeMonitorOptions
  readonly #nodes = new Map<string, Signs>()
  readonly #stopListening: () => void
  #verdicts: ReadonlyMap<string, Verdict> = new Map()
  #graceFromMs: number
  #timer: NodeJS.Timeout | undefined
  /** When the timer should go off. */
  #dueMs = Number.POSITIVE_INFINITY
  #evaluating = false
  #closed = false

  constructor(options: NodeMonitorOptions) {
    this.#options = options
    this.#graceFromMs = options.monotonicNow()
    this.#stopListening = options.heartbeats.onChange(({ node }) => {
      if (this.#nodes.has(node) && this.#verdicts.get(node)?.state !== 'alive') this.#evaluateSoon()
    })
  }

  /** @param renewTime of its Lease, if it has one */
  follow(node: string, renewTime?: string): void {
    const nowMs = this.#options.monotonicNow()
    const known = this.#nodes.get(node)
    const signs = known ?? { firstSeenMs: nowMs, renewTime, renewedMs: undefined, sparedUntilMs: undefined }
    if (!known) this.#nodes.set(node, signs)
    if (renewTime !== undefined && renewTime !== signs.renewTime) {
      // The first lease that is seen may be as old as the node's death.
      if (signs.renewTime !== undefined) signs.renewedMs = nowMs
      signs.renewTime = renewTime
    }
    if (this.#verdicts.get(node)?.state !== 'alive') this.#evaluateSoon()
  }

  forget(node: string): void {
    this.#nodes.delete(node)
    this.#evaluateSoon()
  }

  /** undefined: the node was not heard of since the start, and its time isn't over. */
  verdict(node: string): Verdict | undefined {
    return this.#verdicts.get(node)
  }

  close(): void {
    this.#closed = true
    this.#stopListening()
    clearTimeout(this.#timer)
  }

  /** Once for all that came in together: heartbeats that wait in the sockets, a thousand nodes that return at once. */
  #evaluateSoon(): void {
    if (this.#evaluating) return
    this.#evaluating = true
    setImmediate(() => {
      this.#evaluating = false
      if (!this.#closed) this.#evaluate()
    })
  }

  /** Judges every node now and tells of those whose verdict changed. */
  #evaluate(): void {
    const nowMs = this.#options.monotonicNow()
    if (nowMs - this.#dueMs > STALL_MS) this.#graceFromMs = nowMs
    const pulses = [...this.#nodes].map(([name, signs]) => this.#pulse(name, signs, nowMs))
    const judged = judgeNodes(pulses.map(({ pulse }) => pulse))
    for (const { pulse, heard } of pulses) if (!heard && judged.get(pulse.name)?.state === 'alive') judged.delete(pulse.name)

    const spared = this.#spareLateReturns(judged, nowMs)

    const before = this.#verdicts
    this.#verdicts = judged
    this.#setTimer([...pulses.map(({ pulse }) => pulse.limitMs - pulse.silentMs), ...spared].filter((ms) => ms > 0))
    for (const name of this.#nodes.keys()) if (!same(before.get(name), judged.get(name))) this.#options.onVerdict(name)
  }

  /** Changes the verdicts of those whose time to return isn't over; gives how long each of them has left. */
  #spareLateReturns(judged: Map<string, Verdict>, nowMs: number): number[] {
    const left: number[] = []
    for (const [name, signs] of this.#nodes) {
      const [before, verdict] = [this.#verdicts.get(name), judged.get(name)]
      const wasSpared = before?.state === 'gone' && !before.evict
      if (verdict?.state !== 'gone' || !verdict.evict || !wasSpared) {
        signs.sparedUntilMs = undefined
        continue
      }
      signs.sparedUntilMs ??= nowMs + RETURN_MS
      if (nowMs >= signs.sparedUntilMs) continue
      judged.set(name, { ...verdict, evict: false })
      left.push(signs.sparedUntilMs - nowMs)
    }
    return left
  }

  #pulse(name: string, signs: Signs, nowMs: number): { pulse: NodePulse; heard: boolean } {
    const beatMs = this.#options.heartbeats.get(name)?.lastHeartbeatMs
    const heardMs = beatMs ?? signs.renewedMs
    const wasGone = this.#verdicts.get(name)?.state === 'gone'
    // Grace is for nodes that we may not have heard; one that was gone stays so until it is heard.
    const aliveMs = wasGone ? (heardMs ?? signs.firstSeenMs) : Math.max(heardMs ?? signs.firstSeenMs, this.#graceFromMs)
    const silentMs = nowMs - aliveMs
    const pulse =
      beatMs === undefined
        ? { name, silentMs, limitMs: LEASE_LIMIT_MS }
        : { name, silentMs, limitMs: HEARTBEAT_LIMIT_MS, suspectMs: HEARTBEAT_SUSPECT_MS }
    return { pulse, heard: heardMs !== undefined }
  }

  #setTimer(leftMs: readonly number[]): void {
    clearTimeout(this.#timer)
    this.#dueMs = Number.POSITIVE_INFINITY
    if (leftMs.length === 0) return
    const waitMs = Math.ceil(Math.min(...leftMs)) + 1
    this.#dueMs = this.#options.monotonicNow() + waitMs
    this.#timer = setTimeout(() => this.#evaluateSoon(), waitMs)
  }
}

function same(a: Verdict | undefined, b: Verdict | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
