import { setTimeout as delay } from 'node:timers/promises'
import { MOST_EVENT_LINES } from '@skiff/api'
import { EventWriter, type EventWriterOptions } from './event-writer.ts'
import { defined, type EventSubject, type EventType, type Occurrence } from './occurrence.ts'

export interface EventRecorderOptions extends EventWriterOptions {
  readonly clock: () => Date
  /** What is said waits so long before it is written, with all that is said meanwhile. Default 250. */
  readonly patienceMs?: number
}

export interface EventRecorder {
  /**
   * Tells users what happened to an object. Returns at once and never throws: an event that can't be written is dropped, one that
   * the server is away for after two minutes.
   */
  event(object: EventSubject, type: EventType, reason: string, message: string): void
  /** Resolves once everything recorded so far is written or dropped; nothing waits any more. */
  flush(): Promise<void>
}

/** What others wait for goes first: that a pod is ready, above all. */
const PATIENCE_MS = 250
/** Events that wait to be written; further ones are dropped. */
const MAX_WAITING = 1_000
/** The server refuses longer ones. */
const MAX_MESSAGE_LENGTH = 1_024

/**
 * Writes core/v1 Events as client-go's recorder does: a repetition counts up the first one, many similar ones become
 * one, and a source that floods is cut off.
 */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { patienceMs = PATIENCE_MS } = options
  const hurry = new AbortController()
  const writer = new EventWriter(options, hurry.signal)
  const waiting: Occurrence[] = []
  let writing: Promise<void> | undefined

  const writeAll = async () => {
    while (waiting.length > 0) {
      await delay(patienceMs, undefined, { ref: false, signal: hurry.signal }).catch(() => undefined)
      // A flood goes on without a pause: what waits too long is dropped.
      do await writer.write(waiting.splice(0, MOST_EVENT_LINES))
      while (waiting.length >= MOST_EVENT_LINES)
    }
    writing = undefined
  }

  return {
    event(object, type, reason, message) {
      if (waiting.length >= MAX_WAITING) return
      // Only what the event needs is kept while it waits, not the object.
      const { apiVersion, kind, metadata, fieldPath } = object
      const subject = { metadata, ...defined({ apiVersion, kind, fieldPath }) }
      waiting.push({ subject, type, reason, message: message.slice(0, MAX_MESSAGE_LENGTH), at: options.clock() })
      writing ??= writeAll()
    },
    async flush() {
      hurry.abort()
      await writing
    },
  }
}
