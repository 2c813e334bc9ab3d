import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { apiVersionOf, type KindInfo, type ObjectMeta, pathOf, type Status } from '@skiff/api'
import type { WebSocket } from 'ws'
import { Connection, type ConnectionOptions, type FullResponse, type SendOptions } from './http/connection.ts'
import { LineSplitter } from './http/lines.ts'
import { errorOfResponse, errorOfStatus } from './http/status-error.ts'

export interface ApiClientOptions extends ConnectionOptions {
  /** The server, where it is a part of this process: what it serves itself needs no connection. */
  readonly inProcess?: InProcessServer
}

export interface InProcessServer {
  /** False for what takes a connection all the same. */
  serves(path: string): boolean
  request(method: string, path: string, options: SendOptions): Promise<FullResponse>
  /** The bytes of a watch as they come, or the answer that refuses it. */
  watch(path: string, options: SendOptions & { readonly signal: AbortSignal }): Promise<FullResponse | AsyncIterable<Buffer>>
}

export interface ObjectRef {
  readonly name: string
  readonly namespace?: string
  readonly subresource?: string
}

export interface SelectOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly resourceVersion?: string
  /** Only the objects' metadata, as PartialObjectMetadata and without managedFields: for those who look at owners and labels of large objects. */
  readonly metadataOnly?: boolean
}

export interface ListOptions extends SelectOptions {
  readonly limit?: number
  readonly continue?: string
  readonly signal?: AbortSignal
}

export interface ListPage<T> {
  readonly items: T[]
  readonly resourceVersion: string
  /** Ask for the next page with this; absent on the last one. */
  readonly continue?: string
}

export interface WriteOptions {
  readonly subresource?: string
  readonly fieldManager?: string
}

export interface CreateOptions extends WriteOptions {
  readonly namespace?: string
  /** The parent of a subresource, as in `pods/<name>/binding`. */
  readonly name?: string
  readonly dryRun?: boolean
}

export interface Patch {
  readonly type: 'json' | 'merge' | 'strategic' | 'apply'
  readonly body: unknown
  /** Needed by `apply`. */
  readonly fieldManager?: string
  readonly force?: boolean
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
  /** Preconditions: Conflict is thrown when the object is another one by now. */
  readonly uid?: string
  readonly resourceVersion?: string
}

export interface WatchOptions extends SelectOptions {
  /** WatchList: what is there comes first as ADDED, then a bookmark that says so, then what changes. */
  readonly sendInitialEvents?: boolean
  /** The server ends the watch after so long. */
  readonly timeoutSeconds?: number
  readonly signal: AbortSignal
}

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: T
}

/** The bookmark that ends what was there already when a watch with `sendInitialEvents` began (KEP-3157). */
export function endsInitialEvents({ type, object }: WatchEvent<{ readonly metadata: ObjectMeta }>): boolean {
  return type === 'BOOKMARK' && object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true'
}

export interface RequestOptions {
  /** An object is sent as JSON. */
  readonly body?: unknown
  readonly contentType?: string
  readonly accept?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

export interface Response {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** What a written object must say of itself. */
interface Named {
  readonly metadata?: { readonly name?: string; readonly namespace?: string }
}

const PATCH_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const

/**
 * The Kubernetes API as every component uses it. Every failure is an `ApiError`: what the server said, or
 * ServiceUnavailable when it can't be reached. A write is never repeated by itself.
 */
export class ApiClient {
  readonly #connection: Connection
  readonly #inProcess: InProcessServer | undefined
  readonly #userAgent: string
  readonly #reconnecting = new Set<() => void>()

  constructor(options: ApiClientOptions) {
    this.#connection = new Connection(options)
    this.#inProcess = options.inProcess
    this.#userAgent = options.userAgent
  }

  async get<T>(info: KindInfo, ref: ObjectRef, options: Pick<RequestOptions, 'signal'> = {}): Promise<T> {
    return await this.#json<T>('GET', pathOf(info, ref.namespace, ref.name, ref.subresource), options)
  }

