import { setTimeout as delay } from 'node:timers/promises'
import { EVENT_LINES_PATH, EVENTS, type EventLinesAnswer, isNotFound, isUnavailable } from '@skiff/api'
import type { ApiClient } from '../api-client.ts'
import type { Log } from '../log.ts'
import { EventCorrelator, type EventDecision } from './event-correlator.ts'
import { defined, type NewEvent, namespaceOf, newEvent, type Occurrence, seconds, subjectKey } from './occurrence.ts'

export interface EventWriterOptions {
  readonly client: ApiClient
  /** Who says it: `skiff-scheduler`, ... */
  readonly component: string
  readonly host?: string
  readonly random: () => number
  /** Told, at debug level, of events that could not be written. */
  readonly logger?: Log
  /** How long a server is left alone that can't be reached. Default 10 s, as client-go's. */
  readonly retryMs?: number
}

const RETRY_MS = 10_000
const MOST_TRIES = 12

type Creation = Extract<EventDecision, { action: 'create' }>
type Recount = Extract<EventDecision, { action: 'recount' }>

/** An event that is not written yet, and by which key the correlator knows it. */
interface Draft {
  readonly key: string
  readonly event: NewEvent
}

interface Recounting extends Recount {
  readonly occurrence: Occurrence
}

/** Decides what becomes of what is said, and writes it. */
export class EventWriter {
  readonly #options: EventWriterOptions
  readonly #hurry: AbortSignal
  readonly #correlator = new EventCorrelator()
  #lastStamp = 0n

  /** `hurry` is aborted when nobody is to wait for the server any more. */
  constructor(options: EventWriterOptions, hurry: AbortSignal) {
    this.#options = options
    this.#hurry = hurry
  }

  /**
   * Of at most MOST_EVENT_LINES; never throws. New events go by one request, in their order; then those are counted up that were
   * written before.
   */
  async write(occurrences: readonly Occurrence[]): Promise<void> {
    const { drafts, recountings } = this.#sort(occurrences)
    await this.#create(drafts)
    const gone: Recounting[] = []
    for (const recounting of recountings) if ((await this.#recount(recounting)) === 'gone') gone.push(recounting)
    await this.#create(gone.map((recounting) => this.#draft({ ...recounting, action: 'create' }, recounting.occurrence)))
  }

  #sort(occurrences: readonly Occurrence[]) {
    const drafts = new Map<string, Draft>()
    const recountings = new Map<string, Recounting>()
    for (const occurrence of occurrences) {
      const decision = this.#decide(occurrence)
      if (decision.action === 'drop') continue
      if (decision.action === 'create') {
        const draft = this.#draft(decision, occurrence)
        drafts.set(draft.event.metadata.name, draft)
        continue
      }
      const { key, name, count } = decision
      this.#correlator.wrote(key, name, count)
      const draft = drafts.get(name)
      if (draft === undefined) recountings.set(name, { ...decision, occurrence })
      else drafts.set(name, { key, event: { ...draft.event, ...recounted(decision, occurrence) } })
    }
    return { drafts: [...drafts.values()], recountings: [...recountings.values()] }
  }

  #decide({ subject, type, reason, message, at }: Occurrence): EventDecision {
    const { component, host = '' } = this.#options
    const draft = { source: `${component}\n${host}`, subject: subjectKey(subject), type, reason, message }
    return this.#correlator.decide(draft, at.getTime())
  }

  #draft({ key, message }: Creation, occurrence: Occurrence): Draft {
    const { component, host } = this.#options
    const event = newEvent(occurrence, { component, ...defined({ host }), message, stamp: this.#nextStamp(occurrence.at) })
    this.#correlator.wrote(key, event.metadata.name, 1)
    return { key, event }
  }

  async #create(drafts: readonly Draft[]): Promise<void> {
    if (drafts.length === 0) return
    const body = drafts.map(({ event }) => JSON.stringify(event)).join('\n')
    try {
      const sent = { body, contentType: 'application/x-ndjson' }
      const answer = await this.#whenReachable(() => this.#options.client.request('POST', EVENT_LINES_PATH, sent))
      const { refused } = JSON.parse(answer.body.toString('utf8')) as EventLinesAnswer
      // What exists was written by a try whose answer was lost.
      const failed = refused.filter(({ status }) => status.reason !== 'AlreadyExists')
      for (const { line, status } of failed) this.#notWritten(drafts[line], status)
    } catch (error) {
      for (const draft of drafts) this.#notWritten(draft, error)
    }
  }

  #notWritten(draft: Draft | undefined, why: unknown): void {
    if (draft === undefined) return
    const { reason, involvedObject } = draft.event
    this.#correlator.forget(draft.key)
    this.#options.logger?.debug({ reason, object: involvedObject.name, err: why }, 'event was not written')
  }

  /** Events are removed after an hour: then it begins anew. */
  async #recount(recounting: Recounting): Promise<'done' | 'gone'> {
    const { name, occurrence } = recounting
    const ref = { name, namespace: namespaceOf(occurrence.subject) }
    try {
      const patch = { type: 'merge', body: recounted(recounting, occurrence) } as const
      await this.#whenReachable(() => this.#options.client.patch(EVENTS, ref, patch))
    } catch (error) {
      if (isNotFound(error)) return 'gone'
      const { reason, subject } = occurrence
      this.#options.logger?.debug({ reason, object: subject.metadata.name, err: error }, 'event was not written')
    }
    return 'done'
  }

  /** The first time sooner, so that those who have lost the server at once don't come back at once. */
  async #whenReachable<T>(request: () => Promise<T>): Promise<T> {
    const { random, retryMs = RETRY_MS } = this.#options
    for (let tries = 1; ; tries += 1) {
      try {
        return await request()
      } catch (error) {
        if (!isUnavailable(error) || tries >= MOST_TRIES || this.#hurry.aborted) throw error
        const ms = tries === 1 ? random() * retryMs : retryMs
        await delay(ms, undefined, { ref: false, signal: this.#hurry }).catch(() => undefined)
      }
    }
  }

  /** Nanoseconds, a part of them random; always more than before, so that events of one millisecond list in their order. */
  #nextStamp(at: Date): bigint {
    const stamp = BigInt(at.getTime()) * 1_000_000n + BigInt(Math.floor(this.#options.random() * 1_000_000))
    this.#lastStamp = stamp > this.#lastStamp ? stamp : this.#lastStamp + 1n
    return this.#lastStamp
  }
}

function recounted({ count, message }: Recount, { at }: Occurrence) {
  return { count, message, lastTimestamp: seconds(at) }
}
