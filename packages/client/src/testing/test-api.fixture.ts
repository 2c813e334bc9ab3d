import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CONFIG_MAPS, type ConfigMap, expired, type Status } from '@skiff/api'

/**
 * A small API server for ConfigMaps over real HTTP, that can be made to behave as badly as a real one: it cuts
 * connections, splits its answers anywhere, forgets the past, and doesn't know WatchList.
 */
export class TestApi implements AsyncDisposable {
  readonly info = CONFIG_MAPS
  readonly requests: string[] = []
  /** Whether watches may ask for initial events; false: 422, as servers without the feature say. */
  knowsWatchList = true
  /** Every answer is sent in pieces of so many bytes. */
  pieceBytes = Number.POSITIVE_INFINITY
  readonly #objects = new Map<string, ConfigMap>()
  readonly #log: { readonly type: string; readonly object: ConfigMap; readonly revision: number }[] = []
  readonly #watches = new Set<ServerResponse>()
  readonly #server: Server
  #revision = 1
  #compacted = 1
  #uids = 0

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response))
  }

  static async start(port = 0): Promise<TestApi> {
    const api = new TestApi()
    api.#server.listen(port, '127.0.0.1')
    await once(api.#server, 'listening')
    return api
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get revision(): string {
    return String(this.#revision)
  }

  get watchers(): number {
    return this.#watches.size
  }

  /** `name=value` of everything, sorted. */
  contents(): string[] {
    return [...this.#objects.values()].map(describeConfigMap).sort()
  }

  put(name: string, value: string): void {
    const existing = this.#objects.get(name)
    this.#revision += 1
    const metadata = {
      name,
      namespace: 'default',
      uid: existing?.metadata.uid ?? `uid-${this.#uids++}`,
      resourceVersion: this.revision,
      creationTimestamp: '2026-01-01T00:00:00Z',
      managedFields: [{ manager: 'test' }],
    }
    const object: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { value } }
    this.#objects.set(name, object)
    this.#append(existing === undefined ? 'ADDED' : 'MODIFIED', object)
  }

  remove(name: string): void {
    const existing = this.#objects.get(name)
    if (existing === undefined) return
    this.#revision += 1
    this.#objects.delete(name)
    this.#append('DELETED', { ...existing, metadata: { ...existing.metadata, resourceVersion: this.revision } })
  }

  /** From now on only later events can be watched. */
  compact(): void {
    this.#compacted = this.#revision
  }

  /** Breaks all connections, also in the middle of a line. */
  cutConnections(): void {
    this.#server.closeAllConnections()
  }

  /** Ends the watches as a server does after their time. */
  endWatches(): void {
    for (const response of this.#watches) response.end()
    this.#watches.clear()
  }

  /** Something else than ConfigMaps was written: the revision moves, their watchers hear nothing. */
  writeElsewhere(): void {
    this.#revision += 1
  }

  bookmark(): void {
    for (const response of this.#watches) this.#send(response, `${JSON.stringify(this.#bookmark())}\n`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #append(type: string, object: ConfigMap): void {
    this.#log.push({ type, object, revision: this.#revision })
    for (const response of this.#watches) this.#send(response, `${JSON.stringify({ type, object })}\n`)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', this.url)
    this.requests.push(`${request.method} ${url.pathname}${url.search}`)
    response.setHeader('content-type', 'application/json')
    if (url.searchParams.get('watch') === 'true') this.#watch(url.searchParams, response)
    else await this.#sendAll(response, JSON.stringify(this.#list(url.searchParams)))
  }

  #list(query: URLSearchParams) {
    const all = [...this.#objects.values()].map(({ apiVersion: _, kind: __, ...item }) => item)
    const from = Number(query.get('continue') ?? 0)
    const to = from + Number(query.get('limit') ?? all.length)
    const next = to < all.length ? { continue: String(to) } : {}
    return {
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      metadata: { resourceVersion: this.revision, ...next },
      items: all.slice(from, to),
    }
  }

  #watch(query: URLSearchParams, response: ServerResponse): void {
    const initial = query.get('sendInitialEvents') === 'true'
    if (initial && !this.knowsWatchList) {
      refuse(response)
      return
    }
    response.flushHeaders()
    const after = Number(query.get('resourceVersion') ?? 0)
    if (!initial && after < this.#compacted) {
      const object = expired(`too old resource version: ${after} (${this.#compacted})`).toStatus()
      response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`)
      return
    }
    this.#watches.add(response)
    response.on('close', () => this.#watches.delete(response))
    for (const event of initial ? this.#initialEvents() : this.#log.filter(({ revision }) => revision > after)) {
      this.#send(response, `${JSON.stringify({ type: event.type, object: event.object })}\n`)
    }
  }

  #initialEvents(): { type: string; object: unknown }[] {
    const bookmark = this.#bookmark({ 'k8s.io/initial-events-end': 'true' })
    return [...[...this.#objects.values()].map((object) => ({ type: 'ADDED', object })), bookmark]
  }

  #bookmark(annotations?: Record<string, string>) {
    const metadata = { resourceVersion: this.revision, ...(annotations ? { annotations } : {}) }
    return { type: 'BOOKMARK', object: { kind: 'ConfigMap', apiVersion: 'v1', metadata } }
  }

  #send(response: ServerResponse, text: string): void {
    for (const piece of piecesOf(text, this.pieceBytes)) response.write(piece)
  }

  async #sendAll(response: ServerResponse, text: string): Promise<void> {
    for (const piece of piecesOf(text, this.pieceBytes)) {
      response.write(piece)
      await new Promise(setImmediate)
    }
    response.end()
  }
}

/** As kube-apiserver 1.33 without the feature answers. */
function refuse(response: ServerResponse): void {
  const status: Status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message:
      'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled',
    reason: 'Invalid',
    code: 422,
  }
  response.statusCode = 422
  response.end(JSON.stringify(status))
}

export function describeConfigMap(object: ConfigMap): string {
  return `${object.metadata.name}=${object.data?.value}`
}

function piecesOf(text: string, size: number): Buffer[] {
  const bytes = Buffer.from(text)
  if (size >= bytes.length) return [bytes]
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size))
}
