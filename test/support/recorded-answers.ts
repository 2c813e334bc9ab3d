/** Requests recorded at a real kube-apiserver, sent to ours one after the other, and what of the answers can't be the same twice. */
import { readFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

export interface RecordedStep {
  readonly n: number
  readonly step: string
  readonly request: {
    readonly method: string
    readonly path: string
    readonly headers: Readonly<Record<string, string | readonly string[]>>
    readonly body?: unknown
  }
  readonly response: { readonly status: number; readonly body: unknown }
}

export interface Answer {
  readonly status: number
  readonly body: unknown
}

export function recordedSteps(file: string): readonly RecordedStep[] {
  const lines = readFileSync(join(import.meta.dirname, '..', 'integration', 'testdata', `${file}.jsonl`), 'utf8')
  return lines
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as RecordedStep)
}

/**
 * The recorder announced no bodies with DELETE: the server saw none, and took them for the beginning of the next
 * request, which it refused as plain text. Such a request has to stay unsent, so that ours goes through the same.
 */
export function neverArrived({ response }: RecordedStep): boolean {
  return response.body === '400 Bad Request'
}

/** What was beta in 1.20 is asked for as what it became; addresses are moved to the range of the test. */
const RENAMED: readonly (readonly [RegExp, string])[] = [
  [/\bautoscaling\/v2beta2\b/g, 'autoscaling/v2'],
  [/\b(batch|policy|discovery\.k8s\.io)\/v1beta1\b/g, '$1/v1'],
  [/\b10\.96\.(?=\d)/g, '198.18.'],
]

/** Sends recorded steps; revisions and continue tokens of the record are replaced by ours as they become known. */
export class Replay {
  readonly #socketPath: string
  readonly #known = new Map<string, string>()

  constructor(socketPath: string) {
    this.#socketPath = socketPath
  }

  async send(recorded: RecordedStep): Promise<Answer> {
    const { method, path, headers, body } = recorded.request
    const written = body === undefined || method === 'DELETE' ? undefined : renamed(bodyText(body))
    const answered = Promise.withResolvers<IncomingMessage>()
    const options = {
      socketPath: this.#socketPath,
      method,
      path: this.#translated(path),
      headers: headers as Record<string, string>,
      // None that the server may be about to close.
      agent: false,
    } as const
    request(options).once('response', answered.resolve).once('error', answered.reject).end(written)
    const response = await answered.promise
    const answer = parsed(recorded, await text(response))
    this.#learn(recorded.response.body, answer)
    return { status: response.statusCode ?? 0, body: answer }
  }

  #translated(path: string): string {
    return renamed(path).replace(/(resourceVersion|continue)=([^&]+)/g, (whole, name: string, value: string) => {
      const ours = this.#known.get(`${name} ${value}`)
      return ours === undefined ? whole : `${name}=${ours}`
    })
  }

  #learn(theirs: unknown, ours: unknown): void {
    const [a, b] = [metadataOf(theirs), metadataOf(ours)]
    for (const field of ['resourceVersion', 'continue']) {
      if (a?.[field] !== undefined && b?.[field] !== undefined) this.#known.set(`${field} ${a[field]}`, b[field])
    }
  }
}

function renamed(written: string): string {
  return RENAMED.reduce((renaming, [old, now]) => renaming.replaceAll(old, now), written)
}

export function isWatch({ request: { method, path } }: RecordedStep): boolean {
  return method === 'GET' && (/[?&]watch=/.test(path) || path.startsWith('/api/v1/watch/'))
}

/** What is long is abbreviated in the record: `<x*300000>`. */
function bodyText(body: unknown): string {
  const written = typeof body === 'string' ? body : JSON.stringify(body)
  return written
    .replace(/<(.)\*(\d+)>/g, (_, letter: string, count: string) => letter.repeat(Number(count)))
    .replace(/^\["<that test operation (\d+) times>"\]$/, (_, count: string) =>
      JSON.stringify(Array(Number(count)).fill(TEST_OPERATION)),
    )
}

const TEST_OPERATION = { op: 'test', path: '/kind', value: 'Deployment' }

function parsed(recorded: RecordedStep, written: string): unknown {
  if (isWatch(recorded) && recorded.response.status === 200) {
    const lines = written
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as unknown)
    return Array.isArray(recorded.response.body) ? lines : lines[0]
  }
  try {
    return JSON.parse(written)
  } catch {
    return written
  }
}

function metadataOf(body: unknown): Record<string, string> | undefined {
  return (body as { metadata?: Record<string, string> } | undefined)?.metadata
}
