export interface NodePulse {
  readonly name: string
  /** Since the last sign of life. */
  readonly silentMs: number
  /** A node that is silent for longer is gone. */
  readonly limitMs: number
  /** The node gives signs so often that a short silence is suspicious already; undefined: it doesn't. */
  readonly suspectMs?: number
}

export type Verdict =
  | { readonly state: 'alive' | 'suspect' }
  | {
      readonly state: 'gone'
      /** Its pods are to be replaced. Not when most nodes vanished at once: then something else is wrong. Nor when none is left to take them. */
      readonly evict: boolean
      /** Its pods are to leave the endpoints. Not when no node is left that could serve in their place. */
      readonly silencePods: boolean
    }

/** Nodes whose last signs of life are no further apart than this vanished at once. */
const AT_ONCE_MS = 60_000

/** Who is gone, and what may be done about it. A cut cable of the master's looks like the death of every node. */
export function judgeNodes(pulses: readonly NodePulse[]): Map<string, Verdict> {
  const doubtful = pulses.filter((pulse) => isGone(pulse) || isSuspect(pulse))
  const alive = pulses.length - doubtful.length
  const verdicts = new Map<string, Verdict>()
  for (const pulse of pulses) verdicts.set(pulse.name, judge(pulse, doubtful, alive))
  return verdicts
}

function judge(pulse: NodePulse, doubtful: readonly NodePulse[], alive: number): Verdict {
  if (!isGone(pulse)) return { state: isSuspect(pulse) ? 'suspect' : 'alive' }
  const atOnce = doubtful.filter(({ silentMs }) => Math.abs(silentMs - pulse.silentMs) <= AT_ONCE_MS).length
  const mostVanished = atOnce >= 2 && atOnce > alive
  return { state: 'gone', evict: alive > 0 && !mostVanished, silencePods: alive > 0 }
}

function isGone({ silentMs, limitMs }: NodePulse): boolean {
  return silentMs >= limitMs
}

function isSuspect({ silentMs, suspectMs }: NodePulse): boolean {
  return suspectMs !== undefined && silentMs >= suspectMs
}
