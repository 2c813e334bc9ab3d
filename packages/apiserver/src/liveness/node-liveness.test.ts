import { once } from 'node:events'
import { expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { NodeLiveness, type PulseChange } from './node-liveness.ts'
import { serveNodeStream } from './node-stream.ts'

function livenessAt() {
  const time = { ms: 1000 }
  return { time, liveness: new NodeLiveness(() => time.ms) }
}

test('remembers the last heartbeat and revision of each node', () => {
  const { time, liveness } = livenessAt()

  liveness.beat('a', 7)
  time.ms = 2000
  liveness.beat('a', 9)

  expect(liveness.get('a')).toEqual({ lastHeartbeatMs: 2000, endpointsRevision: 9, connected: true })
  expect(liveness.get('b')).toBeUndefined()
})

test('waits for the live proxies only', () => {
  const { time, liveness } = livenessAt()
  liveness.beat('silent', 1)
  time.ms += 6000
  liveness.beat('gone', 1)
  liveness.beat('without-proxy', undefined)
  liveness.beat('behind', 4)
  liveness.beat('there', 5)
  liveness.disconnected('gone')

  expect(liveness.waitingFor(5)).toEqual(['behind'])
})

test('an acknowledgement resolves with the last proxy, or with whoever is missing at its time-out', async () => {
  const { liveness } = livenessAt()
  liveness.beat('a', 4)
  const acknowledged = liveness.acknowledged(5, 10_000)
  const tooSlow = liveness.acknowledged(6, 1)

  liveness.beat('a', 5)

  expect(await acknowledged).toEqual([])
  expect(await tooSlow).toEqual(['a'])
})

test('a proxy that has stood still since it was first asked is waited for once, until it gets on again', async () => {
  const { time, liveness } = livenessAt()
  const beatUntil = (ms: number, revision: number) => {
    for (; time.ms < ms; time.ms += 1000) liveness.beat('hung', revision)
  }
  liveness.beat('hung', 4)
  const first = liveness.acknowledged(5, 10_000)
  beatUntil(5000, 4)
  expect(liveness.waitingFor(5)).toEqual(['hung'])
  beatUntil(8000, 4)

  expect(await first).toEqual([])
  expect(await liveness.acknowledged(6, 10_000)).toEqual([])
  liveness.beat('hung', 6)
  expect(liveness.waitingFor(7)).toEqual(['hung'])
})

test('a proxy that gets on, however slowly, is waited for', async () => {
  const { time, liveness } = livenessAt()
  liveness.beat('slow', 1)
  const tooSlow = liveness.acknowledged(9, 1)
  for (let revision = 2; revision < 9; revision++) {
    time.ms += 3000
    liveness.beat('slow', revision)
    expect(liveness.waitingFor(9)).toEqual(['slow'])
  }
  expect(await tooSlow).toEqual(['slow'])
})

test('tells of the first beat and of the end of a stream', () => {
  const { liveness } = livenessAt()
  const changes: PulseChange[] = []
  liveness.onChange((change) => changes.push(change))

  liveness.beat('a', undefined)
  liveness.beat('a', 1)
  liveness.disconnected('a')
  liveness.disconnected('a')

  expect(changes.map(({ type }) => type)).toEqual(['connected', 'beat', 'disconnected'])
})

test('a stream feeds it, and ends with whatever is no heartbeat', async () => {
  const { liveness } = livenessAt()
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', (socket) => serveNodeStream({ socket, node: 'a', liveness }))
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const socket = new WebSocket(`ws://127.0.0.1:${port}`)
  await once(socket, 'open')
  const beaten = new Promise<void>((resolve) => liveness.onChange(({ type }) => type === 'beat' && resolve()))

  socket.send('{"type":"heartbeat","endpointsRevision":null}')
  socket.send('{"type":"heartbeat","endpointsRevision":12}')
  await beaten
  const before = liveness.get('a')
  const ended = new Promise<void>((resolve) => liveness.onChange(({ type }) => type === 'disconnected' && resolve()))
  socket.send('{"type":"nonsense"}')
  const [code] = await once(socket, 'close')

  expect(before?.endpointsRevision).toBe(12)
  expect(code).toBe(1007)
  await ended
  await new Promise<void>((resolve) => server.close(() => resolve()))
  expect(liveness.get('a')?.connected).toBe(false)
})
