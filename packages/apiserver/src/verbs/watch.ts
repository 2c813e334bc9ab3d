/** What a watch sends, as a source of lines: how they reach the client is http/watch-stream.ts. */

import { ApiError, apiVersionOf, CUSTOM_RESOURCE_DEFINITIONS, expired } from '@skiff/api'
import { CompactedError, type Entry, type StoreEvent } from '@skiff/store'
import type { Call } from '../http/call.ts'
import type { EventBytes, EventForm, ObjectEvent } from '../registry/event-bytes.ts'
import { keyOf } from '../registry/keys.ts'
import type { ResourceRegistry } from '../registry/resource-registry.ts'
import { parseWatchOptions, requireReached, type WatchOptions } from './list-options.ts'
import { parseSelection, type Selection } from './selection.ts'

export interface WatchSource {
  readonly timeoutSeconds: number | undefined
  readonly allowBookmarks: boolean
  /** Resolves when there is what `initialLines` gives; undefined: there is already. */
  prepare(): Promise<void> | undefined
  /** What is there when the watch starts, closed by a bookmark where that was asked for. */
  initialLines(): Iterable<Buffer>
  /** Everything after that. `onClose` gets the reason when the server ends it. */
  follow(listener: {
    onLines: (lines: readonly Buffer[]) => void
    onClose: (line: Buffer | undefined) => void
    signal: AbortSignal
  }): void
  bookmark(): Buffer
}

export interface WatchEnvironment {
  readonly eventBytes: EventBytes
  readonly form: Omit<EventForm, 'withColumns'>
}

/** Throws for bad options; a revision that is too old is told by the first line, as upstream does. */
export function watch(call: Call, environment: WatchEnvironment): WatchSource {
  const options = parseWatchOptions(call.info.query)
  const selection = parseSelection(call.registry.definition, call.info)
  const { store } = call.registry.shared
  if (options.sendInitialEvents === true) requireReached(options.resourceVersion, store.revision())
  return new ObjectWatch({ ...environment, registry: call.registry, prefix: watchedPrefix(call, selection), options, selection })
}

/** A single object's watch is only woken by keys that start with its name. */
function watchedPrefix({ registry, info }: Call, selection: Selection): string {
  const prefix = registry.prefixOf(info.namespace)
  const one = selection.name !== undefined && (!registry.info.namespaced || info.namespace !== '')
  return one ? prefix + selection.name : prefix
}

interface ObjectWatchOptions extends WatchEnvironment {
  readonly registry: ResourceRegistry
  readonly prefix: string
  readonly options: WatchOptions
  readonly selection: Selection
}

class ObjectWatch implements WatchSource {
  private readonly watch: ObjectWatchOptions
  private readonly startRevision: number
  private readonly initial: readonly Entry[]
  private sentColumns = false
  /** Of conversions under way: the end of the last, and how many there are. */
  private turn: Promise<void> = Promise.resolve()
  private unsent = 0
  private bookmarked: number

  constructor(watch: ObjectWatchOptions) {
    const { options, registry } = watch
    const { store } = registry.shared
    this.watch = watch
    this.startRevision = startsFromNow(options) ? store.revision() : (options.resourceVersion ?? 0)
    this.bookmarked = this.startRevision
    this.initial = wantsInitial(options) ? store.list(watch.prefix).entries : []
  }

  get timeoutSeconds(): number | undefined {
    return this.watch.options.timeoutSeconds
  }

  get allowBookmarks(): boolean {
    return this.watch.options.allowBookmarks
  }

  prepare(): Promise<void> | undefined {
    return this.watch.registry.ready(this.initial)
  }

  *initialLines(): Iterable<Buffer> {
    const { registry, selection, eventBytes, options } = this.watch
    for (const entry of this.initial) {
      if (!selection.everything && !selection.matches(registry.wrap(entry).object)) continue
      yield eventBytes.initialLine(registry, entry, this.nextForm())
    }
    const announced = options.sendInitialEvents === true && options.allowBookmarks
    if (announced) yield this.bookmarkAt(this.startRevision, { 'k8s.io/initial-events-end': 'true' })
  }

  follow({ onLines, onClose, signal }: Parameters<WatchSource['follow']>[0]): void {
    const tell = (events: readonly StoreEvent[]) => {
      const lines = events.flatMap((event) => this.lineOf(event))
      if (lines.length > 0) onLines(lines)
    }
    try {
      this.watch.registry.shared.store.watch({
        prefix: this.watch.prefix,
        afterRevision: this.startRevision,
        signal,
        onEvents: (events) => this.whenReady(events, () => tell(events), onClose),
        onClose: () => onClose(undefined),
      })
      this.endWithDefinition(signal, () => onClose(undefined))
    } catch (error) {
      if (!(error instanceof CompactedError)) throw error
      onClose(errorLine(this.startRevision, error.compactedRevision))
    }
  }