  /** Items carry `kind` and `apiVersion`, which the wire leaves out. */
  async list<T>(info: KindInfo, options: ListOptions = {}): Promise<ListPage<T>> {
    const { namespace, signal, metadataOnly, ...query } = options
    const answer = await this.#json<RawList<T>>('GET', pathOf(info, namespace) + queryOf(query), {
      ...(signal ? { signal } : {}),
      ...(metadataOnly ? { accept: METADATA_LIST } : {}),
    })
    const typed = { kind: info.kind, apiVersion: apiVersionOf(info) }
    const page = {
      items: (answer.items ?? []).map((item) => ({ ...typed, ...item })),
      resourceVersion: answer.metadata.resourceVersion,
    }
    return answer.metadata.continue ? { ...page, continue: answer.metadata.continue } : page
  }

  async create<T>(info: KindInfo, object: object, options: CreateOptions = {}): Promise<T> {
    const { name, subresource, fieldManager, dryRun } = options
    const { metadata }: Named = object
    const path = pathOf(info, options.namespace ?? metadata?.namespace, name, subresource)
    const query = queryOf({ fieldManager, dryRun: dryRun ? 'All' : undefined })
    return await this.#json<T>('POST', path + query, { body: typed(info, object, subresource) })
  }

  /** Replaces the object; Conflict when its resourceVersion is not the newest. */
  async update<T extends Named>(info: KindInfo, object: T, options: WriteOptions = {}): Promise<T> {
    const path = pathOf(info, object.metadata?.namespace, object.metadata?.name ?? '', options.subresource)
    const query = queryOf({ fieldManager: options.fieldManager })
    return await this.#json<T>('PUT', path + query, { body: typed(info, object, options.subresource) })
  }

  async patch<T>(info: KindInfo, ref: ObjectRef, patch: Patch): Promise<T> {
    const path = pathOf(info, ref.namespace, ref.name, ref.subresource)
    const query = queryOf({ fieldManager: patch.fieldManager, force: patch.force })
    return await this.#json<T>('PATCH', path + query, { body: patch.body, contentType: PATCH_TYPES[patch.type] })
  }

