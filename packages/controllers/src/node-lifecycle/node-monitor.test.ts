import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { HeartbeatSource } from './heartbeats.ts'
import { NodeMonitor } from './node-monitor.ts'

/** Time stands still but for `pass`; heartbeats are real objects that tests beat. */
class Beats implements HeartbeatSource {
  readonly #beats = new Map<string, { lastHeartbeatMs: number }>()
  readonly #listeners = new Set<(change: { node: string }) => void>()
  get(node: string) {
    return this.#beats.get(node)
  }
  onChange(listener: (change: { node: string }) => void) {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  beat(...nodes: string[]) {
    for (const node of nodes) {
      this.#beats.set(node, { lastHeartbeatMs: performance.now() })
      for (const listener of this.#listeners) listener({ node })
    }
    vi.advanceTimersByTime(0)
  }
}

let beats: Beats
let monitor: NodeMonitor
let told: string[]

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'] })
  beats = new Beats()
  told = []
  monitor = new NodeMonitor({ heartbeats: beats, monotonicNow: () => performance.now(), onVerdict: (node) => told.push(node) })
})
afterEach(() => {
  monitor.close()
  vi.useRealTimers()
})

function pass(seconds: number, ...beating: string[]) {
  for (let i = 0; i < seconds; i += 1) {
    beats.beat(...beating)
    vi.advanceTimersByTime(1000)
  }
}
const stateOf = (node: string) => monitor.verdict(node)?.state

test('notices a node that falls silent within 4 s of its last heartbeat, and its return at once', () => {
  for (const node of ['a', 'b', 'c']) monitor.follow(node)
  pass(3, 'a', 'b', 'c')
  pass(1, 'a', 'b', 'c') // the last beat of c is now 1 s old
  pass(2, 'a', 'b')
  expect(stateOf('c')).not.toBe('gone')
  told = []
  vi.advanceTimersByTime(1050)
  beats.beat('a', 'b')
  expect(monitor.verdict('c')).toEqual({ state: 'gone', evict: true, silencePods: true })
  expect(told).toContain('c')
  beats.beat('c')
  expect(stateOf('c')).toBe('alive')
})

test('says nothing of a node that it never heard, until its lease is overdue', () => {
  monitor.follow('a', '10:00:00')
  vi.advanceTimersByTime(39_000)
  expect(monitor.verdict('a')).toBeUndefined()
  vi.advanceTimersByTime(1_100)
  expect(stateOf('a')).toBe('gone')
})

test('believes a lease that is renewed, whatever time it says', () => {
  monitor.follow('a', '2026-01-01T10:00:00Z')
  for (let i = 0; i < 10; i += 1) {
    vi.advanceTimersByTime(10_000)
    monitor.follow('a', `1999-01-01T00:00:0${i}Z`)
  }
  expect(stateOf('a')).toBe('alive')
  vi.advanceTimersByTime(40_100)
  expect(stateOf('a')).toBe('gone')
})

describe('when the process itself stood still', () => {
  test('nobody is gone for it', () => {
    for (const node of ['a', 'b', 'c']) monitor.follow(node)
    pass(3, 'a', 'b', 'c')
    standStill(30_000)
    vi.advanceTimersByTime(10)
    expect(['a', 'b', 'c'].map(stateOf)).not.toContain('gone')
    pass(5, 'a', 'b')
    expect(stateOf('a')).toBe('alive')
    expect(stateOf('c')).toBe('gone')
  })

  test('a node that was gone before stays gone', () => {
    for (const node of ['a', 'b', 'c']) monitor.follow(node)
    pass(2, 'a', 'b', 'c')
    pass(6, 'a', 'b')
    expect(stateOf('c')).toBe('gone')
    standStill(30_000)
    vi.advanceTimersByTime(10)
    expect(stateOf('c')).toBe('gone')
  })
})

test('of nodes that vanished at once, those that return late are given time before their pods are replaced', () => {
  for (const node of ['a', 'b', 'c']) monitor.follow(node)
  pass(3, 'a', 'b', 'c')
  pass(60, 'a')
  expect(monitor.verdict('c')).toMatchObject({ state: 'gone', evict: false })
  pass(18, 'a', 'b')
  expect(stateOf('b')).toBe('alive')
  expect(monitor.verdict('c')).toMatchObject({ state: 'gone', evict: false })
  told = []
  pass(4, 'a', 'b')
  expect(monitor.verdict('c')).toMatchObject({ state: 'gone', evict: true })
  expect(told).toContain('c')
})

test('forgets a deleted node', () => {
  monitor.follow('a')
  pass(2, 'a')
  monitor.forget('a')
  vi.advanceTimersByTime(0)
  expect(monitor.verdict('a')).toBeUndefined()
})

/** The monotonic clock goes on while no timer and no socket is served. */
function standStill(ms: number) {
  const realNow = performance.now.bind(performance)
  vi.spyOn(performance, 'now').mockImplementation(() => realNow() + ms)
  vi.advanceTimersByTime(4000)
}
