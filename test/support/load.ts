/** Requests that go on while something breaks: a connection for each, so that every one is routed anew. */
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { waitFor } from './wait-for.ts'

export interface LoadOptions {
  readonly clients?: number
  /** Between two requests of one client: none means as many as there can be. */
  readonly pauseMs?: number
  readonly timeoutMs?: number
}

export interface Answer {
  /** When it was asked, on the clock of `performance.now()`. */
  readonly at: number
  readonly tookMs: number
  readonly url: string
  /** undefined: it failed. */
  readonly body: string | undefined
  readonly error: string | undefined
}

/** Until it is disposed of. */
export class Load implements AsyncDisposable {
  readonly answers: Answer[] = []
  readonly #stop = new AbortController()
  readonly #clients: Promise<void>[]

  constructor(urls: readonly string[], { clients = 4, pauseMs = 20, timeoutMs = 10_000 }: LoadOptions = {}) {
    this.#clients = Array.from({ length: clients }, (_, index) => this.#ask(urls, index, { pauseMs, timeoutMs }))
  }

  get failures(): readonly Answer[] {
    return this.answers.filter(({ error }) => error !== undefined)
  }

  since(at: number): readonly Answer[] {
    return this.answers.filter((answer) => answer.at >= at)
  }

  /** So many more requests have been answered or have failed. */
  async goesOn(count: number): Promise<void> {
    const goal = this.answers.length + count
    await waitFor(`${count} more requests were made`, () => this.answers.length >= goal)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#clients)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #ask(
    urls: readonly string[],
    first: number,
    { pauseMs, timeoutMs }: { pauseMs: number; timeoutMs: number },
  ): Promise<void> {
    for (let turn = first; !this.#stop.signal.aborted; turn += 1) {
      const url = urls[turn % urls.length] ?? ''
      const at = performance.now()
      const answer = await fetchOnce(url, timeoutMs).then(
        (body) => ({ body, error: undefined }),
        (error: Error) => ({ body: undefined, error: error.message }),
      )
      this.answers.push({ at, tookMs: performance.now() - at, url, ...answer })
      if (pauseMs > 0) await sleep(pauseMs)
    }
  }
}

function fetchOnce(url: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { agent: new Agent({ keepAlive: false }), headers: { connection: 'close' } }, (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (text: string) => (body += text))
      answer.once('error', reject)
      answer.once('end', () =>
        answer.statusCode === 200 ? resolve(body.trim()) : reject(new Error(`status ${answer.statusCode}: ${body}`)),
      )
    })
    const late = setTimeout(() => asking.destroy(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs)
    asking.once('close', () => clearTimeout(late))
    asking.once('error', reject)
    asking.end()
  })
}
