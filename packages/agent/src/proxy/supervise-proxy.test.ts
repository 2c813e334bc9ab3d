import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ProgrammedEndpoints } from './programmed-endpoints.ts'
import { superviseProxy } from './supervise-proxy.ts'

const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

let stop: AbortController
let endpoints: ProgrammedEndpoints
let reconnect: () => void

beforeEach(() => {
  stop = new AbortController()
  endpoints = new ProgrammedEndpoints()
})

afterEach(() => {
  stop.abort()
  vi.useRealTimers()
})

function supervise(script: string): Promise<void> {
  const command = [process.execPath, '-e', script]
  const onReconnect = (listener: () => void) => {
    reconnect = listener
    return () => undefined
  }
  return superviseProxy({ command, endpoints, onReconnect, random: () => 0, logger: SILENT, signal: stop.signal })
}

const nextRevision = () =>
  new Promise<number | null>((resolve) => {
    const forget = endpoints.onChange(() => {
      forget()
      resolve(endpoints.revision)
    })
  })

const SAY_7 = "process.send({ type: 'programmed', endpointsRevision: '7' })"

test('hears what the proxy has programmed, and stops it with the agent', async () => {
  const ended = supervise(`${SAY_7}; setInterval(() => {}, 1000)`)
  expect(await nextRevision()).toBe(7)
  stop.abort()
  await ended
  expect(endpoints.revision).toBeNull()
})

test('starts a proxy that has ended again, and claims nothing meanwhile', async () => {
  const ended = supervise(`${SAY_7}; process.disconnect()`)
  const revisions = [await nextRevision(), await nextRevision(), await nextRevision()]
  expect(revisions).toEqual([7, null, 7])
  stop.abort()
  await ended
})

test('tells the proxy when its connections to the master are dead', async () => {
  const ended = supervise(
    "process.on('message', ({ type }) => type === 'reconnect' && process.send({ type: 'programmed', endpointsRevision: '8' })); process.send({ type: 'programmed', endpointsRevision: '7' })",
  )
  expect(await nextRevision()).toBe(7)
  reconnect()
  expect(await nextRevision()).toBe(8)
  stop.abort()
  await ended
})

test('ends a proxy that does not answer any more, and starts another', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const ended = supervise(`${SAY_7}; process.on('message', () => {})`)
  expect(await nextRevision()).toBe(7)
  const next = nextRevision()
  vi.advanceTimersByTime(40_000)
  expect(await next).toBeNull()
  expect(await nextRevision()).toBe(7)
  stop.abort()
  await ended
})

test('leaves a proxy alone that answers', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const answer = "process.send({ type: 'programmed', endpointsRevision: String(++revision) })"
  const ended = supervise(`let revision = 7; ${SAY_7}; process.on('message', () => ${answer})`)
  expect(await nextRevision()).toBe(7)
  for (const revision of [8, 9, 10, 11, 12, 13]) {
    const next = nextRevision()
    vi.advanceTimersByTime(10_000)
    expect(await next).toBe(revision)
  }
  stop.abort()
  await ended
})

test('passes over messages that are none of its own', async () => {
  const ended = supervise(
    "process.send('x'); process.send({ type: 'programmed', endpointsRevision: '' }); process.send({ type: 'programmed', endpointsRevision: '9' })",
  )
  expect(await nextRevision()).toBe(9)
  stop.abort()
  await ended
})
