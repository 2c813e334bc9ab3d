/**
 * What the master knows of its nodes' pulse, in memory only: the last heartbeat and the highest EndpointSlice revision
 * that the node's proxy has programmed. Nothing here is ever stored, so a thousand nodes cost no writes.
 */

export interface NodePulse {
  /** Monotonic milliseconds of the last heartbeat, as the injected clock counts them. */
  readonly lastHeartbeatMs: number
  /** Undefined until the node's proxy has programmed anything (null on the wire). */
  readonly endpointsRevision: number | undefined
  readonly connected: boolean
}

export interface PulseChange {
  readonly node: string
  readonly type: 'beat' | 'connected' | 'disconnected'
}

/** A proxy that has not been heard of for so long, or has not got on when asked to, does not hold up an acknowledgement. */
const LIVE_WITHIN_MS = 5_000

export class NodeLiveness {
  private readonly pulses = new Map<string, NodePulse>()
  /** Since when a node's proxy has been asked for a revision without getting on at all. */
  private readonly askedSinceMs = new Map<string, number>()
  private readonly listeners = new Set<(change: PulseChange) => void>()
  private readonly monotonicNow: () => number

  constructor(monotonicNow: () => number) {
    this.monotonicNow = monotonicNow
  }

  beat(node: string, endpointsRevision: number | undefined): void {
    const known = this.pulses.get(node)
    if (known?.endpointsRevision !== endpointsRevision) this.askedSinceMs.delete(node)
    this.pulses.set(node, { lastHeartbeatMs: this.monotonicNow(), endpointsRevision, connected: true })
    this.tell({ node, type: known?.connected === true ? 'beat' : 'connected' })
  }

  disconnected(node: string): void {
    const known = this.pulses.get(node)
    if (known === undefined || !known.connected) return
    this.pulses.set(node, { ...known, connected: false })
    this.tell({ node, type: 'disconnected' })
  }

  /** The node is no longer part of the cluster. */
  forget(node: string): void {
    this.askedSinceMs.delete(node)
    if (this.pulses.delete(node)) this.tell({ node, type: 'disconnected' })
  }

  get(node: string): NodePulse | undefined {
    return this.pulses.get(node)
  }

  nodes(): readonly string[] {
    return [...this.pulses.keys()]
  }

  onChange(listener: (change: PulseChange) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** The live nodes whose proxies run and have not programmed `revision` yet. */
  waitingFor(revision: number): readonly string[] {
    const oldest = this.monotonicNow() - LIVE_WITHIN_MS
    const behind: string[] = []
    for (const [node, pulse] of this.pulses) {
      const isSilent = (this.askedSinceMs.get(node) ?? oldest) < oldest
      const live = pulse.connected && pulse.lastHeartbeatMs >= oldest && !isSilent
      if (live && pulse.endpointsRevision !== undefined && pulse.endpointsRevision < revision) behind.push(node)
    }
    return behind
  }

  /** Resolves as soon as every live proxy has seen `revision`, at latest after `timeoutMs`. */
  async acknowledged(revision: number, timeoutMs: number, signal?: AbortSignal): Promise<readonly string[]> {
    const behind = this.waitingFor(revision)
    if (behind.length === 0) return []
    for (const node of behind) this.askedSinceMs.set(node, this.askedSinceMs.get(node) ?? this.monotonicNow())
    await new Promise<void>((resolve) => {
      const finish = () => {
        clearTimeout(timer)
        stopListening()
        signal?.removeEventListener('abort', finish)
        resolve()
      }
      const stopListening = this.onChange(() => {
        if (this.waitingFor(revision).length === 0) finish()
      })
      const timer = setTimeout(finish, timeoutMs)
      signal?.addEventListener('abort', finish, { once: true })
    })
    return this.waitingFor(revision)
  }

  private tell(change: PulseChange): void {
    for (const listener of this.listeners) listener(change)
  }
}
