/** What goes onto the wire for a request that isn't a stream. */

import { createHash } from 'node:crypto'
import type { ListBody } from './list-body.ts'

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: Buffer | ListBody
  /** The body is compressed already. */
  readonly gzipped?: boolean
}

/** What doesn't come out of the store. */
export interface WholeAnswer extends HttpAnswer {
  readonly body: Buffer
}

export function textAnswer(status: number, text: string, headers: HttpAnswer['headers'] = {}): WholeAnswer {
  const plain = {
    'content-type': 'text/plain; charset=utf-8',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-cache, private',
  }
  return { status, headers: { ...plain, ...headers }, body: Buffer.from(text) }
}

export function jsonAnswer(status: number, value: object, headers: HttpAnswer['headers'] = {}): WholeAnswer {
  const json = { 'content-type': 'application/json', 'cache-control': 'no-cache, private' }
  return { status, headers: { ...json, ...headers }, body: Buffer.from(JSON.stringify(value)) }
}

export function etagOf(body: Buffer): string {
  return `"${createHash('sha256').update(body).digest('hex').slice(0, 32).toUpperCase()}"`
}

/** 304 when the client has these very bytes already. */
export function withEtag(answer: WholeAnswer, ifNoneMatch: string | undefined): HttpAnswer {
  const etag = etagOf(answer.body)
  const headers = { ...answer.headers, etag }
  if (ifNoneMatch?.includes(etag)) return { status: 304, headers, body: Buffer.alloc(0) }
  return { ...answer, headers }
}
