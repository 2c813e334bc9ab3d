import { RecentMap } from './recent-map.ts'

export interface EventDraft {
  /** Who says it, about which object: one string each, for comparison. */
  readonly source: string
  readonly subject: string
  readonly type: string
  readonly reason: string
  readonly message: string
}

export type EventDecision =
  | { readonly action: 'drop' }
  | { readonly action: 'create'; readonly key: string; readonly message: string }
  /** Said before: the event of this name is counted up. */
  | { readonly action: 'recount'; readonly key: string; readonly message: string; readonly name: string; readonly count: number }

/** Of one source about one object: so many at once, then one every five minutes (client-go's EventSourceObjectSpamFilter). */
const SPAM_BURST = 25
const SPAM_REFILL_MS = 5 * 60_000
/** So many different messages with one reason within the interval become one event (client-go's EventAggregator). */
const MAX_SIMILAR = 10
const SIMILAR_INTERVAL_MS = 10 * 60_000
const MAX_REMEMBERED = 4_096

interface Similar {
  readonly messages: Set<string>
  lastMs: number
}

interface Bucket {
  tokens: number
  filledMs: number
}

interface Written {
  readonly name: string
  readonly count: number
}

/** Decides what becomes of an event, from what was said before. Keeps the last few thousand in mind. */
export class EventCorrelator {
  readonly #similar = new RecentMap<Similar>(MAX_REMEMBERED)
  readonly #buckets = new RecentMap<Bucket>(MAX_REMEMBERED)
  readonly #written = new RecentMap<Written>(MAX_REMEMBERED)

  decide(event: EventDraft, nowMs: number): EventDecision {
    const { key, message } = this.#combine(event, nowMs)
    if (!this.#takeToken(`${event.source}\n${event.subject}`, nowMs)) return { action: 'drop' }
    const written = this.#written.get(key)
    if (written === undefined) return { action: 'create', key, message }
    return { action: 'recount', key, message, name: written.name, count: written.count + 1 }
  }

  /** What `decide` said has been written under this name. */
  wrote(key: string, name: string, count: number): void {
    this.#written.set(key, { name, count })
  }

  /** The event that would be counted up is gone from the server. */
  forget(key: string): void {
    this.#written.delete(key)
  }

  #combine(event: EventDraft, nowMs: number): { readonly key: string; readonly message: string } {
    const group = [event.source, event.subject, event.type, event.reason].join('\n')
    const seen = this.#similar.get(group)
    const fresh = seen !== undefined && nowMs - seen.lastMs <= SIMILAR_INTERVAL_MS
    const similar = fresh ? seen : { messages: new Set<string>(), lastMs: nowMs }
    this.#similar.set(group, similar)
    similar.lastMs = nowMs
    similar.messages.add(event.message)
    if (similar.messages.size < MAX_SIMILAR) return { key: `${group}\n${event.message}`, message: event.message }
    // The set stays small: from here on everything goes under the one key.
    if (similar.messages.size > MAX_SIMILAR) similar.messages.delete(event.message)
    return { key: group, message: `(combined from similar events): ${event.message}` }
  }

  #takeToken(key: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(key) ?? { tokens: SPAM_BURST, filledMs: nowMs }
    this.#buckets.set(key, bucket)
    bucket.tokens = Math.min(SPAM_BURST, bucket.tokens + (nowMs - bucket.filledMs) / SPAM_REFILL_MS)
    bucket.filledMs = nowMs
    if (bucket.tokens < 1) return false
    bucket.tokens -= 1
    return true
  }
}
