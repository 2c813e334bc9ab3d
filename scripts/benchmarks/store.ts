/**
 * What the embedded store can do, next to what the disk can do in the same run.
 * Alone: scripts/with-node node scripts/benchmarks/store.ts (after a build). Prints one JSON line per figure.
 */

import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSqliteStore, type Store } from '@skiff/store'

export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** To the yardstick of the same run: appends of the same size, each synced by itself. */
  readonly ratio?: number
  readonly details?: Readonly<Record<string, number>>
}

const VALUE = Buffer.alloc(1_000, 'x')
const PREFIX = '/registry/core/configmaps/default/'
const CREATES = 30_000
const APPENDS = 1_000
const UPDATES = 10_000
const WATCHERS = 1_000

/** Figures one after the other, in a directory that is removed afterwards. */
export async function* measureStore(parent = tmpdir()): AsyncGenerator<Figure, void, void> {
  const directory = mkdtempSync(join(parent, 'skiff-bench-'))
  try {
    const appends = syncedAppendsPerSecond(join(directory, 'appends'))
    yield { name: 'disk: synced appends of 1 kB', value: round(appends), unit: '1/s' }
    const path = join(directory, 'skiff.db')
    const store = await createSqliteStore({ path })
    yield* measureWrites(store, appends)
    yield* measureReads(store)
    yield await measureWatchers(store)
    await store.close()
    yield await measureOpening(path)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function syncedAppendsPerSecond(path: string): number {
  const file = openSync(path, 'w')
  const startedMs = performance.now()
  for (let n = 0; n < APPENDS; n += 1) {
    writeSync(file, VALUE)
    fdatasyncSync(file)
  }
  closeSync(file)
  return perSecond(APPENDS, startedMs)
}

async function* measureWrites(store: Store, appends: number): AsyncGenerator<Figure, void, void> {
  for (const inFlight of [64, 1]) {
    const count = inFlight === 1 ? CREATES / 10 : CREATES
    const create = (n: number) => store.create(`${PREFIX}c${inFlight}-${n}`, () => Buffer.from(VALUE))
    const { rate, p50Ms, p99Ms } = await loadWith(inFlight, count, create)
    const name = `store: creates of 1 kB, ${inFlight} in flight`
    yield { name, value: round(rate), unit: '1/s', ratio: round(rate / appends), details: { p50Ms, p99Ms } }
  }
  await store.create(`${PREFIX}hot`, () => Buffer.from(VALUE))
  const update = () => store.update(`${PREFIX}hot`, store.latest(`${PREFIX}hot`)?.modRevision ?? 0, () => Buffer.from(VALUE))
  const { rate, p50Ms, p99Ms } = await loadWith(64, UPDATES, update)
  yield {
    name: 'store: updates of one key, 64 in flight',
    value: round(rate),
    unit: '1/s',
    ratio: round(rate / appends),
    details: { p50Ms, p99Ms },
  }
}

function* measureReads(store: Store): Generator<Figure, void, void> {
  const lists = durations(50, () => store.list(PREFIX))
  yield {
    name: `store: list of ${store.list(PREFIX).entries.length}`,
    value: lists.p50Ms,
    unit: 'ms',
    details: { p99Ms: lists.p99Ms },
  }
  const pages = durations(200, () => store.list(PREFIX, { limit: 500, after: `${PREFIX}c64-2` }))
  yield { name: 'store: page of 500', value: pages.p50Ms, unit: 'ms', details: { p99Ms: pages.p99Ms } }
}

/** Each watches one key of its own, as agents watch the ConfigMaps of their pods. */
async function measureWatchers(store: Store): Promise<Figure> {
  const stop = new AbortController()
  let delivered = 0
  for (let n = 0; n < WATCHERS; n += 1) {
    const onEvents = (events: readonly unknown[]) => {
      delivered += events.length
    }
    store.watch({ prefix: `${PREFIX}c64-${n}`, afterRevision: store.revision(), signal: stop.signal, onEvents })
  }
  const { rate } = await loadWith(64, UPDATES, (n) => store.create(`${PREFIX}watched-${n}`, () => Buffer.from(VALUE)))
  stop.abort()
  return {
    name: `store: creates beside ${WATCHERS} watchers of other keys`,
    value: round(rate),
    unit: '1/s',
    details: { delivered },
  }
}

async function measureOpening(path: string): Promise<Figure> {
  const startedMs = performance.now()
  const store = await createSqliteStore({ path })
  const value = round(performance.now() - startedMs)
  const entries = store.list('').entries.length
  await store.close()
  return { name: 'store: opening', value, unit: 'ms', details: { entries } }
}

async function loadWith(inFlight: number, count: number, once: (n: number) => Promise<unknown>) {
  const latencies: number[] = []
  let next = 0
  const startedMs = performance.now()
  const work = async () => {
    while (next < count) {
      const n = next++
      const begunMs = performance.now()
      await once(n)
      latencies.push(performance.now() - begunMs)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, work))
  return { rate: perSecond(count, startedMs), ...percentiles(latencies) }
}

function durations(count: number, once: () => unknown) {
  const all = Array.from({ length: count }, () => {
    const startedMs = performance.now()
    once()
    return performance.now() - startedMs
  })
  return percentiles(all)
}

function percentiles(values: number[]): { readonly p50Ms: number; readonly p99Ms: number } {
  values.sort((a, b) => a - b)
  const at = (share: number) => round(values[Math.floor(values.length * share)] ?? 0)
  return { p50Ms: at(0.5), p99Ms: at(0.99) }
}

function perSecond(count: number, startedMs: number): number {
  return (count / (performance.now() - startedMs)) * 1_000
}

function round(value: number): number {
  return Number(value.toPrecision(3))
}

if (import.meta.main) for await (const figure of measureStore()) console.log(JSON.stringify(figure))
