/** Replays recorded requests against a server: what tests of the recorded answers share. */

import { readFileSync } from 'node:fs'

export interface RecordedStep {
  readonly n: number
  readonly step: string
  readonly request: {
    readonly method: string
    readonly path: string
    readonly headers: Readonly<Record<string, string>>
    readonly body?: unknown
  }
  readonly response: { readonly status: number; readonly contentType: string; readonly body: unknown }
}

export interface ReplayedStep {
  readonly recorded: RecordedStep
  readonly status: number
  readonly contentType: string
  readonly body: unknown
}

export function readRecorded(name: string): readonly RecordedStep[] {
  const url = new URL(`./${name}.jsonl`, import.meta.url)
  return readFileSync(url, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RecordedStep)
}

/** Sends recorded steps; revisions and continue tokens of the record are replaced by ours as they become known. */
export class Replay {
  private readonly url: string
  private readonly known = new Map<string, string>()

  constructor(url: string) {
    this.url = url
  }

  /** Watches that follow one another only read: they run at the same time. */
  async run(steps: readonly RecordedStep[]): Promise<ReplayedStep[]> {
    const replayed: ReplayedStep[] = []
    let watches: Promise<ReplayedStep>[] = []
    for (const step of steps) {
      if (isWatch(step)) {
        watches.push(this.send(step))
        continue
      }
      replayed.push(...(await Promise.all(watches)))
      watches = []
      replayed.push(await this.send(step))
    }
    return [...replayed, ...(await Promise.all(watches))]
  }

  private async send(recorded: RecordedStep): Promise<ReplayedStep> {
    const { method, path, headers, body } = recorded.request
    const sent = body === undefined ? {} : { body: bodyText(body) }
    const response = await fetch(this.url + this.translated(path), { method, headers: { ...headers }, ...sent })
    const answer = parsed(recorded, await response.text())
    this.learn(recorded.response.body, answer)
    return { recorded, status: response.status, contentType: response.headers.get('content-type') ?? '', body: answer }
  }

  private translated(path: string): string {
    return path.replace(/(resourceVersion|continue)=([^&]+)/g, (whole, name: string, value: string) => {
      const ours = this.known.get(`${name} ${value}`)
      return ours === undefined ? whole : `${name}=${ours}`
    })
  }

  private learn(theirs: unknown, ours: unknown): void {
    const [a, b] = [metadataOf(theirs), metadataOf(ours)]
    for (const field of ['resourceVersion', 'continue']) {
      if (a?.[field] !== undefined && b?.[field] !== undefined) this.known.set(`${field} ${a[field]}`, b[field])
    }
  }
}

function isWatch({ request: { method, path } }: RecordedStep): boolean {
  return method === 'GET' && (/[?&]watch=/.test(path) || path.startsWith('/api/v1/watch/'))
}

function bodyText(body: unknown): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return text.replace(/<x\*(\d+)>/g, (_, count: string) => 'x'.repeat(Number(count)))
}

function parsed(recorded: RecordedStep, text: string): unknown {
  if (isWatch(recorded) && recorded.response.status === 200) {
    const lines = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as unknown)
    return Array.isArray(recorded.response.body) ? lines : lines[0]
  }
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function metadataOf(body: unknown): Record<string, string> | undefined {
  return (body as { metadata?: Record<string, string> } | undefined)?.metadata
}

const MASKED: ReadonlySet<string> = new Set([
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
  'lastTransitionTime',
  'continue',
  'time',
])
const LEFT_OUT: ReadonlySet<string> = new Set(['managedFields', 'description', 'selfLink'])

/** What can be compared: ids, revisions and times are replaced by a mark, managed fields left out. */
export function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked)
  if (typeof value === 'string') return maskedText(value)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([key]) => !LEFT_OUT.has(key))
  return Object.fromEntries(
    entries.map(([key, inner]) => [key, MASKED.has(key) && typeof inner === 'string' ? '(masked)' : masked(inner)]),
  )
}

function maskedText(text: string): string {
  return text
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '(uid)')
    .replace(/\bgen-[a-z0-9]{5}\b/g, 'gen-(generated)')
    .replace(/current: \d+/, 'current: (revision)')
    .replace(/^\d+(s|m|m\d+s)$/, '(age)')
}