  /** In their order, however long a conversion takes; one that fails ends the watch. */
  private whenReady(events: readonly StoreEvent[], tell: () => void, onClose: (line: Buffer | undefined) => void): void {
    const { registry } = this.watch
    if (!registry.mustBeReady) {
      tell()
      return
    }
    const entries = events.flatMap((event) => [...(event.type === 'put' ? [event.entry] : []), event.previous ?? []])
    this.unsent += 1
    this.turn = this.turn
      .then(() => registry.ready(entries.flat()))
      .then(tell)
      .catch((error: unknown) =>
        onClose(statusLine(error instanceof ApiError ? error : new ApiError('InternalError', String(error)))),
      )
      .finally(() => {
        this.unsent -= 1
      })
  }

  /** A custom kind is watched as long as it is there. */
  private endWithDefinition(signal: AbortSignal, end: () => void): void {
    const { definition, shared } = this.watch.registry
    if (definition.custom === undefined) return
    const { group, resource } = definition.info
    const key = keyOf(CUSTOM_RESOURCE_DEFINITIONS, '', `${resource}.${group}`)
    const onEvents = (events: readonly StoreEvent[]) => {
      if (events.some((event) => event.type === 'delete' && event.key === key)) end()
    }
    shared.store.watch({ prefix: key, afterRevision: shared.store.revision(), signal, onEvents })
  }

  /** Nothing is told past what has been sent. */
  bookmark(): Buffer {
    if (this.unsent === 0) this.bookmarked = this.watch.registry.shared.store.revision()
    return this.bookmarkAt(this.bookmarked)
  }

  private lineOf(event: StoreEvent): Buffer[] {
    const told = eventFor(this.watch.registry, this.watch.selection, event)
    return told === undefined ? [] : [this.watch.eventBytes.line(this.watch.registry, told, this.nextForm())]
  }

  private nextForm(): EventForm {
    const withColumns = !this.sentColumns
    this.sentColumns = true
    return { ...this.watch.form, withColumns }
  }

  private bookmarkAt(revision: number, annotations?: Record<string, string>): Buffer {
    const { form, registry } = this.watch
    const metadata = { resourceVersion: String(revision), ...(annotations === undefined ? {} : { annotations }) }
    const object = { ...bookmarkType(form, registry), metadata }
    return Buffer.from(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`)
  }
}

function startsFromNow(options: WatchOptions): boolean {
  return options.resourceVersion === undefined || options.resourceVersion === 0 || options.sendInitialEvents === true
}

function wantsInitial(options: WatchOptions): boolean {
  if (options.sendInitialEvents !== undefined) return options.sendInitialEvents
  return options.resourceVersion === undefined || options.resourceVersion === 0
}

/** What a write means to a watcher with a selector: an object that stops matching is DELETED, in its last matching state. */
export function eventFor(registry: ResourceRegistry, selection: Selection, event: StoreEvent): ObjectEvent | undefined {
  const matches = (entry: Entry | undefined): entry is Entry =>
    entry !== undefined &&
    (selection.everything || (mayMatch(selection, entry) && selection.matches(registry.wrap(entry).object)))
  const { revision, previous } = event
  const before = matches(previous)
  if (event.type === 'put' && matches(event.entry)) {
    return { type: before ? 'MODIFIED' : 'ADDED', entry: event.entry, revision }
  }
  return before ? { type: 'DELETED', entry: previous, revision } : undefined
}

/** By its key alone: of the many that a watch for one name leaves out, none is parsed. */
function mayMatch({ name }: Selection, { key }: Entry): boolean {
  return name === undefined || key.endsWith(name)
}

function bookmarkType(form: Omit<EventForm, 'withColumns'>, registry: ResourceRegistry): object {
  if (form.as === 'object') return { kind: registry.info.kind, apiVersion: apiVersionOf(registry.info) }
  return { kind: form.as, apiVersion: `meta.k8s.io/${form.version}` }
}

function errorLine(asked: number, oldest: number): Buffer {
  return statusLine(expired(`too old resource version: ${asked} (${oldest})`))
}

function statusLine(error: ApiError): Buffer {
  return Buffer.from(`${JSON.stringify({ type: 'ERROR', object: error.toStatus() })}\n`)
}
