/** What clients do to a server that no library would do: over sockets of their own. */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { CONFIG_MAPS, type ConfigMap } from '@skiff/api'
import { describe, expect, test, vi } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../testing.ts'

const CONFIG_MAPS_PATH = '/api/v1/namespaces/default/configmaps'
const JSON_TYPE = 'Content-Type: application/json'
const MASTER = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }

async function openSocket(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

/** All that comes until the server closes. */
async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
  return Buffer.concat(chunks).toString()
}

async function exchange(url: string, text: string | Buffer): Promise<string> {
  const socket = await openSocket(url)
  socket.write(text)
  return await readAll(socket)
}

function post(body: Buffer | string, more: readonly string[] = []): Buffer {
  const bytes = Buffer.from(body)
  const head = [
    `POST ${CONFIG_MAPS_PATH} HTTP/1.1`,
    'Host: x',
    JSON_TYPE,
    `Content-Length: ${bytes.length}`,
    'Connection: close',
    ...more,
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), bytes])
}

async function isAlive({ url }: TestApiServer): Promise<boolean> {
  return (await fetch(`${url}/livez`)).ok
}

describe.concurrent('a client that is slow', () => {
  test('with its headers is cut off after 10 s, and keeps nobody else waiting', async () => {
    await using api = await startTestApiServer()
    const began = performance.now()
    const socket = await openSocket(api.url)
    socket.write('GET /version HTTP/1.1\r\n')
    const dripping = setInterval(() => socket.write('X-A: b\r\n'), 500)

    expect(await isAlive(api)).toBe(true)
    const answer = await readAll(socket).finally(() => clearInterval(dripping))

    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(performance.now() - began).toBeGreaterThan(9_000)
    expect(await isAlive(api)).toBe(true)
  })

  test('with its body is cut off when the request has taken too long', async () => {
    await using api = await startTestApiServer({ requestTimeoutMs: 1_000 })
    const socket = await openSocket(api.url)
    socket.write(`POST ${CONFIG_MAPS_PATH} HTTP/1.1\r\nHost: x\r\n${JSON_TYPE}\r\nContent-Length: 1000\r\n\r\n{`)
    const dripping = setInterval(() => socket.write(' '), 200)

    const answer = await readAll(socket).finally(() => clearInterval(dripping))

    expect(answer).toMatch(/^(HTTP\/1\.1 408 |$)/)
    expect(await isAlive(api)).toBe(true)
  })

  test('in reading a watch is cut off alone: the others go on, and its memory is given back', async ({ expect }) => {
    await using api = await startTestApiServer()
    const watch = `GET ${CONFIG_MAPS_PATH}?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n`
    const [stuck, reading] = [await openSocket(api.url), await openSocket(api.url)]
    for (const socket of [stuck, reading]) socket.write(watch)
    await Promise.all([once(stuck, 'data'), once(reading, 'data')])
    stuck.pause()
    const stuckEnds = once(stuck, 'close')
    let received = 0
    reading.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    // Far more than any buffer between us, the server's 8 MiB included.
    const value = 'x'.repeat(500_000)
    await api.client.create(CONFIG_MAPS, { metadata: { name: 'big', namespace: 'default' } })
    for (let n = 0; n < 80; n += 1) {
      const body = { data: { value: value + n } }
      await api.client.patch<ConfigMap>(CONFIG_MAPS, { namespace: 'default', name: 'big' }, { type: 'merge', body })
    }
    stuck.resume()

    await stuckEnds
    await expect.poll(() => received, { timeout: 60_000 }).toBeGreaterThan(80 * value.length)
    expect(reading.destroyed).toBe(false)
    reading.destroy()
  })

  test('in reading what a watch begins with is cut off too, once too much waits behind that', async () => {
    await using api = await startTestApiServer()
    const value = 'x'.repeat(500_000)
    const write = (name: string) =>
      api.client.create(CONFIG_MAPS, { metadata: { name, namespace: 'default' }, data: { value } } as object)
    for (let n = 0; n < 30; n += 1) await write(`before-${n}`)
    const stuck = await openSocket(api.url)
    stuck.write(`GET ${CONFIG_MAPS_PATH}?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n`)
    await once(stuck, 'data')
    stuck.pause()
    for (let n = 0; n < 30; n += 1) await write(`behind-${n}`)
    // Before it reads again: what it says into a closed connection (between requests that means nothing) is refused.
    const refused = Promise.withResolvers<void>()
    stuck.once('error', () => refused.resolve())
    const asking = setInterval(() => stuck.write('\r\n'), 20)
    await refused.promise.finally(() => clearInterval(asking))
  })
})

