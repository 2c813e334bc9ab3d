import { setTimeout as delay } from 'node:timers/promises'
import { EVENTS, type Event, isNotFound, type ObjectMeta } from '@skiff/api'
import type { ApiClient } from '../api-client.ts'
import type { Log } from '../log.ts'
import { EventCorrelator, type EventDecision } from './event-correlator.ts'

export interface EventRecorderOptions {
  readonly client: ApiClient
  /** Who says it: `skiff-scheduler`, ... */
  readonly component: string
  readonly host?: string
  readonly clock: () => Date
  readonly random: () => number
  /** What is said waits so long before it is written, so that what others wait for goes first. */
  readonly patienceMs?: number
  /** Told, at debug level, of events that could not be written. */
  readonly logger?: Log
}

/** What an event can be about. */
export interface EventSubject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: Pick<ObjectMeta, 'name' | 'uid'> & { readonly namespace?: string; readonly resourceVersion?: string }
  /** A part of the object, such as `spec.containers{web}`. */
  readonly fieldPath?: string
}

export type EventType = 'Normal' | 'Warning'

export interface EventRecorder {
  /** Tells users what happened to an object. Returns at once and never throws: an event that can't be written is dropped. */
  event(object: EventSubject, type: EventType, reason: string, message: string): void
  /** Resolves once everything recorded so far is written or dropped; nothing waits any more. */
  flush(): Promise<void>
}

/** Events that wait to be written; further ones are dropped. */
const MAX_WAITING = 1_000
/** The server refuses longer ones. */
const MAX_MESSAGE_LENGTH = 1_024

interface Occurrence {
  readonly subject: EventSubject
  readonly type: EventType
  readonly reason: string
  readonly message: string
  readonly at: Date
}

/**
 * Writes core/v1 Events as client-go's recorder does: a repetition counts up the first one, many similar ones become
 * one, and a source that floods is cut off.
 */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { patienceMs = 0 } = options
  const writer = new EventWriter(options)
  const hurry = new AbortController()
  let waiting = 0
  let last = Promise.resolve()

  return {
    event(object, type, reason, message) {
      if (waiting >= MAX_WAITING) return
      waiting += 1
      // Only what the event needs is kept while it waits, not the object.
      const { apiVersion, kind, metadata, fieldPath } = object
      const subject = { metadata, ...defined({ apiVersion, kind, fieldPath }) }
      const occurrence = { subject, type, reason, message: message.slice(0, MAX_MESSAGE_LENGTH), at: options.clock() }
      const due = performance.now() + patienceMs
      last = last.then(async () => {
        const leftMs = due - performance.now()
        if (leftMs > 0) await delay(leftMs, undefined, { ref: false, signal: hurry.signal }).catch(() => undefined)
        await writer.write(occurrence)
        waiting -= 1
      })
    },
    async flush() {
      hurry.abort()
      await last
    },
  }
}

class EventWriter {
  readonly #options: EventRecorderOptions
  readonly #correlator = new EventCorrelator()
  #lastStamp = 0n

  constructor(options: EventRecorderOptions) {
    this.#options = options
  }

  async write(occurrence: Occurrence): Promise<void> {
    const { component, host = '', logger } = this.#options
    const { type, reason, message, at } = occurrence
    const draft = { source: `${component}\n${host}`, subject: subjectKey(occurrence.subject), type, reason, message }
    const decision = this.#correlator.decide(draft, at.getTime())
    try {
      if (decision.action === 'create') await this.#create(decision, occurrence)
      if (decision.action === 'recount') await this.#recount(decision, occurrence)
    } catch (error) {
      logger?.debug({ reason, object: occurrence.subject.metadata.name, err: error }, 'event was not written')
    }
  }

  async #create(decision: Extract<EventDecision, { action: 'create' }>, occurrence: Occurrence): Promise<void> {
    const { client } = this.#options
    const event = this.#newEvent(occurrence, decision.message)
    const { metadata } = await client.create<Event>(EVENTS, event)
    this.#correlator.wrote(decision.key, metadata.name, 1)
  }

  async #recount(decision: Extract<EventDecision, { action: 'recount' }>, occurrence: Occurrence): Promise<void> {
    const { key, name, count, message } = decision
    const ref = { name, namespace: namespaceOf(occurrence.subject) }
    const body = { count, message, lastTimestamp: seconds(occurrence.at) }
    try {
      await this.#options.client.patch<Event>(EVENTS, ref, { type: 'merge', body })
      this.#correlator.wrote(key, name, count)
    } catch (error) {
      if (!isNotFound(error)) throw error
      // Events are removed after an hour: it begins anew.
      this.#correlator.forget(key)
      await this.#create({ action: 'create', key, message }, occurrence)
    }
  }

  #newEvent({ subject, type, reason, at }: Occurrence, message: string) {
    const { component, host } = this.#options
    const { name, uid, resourceVersion } = subject.metadata
    const { apiVersion, kind, fieldPath } = subject
    const namespace = namespaceOf(subject)
    const suffix = this.#nextStamp(at).toString(16)
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name}.${suffix}`, namespace },
      involvedObject: defined({ apiVersion, kind, namespace: subject.metadata.namespace, name, uid, resourceVersion, fieldPath }),
      type,
      reason,
      message,
      source: defined({ component, host }),
      reportingComponent: component,
      reportingInstance: host ?? '',
      count: 1,
      firstTimestamp: seconds(at),
      lastTimestamp: seconds(at),
    }
  }

  /** Nanoseconds, a part of them random; always more than before, so that events of one millisecond list in their order. */
  #nextStamp(at: Date): bigint {
    const stamp = BigInt(at.getTime()) * 1_000_000n + BigInt(Math.floor(this.#options.random() * 1_000_000))
    this.#lastStamp = stamp > this.#lastStamp ? stamp : this.#lastStamp + 1n
    return this.#lastStamp
  }
}

function subjectKey({ apiVersion, kind, metadata, fieldPath }: EventSubject): string {
  return [apiVersion, kind, metadata.namespace, metadata.name, metadata.uid, fieldPath].join('\n')
}

/** Events about objects without a namespace live in `default`, as upstream's. */
function namespaceOf(subject: EventSubject): string {
  const { namespace } = subject.metadata
  return namespace === undefined || namespace === '' ? 'default' : namespace
}

function seconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`
}

function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as ReturnType<typeof defined<T>>
}
