import { once } from 'node:events'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { startTestApiServer } from '../testing.ts'

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'

test('refuses Content-Length together with Transfer-Encoding, and stays alive', async () => {
  await using api = await startTestApiServer()

  const answer = await sendRaw(
    api.url,
    `POST ${CONFIG_MAPS} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  )

  expect(answer).toMatch(/^HTTP\/1\.1 400 /)
  expect((await fetch(`${api.url}/healthz`)).status).toBe(200)
})

test('refuses a body of more than 3 MiB', async () => {
  await using api = await startTestApiServer()

  const response = await post(api.url, JSON.stringify({ metadata: { name: 'big' }, data: { a: 'x'.repeat(3 * 1024 * 1024) } }))

  expect(response.status).toBe(413)
  expect(await response.json()).toMatchObject({ kind: 'Status', reason: 'RequestEntityTooLarge', code: 413 })
})

test('refuses an object that is too large to store', async () => {
  await using api = await startTestApiServer()
  const annotations = Object.fromEntries(Array.from({ length: 4 }, (_, index) => [`a${index}`, 'x'.repeat(40_000)]))
  const spec = { containers: [{ name: 'c', image: 'i', args: ['y'.repeat(1_700_000)] }] }

  const response = await fetch(`${api.url}/api/v1/namespaces/default/pods`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ metadata: { name: 'big', annotations }, spec }),
  })

  expect(response.status).toBe(413)
})

test('refuses encoded bodies', async () => {
  await using api = await startTestApiServer()

  const response = await fetch(api.url + CONFIG_MAPS, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    body: new Uint8Array(gzipSync('{}')),
  })

  expect(response.status).toBe(415)
})

test.each([
  ['a JSON bomb of depth', `${'['.repeat(200_000)}${']'.repeat(200_000)}`, 'application/json'],
  ['a deep object', `{"metadata":{"name":"a"},"data":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`, 'application/json'],
  ['a YAML alias bomb', aliasBomb(), 'application/yaml'],
  ['YAML with a duplicate key', 'metadata: {name: a}\ndata: {}\ndata: {}\n', 'application/yaml'],
  ['deep YAML', `${'['.repeat(50_000)}`, 'application/yaml'],
  ['__proto__', '{"metadata":{"name":"a"},"data":{"__proto__":"x"}}', 'application/json'],
  ['escaped __proto__', '{"metadata":{"name":"a","labels":{"\\u005f_proto__":"x"}}}', 'application/json'],
])('refuses %s and stores nothing', async (_name, body, type) => {
  await using api = await startTestApiServer()

  const response = await post(api.url, body, type)

  expect(response.status).toBeGreaterThanOrEqual(400)
  expect(response.status).toBeLessThan(500)
  expect((await (await fetch(api.url + CONFIG_MAPS)).json()) as object).toMatchObject({ items: [] })
  expect(({} as Record<string, unknown>).x).toBeUndefined()
})

test('answers an offer of HTTP/2 over plain text as if it had not been made', async () => {
  await using api = await startTestApiServer()

  const answer = await sendRaw(
    api.url,
    'GET /version HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n',
  )

  expect(answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*"gitVersion"/)
})

test('refuses to upgrade what is no stream, over plain HTTP', async () => {
  await using api = await startTestApiServer()

  const answer = await sendRaw(
    api.url,
    `GET ${CONFIG_MAPS} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  )

  expect(answer).toMatch(/^HTTP\/1\.1 4\d\d [\s\S]*"kind":"Status"/)
})

test('refuses bytes that are not UTF-8', async () => {
  await using api = await startTestApiServer()

  const response = await post(api.url, Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))

  expect(response.status).toBe(400)
})

function post(url: string, body: string | Buffer, type = 'application/json'): Promise<Response> {
  const bytes = typeof body === 'string' ? body : new Uint8Array(body)
  return fetch(url + CONFIG_MAPS, { method: 'POST', headers: { 'content-type': type }, body: bytes })
}

async function sendRaw(url: string, text: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write(text)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(socket, 'close')
  return Buffer.concat(chunks).toString()
}

function aliasBomb(): string {
  const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x]']
  for (let level = 1; level < 9; level += 1)
    lines.push(
      `a${level}: &a${level} [${Array(9)
        .fill(`*a${level - 1}`)
        .join(',')}]`,
    )
  return `${lines.join('\n')}\n`
}
