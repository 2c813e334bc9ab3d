import type { AddressInfo } from 'node:net'
import { ApiClient } from '@skiff/client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { ProgrammedEndpoints } from '../proxy/programmed-endpoints.ts'
import { keepHeartbeats } from './heartbeat-stream.ts'

/** Longer than a master may be silent. */
const STANDSTILL_MS = 6_000

const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

let master: WebSocketServer
let stop: AbortController
let ended: Promise<void>
let endpoints: ProgrammedEndpoints
let connections: string[]

async function start(options: { readonly autoPong: boolean }): Promise<void> {
  master = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options })
  await new Promise((resolve) => master.once('listening', resolve))
  const { port } = master.address() as AddressInfo
  const client = new ApiClient({ server: `http://127.0.0.1:${port}`, userAgent: 'test' })
  const endpointsRevision = () => endpoints.revision
  const onRevision = (listener: () => void) => endpoints.onChange(listener)
  ended = keepHeartbeats({
    client,
    node: 'n',
    endpointsRevision,
    onRevision,
    onConnected: ({ silence }) => connections.push(silence ? 'after silence' : 'again'),
    random: () => 0,
    logger: SILENT,
    signal: stop.signal,
  })
}

beforeEach(() => {
  stop = new AbortController()
  endpoints = new ProgrammedEndpoints()
  connections = []
})

afterEach(async () => {
  stop.abort()
  await ended
  for (const socket of master.clients) socket.terminate()
  master.close()
})

const nextStream = () => new Promise<WebSocket>((resolve) => master.once('connection', resolve))
const nextMessage = (socket: WebSocket) =>
  new Promise<string>((resolve) => socket.once('message', (data) => resolve(String(data))))

test('a new revision is told at once, between two heartbeats', async () => {
  await start({ autoPong: true })
  const socket = await nextStream()
  expect(await nextMessage(socket)).toBe('{"type":"heartbeat","endpointsRevision":null}')
  endpoints.set(42)
  expect(await nextMessage(socket)).toBe('{"type":"heartbeat","endpointsRevision":42}')
})

test('a stream that the master has closed is dialled again', async () => {
  await start({ autoPong: true })
  const again = nextStream().then((first) => {
    first.terminate()
    return nextStream()
  })
  expect(await nextMessage(await again)).toContain('heartbeat')
  expect(connections).toEqual(['again', 'again'])
})

test('a stream on which the master is silent is given up', async () => {
  await start({ autoPong: false })
  const first = await nextStream()
  const closed = new Promise((resolve) => first.once('close', resolve))
  await Promise.all([closed, nextStream().then(nextMessage)])
  expect(connections).toEqual(['again', 'after silence'])
})

test('a standstill of this process is not the master’s silence', async () => {
  await start({ autoPong: true })
  const socket = await nextStream()
  await nextMessage(socket)
  let isClosed = false
  socket.once('close', () => {
    isClosed = true
  })

  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STANDSTILL_MS)

  await nextMessage(socket)
  await nextMessage(socket)
  expect(isClosed).toBe(false)
  expect(connections).toEqual(['again'])
})
