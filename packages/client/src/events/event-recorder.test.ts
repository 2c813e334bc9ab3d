import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Event, forbidden, notFound } from '@skiff/api'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ApiClient } from '../api-client.ts'
import { collectingLog } from '../testing/log.fixture.ts'
import { createEventRecorder, type EventRecorder } from './event-recorder.ts'

const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'shop', uid: 'u1', resourceVersion: '7' } }
const MINUTE_MS = 60_000
const REFUSAL = forbidden('events', '', 'not yours').toStatus()

describe('event recorder', () => {
  let events: Map<string, Event>
  let requests: string[]
  let client: ApiClient
  let recorder: EventRecorder
  let nowMs: number
  let drawn: number
  let refusedReason: string | undefined
  const log = collectingLog()
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString()
    if (request.method === 'PATCH') return count(request.url?.split('/').at(-1) ?? '', body, response)
    const lines = body.split('\n').map((line): Event => JSON.parse(line))
    requests.push(`${request.method} ${request.url} ${lines.length}`)
    const refused = lines.flatMap((event, line) => (event.reason === refusedReason ? [{ line, status: REFUSAL }] : []))
    for (const event of lines) if (event.reason !== refusedReason) events.set(event.metadata.name, event)
    response.end(JSON.stringify({ refused }))
  })
  const count = (name: string, body: string, response: ServerResponse) => {
    requests.push('PATCH')
    const existing = events.get(name)
    if (existing !== undefined) events.set(name, { ...existing, ...JSON.parse(body) })
    else response.statusCode = 404
    response.end(JSON.stringify(events.get(name) ?? notFound('events', name).toStatus()))
  }

  beforeEach(async () => {
    events = new Map()
    requests = []
    nowMs = Date.UTC(2026, 0, 1)
    drawn = 500
    refusedReason = undefined
    if (!server.listening) {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
    }
    client = new ApiClient({ server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, userAgent: 'test' })
    const options = {
      client,
      component: 'skiff-test',
      host: 'node-1',
      clock: () => new Date(nowMs),
      random: () => drawn++ / 1_000,
      logger: log,
    }
    recorder = createEventRecorder(options)
  })
  afterEach(() => {
    client.close()
    server.closeAllConnections()
    server.close()
  })

  it('writes an event about an object, as kubectl describe shows it', async () => {
    recorder.event(pod, 'Warning', 'Failed', 'no such image')
    await recorder.flush()
    expect(requests).toEqual(['POST /skiff/v1/events 1'])
    const [event] = [...events.values()]
    expect(event).toMatchObject({
      involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web', uid: 'u1', resourceVersion: '7' },
      type: 'Warning',
      reason: 'Failed',
      message: 'no such image',
      source: { component: 'skiff-test', host: 'node-1' },
      count: 1,
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
    })
    expect(event?.metadata.name).toMatch(/^web\.[0-9a-f]{16}$/)
  })

  it('waits for more until it is hurried, and writes all of it at once', async () => {
    const options = { client, component: 'skiff-test', clock: () => new Date(nowMs), random: () => 0, patienceMs: 3_600_000 }
    const patient = createEventRecorder(options)
    for (const reason of ['Pulled', 'Created', 'Started']) patient.event(pod, 'Normal', reason, 'the container')
    await patient.flush()
    expect(requests).toEqual(['POST /skiff/v1/events 3'])
  })

  it('writes what the server takes, and begins anew with what it refused', async () => {
    refusedReason = 'Created'
    const say = () => {
      for (const reason of ['Pulled', 'Created', 'Started']) recorder.event(pod, 'Normal', reason, 'the container')
    }
    say()
    await recorder.flush()
    expect([...events.values()].map(({ reason }) => reason)).toEqual(['Pulled', 'Started'])
    expect(log.lines.at(-1)).toMatchObject({ level: 'debug', message: 'event was not written' })
    refusedReason = undefined
    say()
    await recorder.flush()
    expect([...events.values()].map(({ reason, count }) => `${reason} ${count}`)).toEqual(['Pulled 2', 'Started 2', 'Created 1'])
  })

  it('names events of one millisecond in their order, in which lists show them', async () => {
    for (const reason of ['Pulled', 'Created', 'Started']) {
      drawn -= 2
      recorder.event(pod, 'Normal', reason, 'the container')
    }
    await recorder.flush()
    const byName = [...events.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    expect(byName.map(({ reason }) => reason)).toEqual(['Pulled', 'Created', 'Started'])
  })

  it('counts up what was said before', async () => {
    for (let n = 0; n < 3; n += 1) {
      recorder.event(pod, 'Normal', 'Pulled', 'pulled the image')
      await recorder.flush()
      nowMs += MINUTE_MS
    }
    expect(requests).toEqual(['POST /skiff/v1/events 1', 'PATCH', 'PATCH'])
    const [event] = [...events.values()]
    expect(event).toMatchObject({ count: 3, firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:02:00Z' })
  })

  it('counts up what is not written yet', async () => {
    for (let n = 0; n < 3; n += 1) {
      recorder.event(pod, 'Normal', 'Pulled', 'pulled the image')
      nowMs += MINUTE_MS
    }
    await recorder.flush()
    expect(requests).toEqual(['POST /skiff/v1/events 1'])
    expect([...events.values()]).toMatchObject([{ count: 3, lastTimestamp: '2026-01-01T00:02:00Z' }])
  })

  it('begins anew when the event it would count up has been removed', async () => {
    recorder.event(pod, 'Normal', 'Pulled', 'pulled the image')
    await recorder.flush()
    events.clear()
    nowMs += MINUTE_MS
    recorder.event(pod, 'Normal', 'Pulled', 'pulled the image')
    await recorder.flush()
    expect([...events.values()]).toMatchObject([{ count: 1, message: 'pulled the image' }])
  })

  it('makes one event of many similar ones', async () => {
    for (let n = 0; n < 15; n += 1) recorder.event(pod, 'Warning', 'Failed', `attempt ${n}`)
    await recorder.flush()
    const messages = [...events.values()].map((event) => `${event.count} ${event.message}`)
    expect(messages).toHaveLength(10)
    expect(messages.at(-1)).toBe('6 (combined from similar events): attempt 14')
  })

  it('cuts a flood about one object off, not the events about others', async () => {
    for (let n = 0; n < 100; n += 1) recorder.event(pod, 'Warning', 'Flood', 'again')
    recorder.event({ ...pod, metadata: { ...pod.metadata, name: 'other', uid: 'u2' } }, 'Normal', 'Fine', 'fine')
    await recorder.flush()
    const counts = () => [...events.values()].map(({ reason, count }) => `${reason} ${count}`)
    expect(counts()).toEqual(['Flood 25', 'Fine 1'])
    nowMs += 5 * MINUTE_MS
    recorder.event(pod, 'Warning', 'Flood', 'again')
    recorder.event(pod, 'Warning', 'Flood', 'again')
    await recorder.flush()
    expect(counts()).toEqual(['Flood 26', 'Fine 1'])
  })

  it('puts events about nodes into the default namespace', async () => {
    recorder.event({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', uid: 'n' } }, 'Normal', 'Ready', 'ready')
    await recorder.flush()
    expect([...events.values()]).toMatchObject([{ metadata: { namespace: 'default' } }])
  })

  it('keeps what it has to say while the server is away, in its order, and says it once', async () => {
    const { port } = server.address() as AddressInfo
    server.closeAllConnections()
    server.close()
    let draws = 0
    const random = () => ++draws / 1_000
    const options = { client, component: 'skiff-test', clock: () => new Date(nowMs), random, patienceMs: 0, retryMs: 100 }
    const patient = createEventRecorder(options)
    patient.event(pod, 'Normal', 'First', 'while it is away')
    // One is for its name, the next for how long to wait.
    await expect.poll(() => draws).toBeGreaterThan(1)
    server.listen(port, '127.0.0.1')
    patient.event(pod, 'Normal', 'Second', 'while it is away')
    await expect.poll(() => [...events.values()].map(({ reason }) => reason)).toEqual(['First', 'Second'])
  })

  it('never throws when nobody takes the events, and says so at debug level only', async () => {
    server.closeAllConnections()
    server.close()
    recorder.event(pod, 'Normal', 'Lost', 'lost')
    await recorder.flush()
    expect(log.lines.at(-1)).toMatchObject({ level: 'debug', message: 'event was not written' })
  })
})
