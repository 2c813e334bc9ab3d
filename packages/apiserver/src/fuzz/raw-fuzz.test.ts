import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { startTestApiServer } from '../testing.ts'
import { samples } from './corpus.ts'
import { garbled } from './mutate.ts'
import { Random } from './random.ts'
import { type FuzzRequest, nextRequest } from './requests.ts'

const REQUESTS = 2_000
const AT_A_TIME = 20

test(`${REQUESTS} garbled requests by socket: each is answered or cut off, and the server lives`, async () => {
  await using api = await startTestApiServer({ namespaces: ['default', 'fuzz'], requestTimeoutMs: 1_000 })
  const { port } = new URL(api.url)
  const random = new Random(2)
  const corpus = samples()
  let answered = 0
  const client = async () => {
    for (let n = 0; n < REQUESTS / AT_A_TIME; n += 1) {
      const bytes = wireBytes(nextRequest(corpus, random))
      const answer = await exchange(Number(port), random.chance(0.7) ? garbled(bytes.toString('latin1'), random) : bytes)
      if (/^HTTP\/1\.1 \d{3} /.test(answer)) answered += 1
      expect(answer, bytes.toString()).not.toContain('Internal error occurred: see the log')
    }
  }

  await Promise.all(Array.from({ length: AT_A_TIME }, client))

  expect(answered).toBeGreaterThan(REQUESTS / 2)
  expect((await fetch(`${api.url}/livez`)).status).toBe(200)
}, 300_000)

function wireBytes({ method, path, headers, body = Buffer.alloc(0) }: FuzzRequest): Buffer {
  const lines = Object.entries({ host: 'x', connection: 'close', ...headers, 'content-length': String(body.length) })
  const head = [`${method} ${path} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`)]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
}

/** What came back; a request whose end got lost is ended here, so that nobody waits for the rest. */
function exchange(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.end(bytes))
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      if (answer.length < 10_000) answer += text
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(answer))
  })
}
