/** How an answer gets to a client that can't take all of it at once. */

import type { ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import type { HttpAnswer } from './http-answer.ts'
import { CHUNK_BYTES, ListBody } from './list-body.ts'

const GZIP_FROM_BYTES = 128 * 1024
/** What fits into one TLS record goes out together with its headers: Node joins strings, but not bytes, to them. */
const ONE_RECORD_BYTES = 15 * 1024

const compress = promisify(gzip)
const decompress = promisify(gunzip)

/** The answer in an encoding that the client takes. */
export function encodedFor(acceptEncoding: unknown, answer: HttpAnswer): HttpAnswer | Promise<HttpAnswer> {
  return !answer.gzipped && answer.body.length <= GZIP_FROM_BYTES ? answer : largeEncodedFor(acceptEncoding, answer)
}

async function largeEncodedFor(acceptEncoding: unknown, answer: HttpAnswer): Promise<HttpAnswer> {
  const takesGzip = typeof acceptEncoding === 'string' && /\bgzip\b/.test(acceptEncoding)
  if (!takesGzip) return answer.gzipped ? { ...answer, body: await decompress(wholeOf(answer.body)) } : answer
  const headers = { ...answer.headers, 'content-encoding': 'gzip', vary: 'Accept-Encoding' }
  return { ...answer, headers, body: answer.gzipped ? answer.body : await compress(wholeOf(answer.body), { level: 1 }) }
}

export function wholeOf(body: HttpAnswer['body']): Buffer {
  return body instanceof ListBody ? body.whole() : body
}

/** Resolves when the client has all of a large list, or has gone; undefined for other answers: they are on their way. */
export type SendAnswer = (response: ServerResponse, answer: HttpAnswer) => Promise<void> | undefined

/**
 * Answers leave at the end of the event loop's turn, one right after the other: on a busy server that halves what a request costs,
 * for the kernel's and OpenSSL's code stays at hand, and clients are woken once.
 */
export function answerSender(): SendAnswer {
  let ready: { readonly response: ServerResponse; readonly body: Buffer }[] = []
  const sendReady = () => {
    const now = ready
    ready = []
    for (const { response, body } of now) end(response, body)
  }
  return (response, { status, headers, body }) => {
    const sent: Record<string, string | string[] | number> = { ...(headers as Record<string, string | string[]>) }
    // The length of a 304 would be that of what is not sent.
    if (status !== 304) sent['content-length'] = body.length
    response.writeHead(status, sent)
    if (body instanceof ListBody && body.length > CHUNK_BYTES) return sendInChunks(response, body)
    if (ready.push({ response, body: wholeOf(body) }) === 1) setImmediate(sendReady)
    return undefined
  }
}

function end(response: ServerResponse, body: Buffer): void {
  if (body.length > ONE_RECORD_BYTES) response.end(body)
  else response.end(body.toString('latin1'), 'latin1')
}

async function sendInChunks(response: ServerResponse, body: ListBody): Promise<void> {
  const gone = new Promise<void>((resolve) => response.once('close', resolve))
  for (const chunk of body.chunks()) {
    if (response.destroyed) return
    const taken = new Promise<void>((resolve) => response.write(chunk, () => resolve()))
    await Promise.race([taken, gone])
  }
  response.end()
}