  /** Returns once the server has accepted the deletion; the object may still be there, with a deletionTimestamp. */
  async delete(info: KindInfo, ref: ObjectRef, options: DeleteOptions = {}): Promise<void> {
    const { uid, resourceVersion, ...rest } = options
    const preconditions = { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) }
    const body = Object.keys(preconditions).length > 0 ? { ...rest, preconditions } : rest
    await this.request('DELETE', pathOf(info, ref.namespace, ref.name, ref.subresource), { body })
  }

  /**
   * The changes of a kind until the server ends the watch or the signal aborts; both end the iteration quietly.
   * An ERROR event and a broken connection are thrown as `ApiError` (Expired: list again).
   */
  async *watch<T>(info: KindInfo, options: WatchOptions): AsyncGenerator<WatchEvent<T>, void, void> {
    for await (const batch of this.watchBatches<T>(info, options)) yield* batch
  }

  /** The same, with what arrives at once in one step: of a busy kind that is much. */
  async *watchBatches<T>(info: KindInfo, options: WatchOptions): AsyncGenerator<readonly WatchEvent<T>[], void, void> {
    const { signal } = options
    try {
      const accept = options.metadataOnly ? { accept: METADATA } : {}
      const path = pathOf(info, options.namespace) + watchQuery(options)
      const chunks = await this.#watchStream(path, { signal, ...accept })
      const lines = new LineSplitter()
      for await (const chunk of chunks) yield* parseWatchEvents<T>(lines.push(chunk))
      const rest = lines.rest()
      if (rest !== '') yield* parseWatchEvents<T>([rest])
    } catch (error) {
      if (signal.aborted) return
      throw this.#connection.unreachable(error, signal)
    }
  }

  /** Any path. An answer outside 2xx is thrown as the `ApiError` that its Status tells of. */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    const response = await (this.#inProcess?.serves(path)
      ? this.#inProcess.request(method, path, this.#signed(options))
      : this.#connection.request(method, path, sendOptions(options)))
    if (response.status < 200 || response.status >= 300) throw errorOfResponse(response.status, response.body)
    return response
  }

  /** As `request`, with the body as it arrives; the caller reads it to its end or destroys it. */
  async stream(method: string, path: string, options: RequestOptions = {}): Promise<IncomingMessage> {
    const response = await this.#connection.stream(method, path, sendOptions(options))
    const status = response.statusCode ?? 0
    if (status >= 200 && status < 300) return response
    throw errorOfResponse(status, await this.#connection.readBody(response, options.signal))
  }

  webSocket(path: string, protocols: readonly string[] = []): WebSocket {
    return this.#connection.webSocket(path, protocols)
  }

  /**
   * Gives up every connection, for one who knows better than TCP that the way is open again: after a cut cable TCP waits
   * about as long again as the cut was. What is under way fails, and informers resume at once.
   */
  reconnect(): void {
    this.#connection.close()
    for (const listener of this.#reconnecting) listener()
  }

  /** Told of every `reconnect`. Returns how to stop it. */
  onReconnect(listener: () => void): () => void {
    this.#reconnecting.add(listener)
    return () => this.#reconnecting.delete(listener)
  }

  /** Closes idle connections; what is under way fails. */
  close(): void {
    this.#connection.close()
  }

  async #watchStream(path: string, options: RequestOptions & { readonly signal: AbortSignal }): Promise<AsyncIterable<Buffer>> {
    if (!this.#inProcess?.serves(path)) return await this.stream('GET', path, options)
    const watch = await this.#inProcess.watch(path, { ...this.#signed(options), signal: options.signal })
    if ('status' in watch) throw errorOfResponse(watch.status, watch.body)
    return watch
  }

  /** With the name that a connection adds by itself. */
  #signed(options: RequestOptions): SendOptions {
    const { headers, ...sent } = sendOptions(options)
    return { ...sent, headers: { 'user-agent': this.#userAgent, ...headers } }
  }

  async #json<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const { body } = await this.request(method, path, options)
    return JSON.parse(body.toString('utf8')) as T
  }
}

const METADATA = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io;managedFields=none'
const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io;managedFields=none'

interface RawList<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string }
  readonly items: readonly T[] | null
}

function sendOptions(options: RequestOptions): SendOptions {
  const { body, signal } = options
  const headers: Record<string, string> = { accept: options.accept ?? 'application/json', ...options.headers }
  if (body === undefined) return { headers, ...(signal ? { signal } : {}) }
  headers['content-type'] = options.contentType ?? 'application/json'
  const bytes = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  return { headers, body: bytes, ...(signal ? { signal } : {}) }
}

/** An object of a kind names its kind; the body of a subresource (Binding, Scale, ...) is another kind and stays as it is. */
function typed(info: KindInfo, object: object, subresource: string | undefined): object {
  if (subresource !== undefined && subresource !== 'status') return object
  return { apiVersion: apiVersionOf(info), kind: info.kind, ...object }
}

function queryOf(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, String(value))
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

function watchQuery(options: WatchOptions): string {
  const { labelSelector, fieldSelector, resourceVersion, sendInitialEvents, timeoutSeconds } = options
  return queryOf({
    watch: true,
    allowWatchBookmarks: true,
    labelSelector,
    fieldSelector,
    resourceVersion,
    timeoutSeconds,
    ...(sendInitialEvents ? { sendInitialEvents, resourceVersionMatch: 'NotOlderThan' } : {}),
  })
}

/** In one batch; an ERROR is thrown after what came before it. */
function* parseWatchEvents<T>(lines: readonly string[]): Generator<WatchEvent<T>[], void, void> {
  const events: WatchEvent<T>[] = []
  for (const line of lines) {
    const event = JSON.parse(line) as WatchEvent<T> | { type: 'ERROR'; object: Status }
    if (event.type === 'ERROR') {
      yield events
      throw errorOfStatus(event.object, 500)
    }
    events.push(event)
  }
  yield events
}