describe('a request that two servers could read in two ways', () => {
  test.each([
    ['Content-Length and Transfer-Encoding', ['Transfer-Encoding: chunked']],
    ['two lengths', ['Content-Length: 99']],
    ['an encoding that is not chunked', ['Transfer-Encoding: identity, x']],
    ['a folded header', ['X-A: a', ' b: c']],
    ['a header without a name', [': a']],
    ['a NUL in a header', ['X-A: a\u0000b']],
  ])('with %s is refused, and the connection is closed', async (_, headers) => {
    await using api = await startTestApiServer()

    const answer = await exchange(api.url, post('{"metadata":{"name":"a"}}', headers))

    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect((await api.client.list(CONFIG_MAPS)).items).toEqual([])
  })

  test('with a second request smuggled into its body is one request', async () => {
    await using api = await startTestApiServer()
    const smuggled = 'DELETE /api/v1/namespaces/default HTTP/1.1\r\nHost: x\r\n\r\n'

    const answer = await exchange(api.url, post(smuggled))

    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1)
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
  })
})

describe('headers', () => {
  test('of more than 64 KiB are refused', async () => {
    await using api = await startTestApiServer()

    const answer = await exchange(api.url, `GET /version HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(70_000)}\r\n\r\n`)

    expect(answer).toMatch(/^HTTP\/1\.1 431 /)
    expect(await isAlive(api)).toBe(true)
  })

  test('cannot be made to vanish by naming them in Connection', async () => {
    const seen: unknown[] = []
    const authenticator = {
      authenticate: async ({ headers }: { headers: Readonly<Record<string, unknown>> }) => {
        seen.push(headers['impersonate-user'])
        return { name: 'u', groups: [] }
      },
    }
    await using api = await startTestApiServer({ authenticator })

    await exchange(
      api.url,
      'GET /version HTTP/1.1\r\nHost: x\r\nImpersonate-User: eve\r\nConnection: close, Impersonate-User\r\n\r\n',
    )

    expect(seen).toEqual(['eve'])
  })
})

describe('a body', () => {
  test.each<[string, Buffer | string, readonly string[], number]>([
    ['that is a gzip bomb', Buffer.from([0x1f, 0x8b, 8, 0]), ['Content-Encoding: gzip'], 415],
    ['of arrays 1,500,000 deep', '['.repeat(1_500_000), [], 400],
    ['of closed arrays 1,400,000 deep', `${'['.repeat(1_400_000)}${']'.repeat(1_400_000)}`, [], 400],
    [
      'of objects 300,000 deep in a field',
      `{"metadata":{"name":"a"},"data":${'{"a":'.repeat(300_000)}1${'}'.repeat(300_000)}}`,
      [],
      400,
    ],
    ['with a key twice, strictly', '{"metadata":{"name":"a"},"data":{"a":"1","a":"2"}}', [], 400],
    ['that is not UTF-8', Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x7d]), [], 400],
    ['that is UTF-16', Buffer.from('\ufeff{"metadata":{"name":"a"}}', 'utf16le'), [], 400],
    ['that ends early in a number', '{"metadata":{"generation":1e', [], 400],
  ])('%s is refused', async (what, body, headers, status) => {
    await using api = await startTestApiServer()
    const strict = what.includes('strictly')
    const request = post(body, headers).toString('latin1')
    const text = strict ? request.replace(CONFIG_MAPS_PATH, `${CONFIG_MAPS_PATH}?fieldValidation=Strict`) : request

    const answer = await exchange(api.url, Buffer.from(text, 'latin1'))

    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer).toContain('"kind":"Status"')
    expect((await api.client.list(CONFIG_MAPS)).items).toEqual([])
    expect(await isAlive(api)).toBe(true)
  })

  test.each([
    [
      'an integer beyond 2^53',
      '/apis/apps/v1/namespaces/default/deployments',
      '{"metadata":{"name":"a","generation":9007199254740993},"spec":{"revisionHistoryLimit":9007199254740993}}',
    ],
    ['a number that no float holds', '/apis/scheduling.k8s.io/v1/priorityclasses', '{"metadata":{"name":"a"},"value":1e400}'],
    ['an integer that is none', '/apis/scheduling.k8s.io/v1/priorityclasses', '{"metadata":{"name":"a"},"value":1.5}'],
  ])('with %s is refused, not rounded', async (_, path, body) => {
    await using api = await startTestApiServer()

    const response = await fetch(api.url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body })

    expect([400, 422]).toContain(response.status)
    expect(await response.json()).toMatchObject({ kind: 'Status' })
  })

  test('that goes on beyond 3 MiB without a length is cut, not read to its end', async () => {
    await using api = await startTestApiServer()
    const socket = await openSocket(api.url)
    socket.write(`POST ${CONFIG_MAPS_PATH} HTTP/1.1\r\nHost: x\r\n${JSON_TYPE}\r\nTransfer-Encoding: chunked\r\n\r\n`)
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(0x10000, 0x20), Buffer.from('\r\n')])
    let sent = 0
    const send = () => {
      while (!socket.destroyed && sent < 1_000) {
        sent += 1
        if (!socket.write(chunk)) return void socket.once('drain', send)
      }
    }
    send()

    const answer = await readAll(socket)

    // The refusal may be lost on the way to one who goes on sending.
    expect(answer).toMatch(/^(HTTP\/1\.1 413 |$)/)
    expect(sent).toBeLessThan(1_000)
    expect(await isAlive(api)).toBe(true)
  })
})

