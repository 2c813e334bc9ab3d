/** The line of a watch event, made once per event and form and shared by all its watchers. */

import type { KubeObject } from '@skiff/api'
import type { Entry } from '@skiff/store'
import { type IncludeObject, metadataOnly, tableOf } from '../table/table.ts'
import { atRevision, decodeBytes } from './object-bytes.ts'
import type { ResourceRegistry } from './resource-registry.ts'

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED'

export interface EventForm {
  readonly as: 'object' | 'Table' | 'PartialObjectMetadata'
  readonly version: 'v1' | 'v1beta1'
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

/** All watchers see an event within moments of each other: lines older than so many others are let go. */
const KEPT_LINES = 512

export class EventBytes {
  private readonly lines = new Map<string, Buffer>()
  private readonly clock: () => Date

  constructor(clock: () => Date) {
    this.clock = clock
  }

  line(registry: ResourceRegistry, event: ObjectEvent, form: EventForm): Buffer {
    const shape = `${form.as} ${form.version} ${form.includeObject} ${form.withColumns}`
    const key = `${registry.apiVersion} ${event.entry.key} ${event.revision} ${event.type} ${shape}`
    const known = this.lines.get(key)
    if (known !== undefined) return known
    const made = Buffer.concat([eventStart(event.type), this.objectBytes(registry, event, form), EVENT_END])
    this.lines.set(key, made)
    this.forgetOldest()
    return made
  }

  private forgetOldest(): void {
    if (this.lines.size <= KEPT_LINES) return
    const [oldest] = this.lines.keys()
    if (oldest !== undefined) this.lines.delete(oldest)
  }

  /** Without keeping it: initial events are many and each is for one watcher. */
  initialLine(registry: ResourceRegistry, entry: Entry, form: EventForm): Buffer {
    const event = { type: 'ADDED' as const, entry, revision: entry.modRevision }
    return Buffer.concat([eventStart('ADDED'), this.objectBytes(registry, event, form), EVENT_END])
  }

  private objectBytes(registry: ResourceRegistry, { entry, revision }: ObjectEvent, form: EventForm): Buffer {
    const found = registry.wrap(entry)
    const isSame = revision === entry.modRevision
    if (form.as === 'object') return isSame ? found.bytes : atRevision(found.bytes, revision)
    const object = isSame ? found.object : decodeBytes(atRevision(found.bytes, revision))
    return Buffer.from(JSON.stringify(this.transformed(registry, object, form)))
  }

  private transformed(registry: ResourceRegistry, object: KubeObject, form: EventForm): object {
    if (form.as !== 'Table') return metadataOnly(object, form.version)
    const metadata = { resourceVersion: object.metadata.resourceVersion }
    return tableOf(registry.definition, [object], metadata, { ...form, now: this.clock() })
  }
}

function eventStart(type: EventType): Buffer {
  return EVENT_STARTS[type]
}

const EVENT_STARTS: Readonly<Record<EventType, Buffer>> = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
}
