import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Engine, negotiateVersion } from './engine.ts'
import { conflictingContainer, wordsOf } from './engine-errors.ts'
import { followEvents } from './follow-events.ts'

test.for([
  ['1.41', '1.12', '1.41'],
  ['1.9', '1.9', '1.9'],
  ['1.60', '1.44', '1.51'],
  ['1.99', '1.90', '1.90'],
] as const)('an engine of %s down to %s is spoken to in %s', ([newest, oldest, spoken]) => {
  expect(negotiateVersion(newest, oldest)).toBe(spoken)
})

test('the engine’s words are taken from its answer, or out of dockerode’s frame', () => {
  const framed = new Error('(HTTP code 500) server error - lookup no-such-host: no such host ')

  expect(wordsOf(framed)).toBe('lookup no-such-host: no such host')
  expect(wordsOf(Object.assign(framed, { json: { message: 'plain words' } }))).toBe('plain words')
})

test('what to do is added where the engine has no room', () => {
  expect(wordsOf(new Error('write /var/lib/docker/tmp/x: no space left on device'))).toMatch(
    /no space left on device: .*make room there \(docker system prune\)$/,
  )
})

test('the container that has the name is found in the conflict', () => {
  const id = 'ab'.repeat(32)
  const message = `Conflict. The container name "/c1" is already in use by container "${id}". You have to remove (or rename) it.`

  expect(conflictingContainer(Object.assign(new Error(message), { statusCode: 409, json: { message } }))).toBe(id)
  expect(conflictingContainer(Object.assign(new Error(message), { statusCode: 500, json: { message } }))).toBeUndefined()
})

test('however many containers take their time to stop, other calls are answered', async () => {
  await using engine = await slowToStop()
  const stops = Array.from({ length: 40 }, (_, i) =>
    engine.lastingCall('stop', 60_000, (docker) => docker.getContainer(`c${i}`).stop()),
  )
  await engine.stopsAsked(40)

  expect(await engine.call('inspect', 60_000, (docker) => docker.getContainer('other').inspect())).toMatchObject({ Id: 'other' })

  engine.letStop()
  await Promise.all(stops)
})

test('an answer is what the engine said: an object, nothing, its words, or that there was none in time', async () => {
  await using engine = await engineOf(
    http.createServer(({ url = '' }, answer) => {
      if (url.endsWith('/version')) answer.end(JSON.stringify({ ApiVersion: '1.45' }))
      else if (url.includes('/gone/')) answer.writeHead(404).end(JSON.stringify({ message: 'No such container: gone' }))
      else if (url.includes('/broken/')) answer.writeHead(500).end('a proxy has no words')
      else if (url.includes('/cut/')) answer.writeHead(200, { 'content-length': 100 }).write('{', () => answer.destroy())
      else if (url.endsWith('/start')) answer.writeHead(204).end()
      else if (url.includes('/here/')) answer.end(JSON.stringify({ Id: 'here' }))
    }),
  )
  const inspect = (id: string, ms = 60_000) =>
    engine.call('inspect', ms, (docker, abortSignal) => docker.getContainer(id).inspect({ abortSignal }))
  expect(await inspect('here')).toEqual({ Id: 'here' })
  await engine.call('start', 60_000, (docker) => docker.getContainer('here').start())
  await expect(inspect('gone')).rejects.toMatchObject({ statusCode: 404, json: { message: 'No such container: gone' } })
  await expect(inspect('broken').catch(wordsOf)).resolves.toContain('a proxy has no words')
  await expect(inspect('cut')).rejects.toThrow("the Docker Engine can't be reached")
  await expect(inspect('silent', 50)).rejects.toThrow('the Docker Engine has not answered within 0.05 s (inspect)')
})

test('an engine that was replaced by a newer one is spoken to in its version, though it was never away', async () => {
  await using engine = await upgradable()
  const abort = new AbortController()
  let opened = 0
  const following = followEvents(engine, { filters: {}, onOpen: () => opened++, onEvent: () => undefined }, abort.signal)
  await expect.poll(() => opened).toBe(1)
  const look = () => engine.call('inspect', 60_000, (docker) => docker.getContainer('c').inspect())
  expect(await look()).toMatchObject({ Path: '/v1.41/containers/c/json' })
  const { incarnation } = engine

  engine.upgrade()

  await expect.poll(() => opened).toBe(2)
  expect(await look()).toMatchObject({ Path: '/v1.51/containers/c/json' })
  expect(engine.incarnation).not.toBe(incarnation)
  abort.abort()
  await following
})

/** An engine that is replaced by one that doesn't understand what the former one spoke; its socket stays, as one of systemd's does. */
async function upgradable() {
  const streams: http.ServerResponse[] = []
  let isNew = false
  const server = http.createServer(({ url = '' }, answer) => {
    const json = (status: number, body: object) =>
      answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (url.endsWith('/_ping')) answer.end('OK')
    else if (url.endsWith('/version')) json(200, isNew ? { ApiVersion: '1.52', MinAPIVersion: '1.44' } : { ApiVersion: '1.41' })
    else if (isNew && url.startsWith('/v1.41/')) json(400, { message: 'client version 1.41 is too old' })
    else if (url.includes('/events')) {
      answer.writeHead(200).flushHeaders()
      streams.push(answer)
    } else json(200, { Path: url })
  })
  return Object.assign(await engineOf(server), {
    upgrade: () => {
      isNew = true
      for (const stream of streams.splice(0)) stream.end()
    },
  })
}

/** An engine whose containers stop when they are let. */
async function slowToStop() {
  const asked: http.ServerResponse[] = []
  const waiting = Promise.withResolvers<void>()
  let expected = Number.POSITIVE_INFINITY
  const check = () => asked.length >= expected && waiting.resolve()
  const server = http.createServer(({ url = '' }, answer) => {
    const json = (body: object) => answer.setHeader('content-type', 'application/json').end(JSON.stringify(body))
    if (url.endsWith('/version')) json({ Version: '26.1', ApiVersion: '1.45', MinAPIVersion: '1.24' })
    else if (!url.includes('/stop')) json({ Id: 'other' })
    else {
      asked.push(answer)
      check()
    }
  })
  return Object.assign(await engineOf(server), {
    stopsAsked: async (count: number) => {
      expected = count
      check()
      await waiting.promise
    },
    letStop: () => {
      for (const answer of asked) answer.writeHead(204).end()
    },
  })
}

/** The way to the engine that this server plays. */
async function engineOf(server: http.Server) {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-engine-'))
  const socket = join(folder, 'docker.sock')
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  return Object.assign(new Engine(`unix://${socket}`), {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  })
}