test('a thousand connections that say nothing keep nobody from being answered', async () => {
  await using api = await startTestApiServer()
  const sockets = await Promise.all(Array.from({ length: 1_000 }, () => openSocket(api.url)))

  expect(await isAlive(api)).toBe(true)
  for (const socket of sockets) socket.destroy()
})

test('a watch is not kept for a client that has gone before it began', async () => {
  const [asked, left, judged] = [0, 1, 2].map(() => Promise.withResolvers<void>()) as [Step, Step, Step]
  await using api = await startTestApiServer({
    authenticator: {
      authenticate: async ({ headers }) => {
        if (headers['x-leaves'] === undefined) return MASTER
        asked.resolve()
        await left.promise
        return MASTER
      },
    },
    authorizer: {
      authorize: (_user, { verb }) => {
        if (verb === 'watch') judged.resolve()
        return { allowed: true, reason: '' }
      },
    },
  })
  const socket = await openSocket(api.url)
  socket.write(`GET ${CONFIG_MAPS_PATH}?watch=1 HTTP/1.1\r\nHost: x\r\nX-Leaves: yes\r\n\r\n`)
  await asked.promise
  socket.destroy()
  // The server has looked at its sockets by then.
  for (let turn = 0; turn < 3; turn += 1) await isAlive(api)
  left.resolve()
  await judged.promise
  await isAlive(api)

  const metrics = async () => await (await fetch(`${api.url}/metrics`)).text()
  await vi.waitFor(async () => expect(await metrics()).not.toMatch(/longrunning_requests\{.*configmaps.*\} [1-9]/), {
    timeout: 30_000,
  })
})

type Step = PromiseWithResolvers<void>

test('patches cannot reach a prototype', async () => {
  await using api = await startTestApiServer()
  await api.client.create(CONFIG_MAPS, { metadata: { name: 'a', namespace: 'default' }, data: { a: 'b' } } as object)
  const patch = (type: string, body: string) =>
    fetch(`${api.url}${CONFIG_MAPS_PATH}/a?fieldManager=m`, { method: 'PATCH', headers: { 'content-type': type }, body })

  const answers = [
    await patch('application/merge-patch+json', '{"__proto__":{"polluted":"x"},"data":{"__proto__":"x"}}'),
    await patch('application/strategic-merge-patch+json', '{"metadata":{"labels":{"__proto__":{"polluted":"x"}}}}'),
    await patch('application/json-patch+json', '[{"op":"add","path":"/__proto__/polluted","value":"x"}]'),
    await patch('application/json-patch+json', '[{"op":"add","path":"/constructor/prototype/polluted","value":"x"}]'),
    await patch('application/apply-patch+yaml', 'apiVersion: v1\nkind: ConfigMap\ndata: {__proto__: {polluted: x}}\n'),
  ]

  for (const { status } of answers) expect([400, 422]).toContain(status)
  expect(Reflect.get({}, 'polluted')).toBeUndefined()
  expect(await api.client.get<ConfigMap>(CONFIG_MAPS, { namespace: 'default', name: 'a' })).toMatchObject({ data: { a: 'b' } })
})
