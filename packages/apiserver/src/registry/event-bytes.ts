/** The line of a watch event, made once per event and form and shared by all its watchers. */

import type { KubeObject } from '@skiff/api'
import type { Entry } from '@skiff/store'
import { type IncludeObject, type MetadataForm, metadataOnly, tableOf } from '../table/table.ts'
import { atRevision, decodeBytes } from './object-bytes.ts'
import type { ResourceRegistry } from './resource-registry.ts'

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED'

export interface EventForm extends MetadataForm {
  readonly as: 'object' | 'Table' | 'PartialObjectMetadata'
  readonly includeObject: IncludeObject
  readonly withColumns: boolean
}

/** What a watcher is told: `entry` is the object, at another revision when it is a deletion. */
export interface ObjectEvent {
  readonly type: EventType
  readonly entry: Entry
  readonly revision: number
}

const EVENT_END = Buffer.from('}\n')

/** All watchers see an event within moments of each other: the lines of so many are kept. */
const KEPT_EVENTS = 512

interface Line {
  readonly registry: ResourceRegistry
  readonly type: EventType
  readonly form: EventForm
  readonly bytes: Buffer
}

export class EventBytes {
  /** By revision, which is the event's own. */
  private readonly lines = new Map<number, Line[]>()
  private readonly clock: () => Date

  constructor(clock: () => Date) {
    this.clock = clock
  }

  line(registry: ResourceRegistry, event: ObjectEvent, form: EventForm): Buffer {
    const { type, revision } = event
    const ofEvent = this.lines.get(revision)
    const known = ofEvent?.find((line) => line.registry === registry && line.type === type && sameForm(line.form, form))
    if (known !== undefined) return known.bytes
    const made = { registry, type, form, bytes: this.lineOf(registry, event, form) }
    if (ofEvent === undefined) this.keep(revision, made)
    else ofEvent.push(made)
    return made.bytes
  }

  private keep(revision: number, line: Line): void {
    if (this.lines.size >= KEPT_EVENTS) this.lines.clear()
    this.lines.set(revision, [line])
  }

  /** Without keeping it: initial events are many and each is for one watcher. */
  initialLine(registry: ResourceRegistry, entry: Entry, form: EventForm): Buffer {
    return this.lineOf(registry, { type: 'ADDED', entry, revision: entry.modRevision }, form)
  }

  private lineOf(registry: ResourceRegistry, { type, entry, revision }: ObjectEvent, form: EventForm): Buffer {
    const found = registry.wrap(entry)
    const isSame = revision === entry.modRevision
    if (form.as === 'object') {
      const bytes = isSame ? found.bytes : atRevision(found.bytes, revision)
      return Buffer.concat([EVENT_STARTS[type], bytes, EVENT_END])
    }
    const object = isSame ? found.object : decodeBytes(atRevision(found.bytes, revision))
    return Buffer.from(`${JSON.stringify({ type, object: this.transformed(registry, object, form) })}\n`)
  }

  private transformed(registry: ResourceRegistry, object: KubeObject, form: EventForm): object {
    if (form.as !== 'Table') return metadataOnly(object, form)
    const metadata = { resourceVersion: object.metadata.resourceVersion }
    return tableOf(registry.definition, [object], metadata, { ...form, now: this.clock() })
  }
}

function sameForm(a: EventForm, b: EventForm): boolean {
  return (
    a.as === b.as &&
    a.version === b.version &&
    a.omitsManagedFields === b.omitsManagedFields &&
    a.includeObject === b.includeObject &&
    a.withColumns === b.withColumns
  )
}

const EVENT_STARTS: Readonly<Record<EventType, Buffer>> = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
}
