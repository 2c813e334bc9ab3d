/** A master of its own and plain requests to it: what client-go's conformance tests do, without a client in between. */
import { mkdtemp, rm } from 'node:fs/promises'
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import type { Master } from '@skiff/master'
import { startLocalMaster } from './local-master.ts'
import { waitFor } from './wait-for.ts'

// biome-ignore lint/suspicious/noExplicitAny: objects and answers of every form
export type Json = Record<string, any>

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** What was answered, as text too: messages are looked for in it. */
  readonly text: string
  readonly body: Json
}

export interface WatchedEvent {
  readonly type: string
  readonly object: Json
}

const PATCHES = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
}

const CONFLICT_ATTEMPTS = 20

export async function startApi(): Promise<ApiCalls> {
  const dataDir = await mkdtemp(join(tmpdir(), 'skiff-api-'))
  return new ApiCalls(await startLocalMaster(dataDir), dataDir)
}

export class ApiCalls implements AsyncDisposable {
  readonly #master: Master
  readonly #dataDir: string

  constructor(master: Master, dataDir: string) {
    this.#master = master
    this.#dataDir = dataDir
  }

  get kubeconfig(): string {
    return join(this.#dataDir, 'admin.kubeconfig')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#master.close()
    await rm(this.#dataDir, { recursive: true, force: true })
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Reply> {
    return this.send('GET', path, undefined, headers)
  }

  post(path: string, body: object | string, headers: Record<string, string> = {}): Promise<Reply> {
    return this.send('POST', path, body, headers)
  }

  put(path: string, body: object): Promise<Reply> {
    return this.send('PUT', path, body)
  }

  delete(path: string, body?: object): Promise<Reply> {
    return this.send('DELETE', path, body)
  }

  patch(path: string, body: object | string, type: keyof typeof PATCHES = 'merge'): Promise<Reply> {
    return this.send('PATCH', path, body, { 'content-type': PATCHES[type] })
  }

  /** GET, change, PUT, again while somebody else was faster (client-go's RetryOnConflict). */
  async change(path: string, change: (object: Json) => void, readFrom = path): Promise<Reply> {
    for (let attempt = 1; ; attempt++) {
      const { body } = await this.get(readFrom)
      change(body)
      const reply = await this.put(path, body)
      if (reply.status !== 409 || attempt === CONFLICT_ATTEMPTS) return reply
    }
  }

  /** A namespace of a test's own, with its `default` account. */
  async namespace(name: string): Promise<string> {
    await this.post('/api/v1/namespaces', { metadata: { name, labels: { test: name } } })
    const account = `/api/v1/namespaces/${name}/serviceaccounts/default`
    await waitFor('there is an account', async () => (await this.get(account)).status === 200)
    return `/api/v1/namespaces/${name}`
  }

  async send(method: string, path: string, body?: object | string, headers: Record<string, string> = {}): Promise<Reply> {
    const written = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
    const sent =
      written === undefined ? {} : { 'content-type': 'application/json', 'content-length': `${Buffer.byteLength(written)}` }
    const response = await this.#open(method, path, { ...sent, ...headers }, written)
    const answered = await text(response)
    return { status: response.statusCode ?? 0, headers: response.headers, text: answered, body: parsed(answered) }
  }

  async watch(path: string, headers: Record<string, string> = {}): Promise<Watched> {
    return new Watched(await this.#open('GET', path, headers, undefined))
  }

  async #open(method: string, path: string, headers: Record<string, string>, body: string | undefined): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    request({ socketPath: this.#master.socketPath, method, path, headers })
      .once('response', resolve)
      .once('error', reject)
      .end(body)
    return await promise
  }
}

/** The events of a watch, as they come. */
export class Watched implements Disposable {
  readonly events: WatchedEvent[] = []
  readonly #response: IncomingMessage

  constructor(response: IncomingMessage) {
    this.#response = response
    response.on('error', () => undefined)
    createInterface({ input: response }).on('line', (line) => this.events.push(JSON.parse(line) as WatchedEvent))
  }

  [Symbol.dispose](): void {
    this.#response.destroy()
  }

  async until(what: string, predicate: (event: WatchedEvent) => boolean): Promise<WatchedEvent> {
    return await waitFor(`the watch shows ${what}`, () => this.events.find(predicate))
  }
}

function parsed(answered: string): Json {
  try {
    return JSON.parse(answered) as Json
  } catch {
    return {}
  }
}
