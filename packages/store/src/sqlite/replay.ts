import { ownBytes } from '../own-bytes.ts'
import type { Entry, StoreEvent } from '../store.ts'
import { type PackedRecord, unpackRecords } from './frame.ts'

/** Turns the records of a log back into the events that they were. */
export class Replay {
  readonly events: StoreEvent[] = []
  readonly #current = new Map<string, Entry>()

  add(frame: ArrayBuffer): void {
    for (const record of unpackRecords(frame)) this.#append(record)
  }

  #append({ key, revision, createRevision, value }: PackedRecord): void {
    const previous = this.#current.get(key)
    if (value !== undefined) {
      const entry = { key, value: ownBytes(value), createRevision, modRevision: revision }
      this.#current.set(key, entry)
      this.events.push({ type: 'put', entry, previous, revision })
    } else if (previous !== undefined) {
      this.#current.delete(key)
      this.events.push({ type: 'delete', key, previous, revision })
    }
  }
}
