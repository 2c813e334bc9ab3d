import { setTimeout as delay } from 'node:timers/promises'
import { callsOf } from './dockerode.ts'
import type { Engine } from './engine.ts'
import { jsonLines } from './json-lines.ts'

const FIRST_RECONNECT_MS = 50
const LAST_RECONNECT_MS = 2_000
/** A JSON number holds a time in nanoseconds only to 256: a little earlier repeats an event rather than skip one. */
const ROUNDING_NS = 512n

export interface EngineEvent {
  readonly Action: string
  readonly timeNano: number
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> }
}

export interface Following {
  readonly filters: Readonly<Record<string, readonly string[]>>
  /** The stream is open, for the first time or again: whoever looks now misses nothing. */
  readonly onOpen: () => void
  readonly onEvent: (event: EngineEvent) => void
}

/**
 * The engine's events until the signal: reconnects and resumes after the last one seen. The engine remembers only its
 * last 256 events, and none across its own restart, hence `onOpen`.
 */
export async function followEvents(engine: Engine, following: Following, signal: AbortSignal): Promise<void> {
  let since: number | undefined
  let wait = FIRST_RECONNECT_MS
  while (!signal.aborted) {
    try {
      const stream = await openStream(engine, following, since, signal)
      wait = FIRST_RECONNECT_MS
      following.onOpen()
      for await (const event of jsonLines<EngineEvent>(stream)) {
        since = event.timeNano
        following.onEvent(event)
      }
    } catch {
      // Whether the engine answers is told apart from this; a broken stream is only opened again.
    }
    if (signal.aborted) return
    engine.mayBeAnother()
    await delay(wait, undefined, { signal }).catch(() => {})
    wait = Math.min(wait * 2, LAST_RECONNECT_MS)
  }
}

function openStream(engine: Engine, { filters }: Following, since: number | undefined, signal: AbortSignal) {
  return engine.stream('events', (docker) =>
    callsOf(docker).getEvents({
      filters: JSON.stringify(filters),
      ...(since === undefined ? {} : { since: inSeconds(since) }),
      abortSignal: signal,
    }),
  )
}

/** As the engine wants it: `seconds.nnnnnnnnn`. */
function inSeconds(timeNano: number): string {
  const exact = BigInt(timeNano) - ROUNDING_NS
  const nanos = (exact % 1_000_000_000n).toString().padStart(9, '0')
  return `${exact / 1_000_000_000n}.${nanos}`
}
