import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HistoryLimits } from './state/history.ts'
import {
  CompactedError,
  type Entry,
  KeyExistsError,
  KeyNotFoundError,
  RevisionConflictError,
  type Store,
  type StoreEvent,
  WriteFailedError,
} from './store.ts'

export interface ContractOptions {
  readonly history?: HistoryLimits
  readonly clock?: () => number
}

/** What every store must do. `open` gives an empty one. */
export function storeContract(name: string, open: (options: ContractOptions) => Promise<Store>): void {
  describe(`${name} store`, () => {
    let store: Store
    const watching = new AbortController()
    beforeEach(async () => {
      store = await open({})
    })
    afterEach(async () => {
      await store.close()
    })

    const put = (key: string, text = key) => store.create(key, () => Buffer.from(text))
    const change = async (key: string, text: string) => {
      const current = store.latest(key)
      return await store.update(key, current?.modRevision ?? 0, () => Buffer.from(text))
    }
    const remove = (key: string) => store.delete(key, store.latest(key)?.modRevision ?? 0)

    it('starts at revision 1, because 0 means any to Kubernetes clients', () => {
      expect(store.revision()).toBe(1)
      expect(store.list('')).toEqual({ entries: [], revision: 1, remaining: 0 })
    })

    it('gives every write the next revision and tells the value which one', async () => {
      const created = await store.create('/a', (revision) => Buffer.from(`at ${revision}`))
      const updated = await store.update('/a', created.modRevision, (revision) => Buffer.from(`at ${revision}`))
      const deleted = await store.delete('/a', updated.modRevision)

      expect([created.modRevision, updated.modRevision, deleted.revision]).toEqual([2, 3, 4])
      expect([created, updated].map((entry) => entry.value.toString())).toEqual(['at 2', 'at 3'])
      expect(updated.createRevision).toBe(2)
      expect(deleted.previous).toEqual(updated)
      expect(store.revision()).toBe(4)
      expect(store.get('/a')).toBeUndefined()
    })

    it('starts a new life at a deleted key', async () => {
      await put('/a')
      await remove('/a')
      const again = await put('/a')
      expect([again.createRevision, again.modRevision]).toEqual([4, 4])
    })

    it('refuses to create what exists, and to write what is gone or has changed', async () => {
      const first = await put('/a')
      const second = await change('/a', 'changed')

      await expect(put('/a')).rejects.toThrow(KeyExistsError)
      await expect(store.update('/a', first.modRevision, () => Buffer.from('x'))).rejects.toMatchObject({
        name: 'RevisionConflictError',
        current: second,
      })
      await expect(store.delete('/a', first.modRevision)).rejects.toThrow(RevisionConflictError)
      await expect(store.update('/b', 1, () => Buffer.from('x'))).rejects.toThrow(KeyNotFoundError)
      await expect(store.delete('/b', 1)).rejects.toThrow(KeyNotFoundError)
      expect(store.revision()).toBe(3)
    })

    it('lets one of many concurrent writers win', async () => {
      const { modRevision } = await put('/a')
      const attempts = Array.from({ length: 20 }, (_, n) => store.update('/a', modRevision, () => Buffer.from(String(n))))
      const results = await Promise.allSettled(attempts)

      expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1)
      expect(store.get('/a')?.value.toString()).toBe('0')
      expect(store.revision()).toBe(3)
    })

    it('does not show a write before it is acknowledged, except to the next writer', async () => {
      const writing = put('/a')
      expect(store.get('/a')).toBeUndefined()
      expect(store.list('/').entries).toEqual([])
      expect(store.revision()).toBe(1)
      expect(store.latest('/a')?.value.toString()).toBe('/a')

      const changing = change('/a', 'changed')
      await store.settled()
      expect(store.get('/a')?.value.toString()).toBe('changed')
      expect((await writing).modRevision).toBe(2)
      expect((await changing).modRevision).toBe(3)
    })

    it('reports a conflict only when the write that won is to be seen', async () => {
      const winning = put('/a')
      const losing = put('/a').catch(() => store.get('/a')?.value.toString())
      expect(await losing).toBe('/a')
      await winning
    })

    it('takes nothing from a value that cannot be made', async () => {
      const failing = store.create('/a', () => {
        throw new Error('no such value')
      })
      await expect(failing).rejects.toThrow('no such value')
      expect((await put('/a')).modRevision).toBe(2)
    })

    it('keeps any bytes, also none', async () => {
      const bytes = Buffer.from([0, 255, 10, 0xc3, 0x28])
      await store.create('/binary', () => bytes)
      await store.create('/empty', () => Buffer.alloc(0))
      await store.create('/ключ/🛶', () => Buffer.from('unicode key'))
      expect(store.get('/binary')?.value.equals(bytes)).toBe(true)
      expect(store.get('/empty')?.value).toHaveLength(0)
      expect(store.list('/ключ/').entries.map((entry) => entry.key)).toEqual(['/ключ/🛶'])
    })

    it('lists a prefix in the order of its keys, and nothing beside it', async () => {
      for (const key of ['/pods/b/2', '/pods/a/1', '/pod', '/pods', '/pods0', '/podsx/1', '/pods/b/10']) await put(key)
      expect(keysOf(store.list('/pods/').entries)).toEqual(['/pods/a/1', '/pods/b/10', '/pods/b/2'])
      expect(keysOf(store.list('/pods/b/').entries)).toEqual(['/pods/b/10', '/pods/b/2'])
      expect(keysOf(store.list('/none/').entries)).toEqual([])
      expect(store.list('').entries).toHaveLength(7)
    })

    it('pages through the snapshot it began with, whatever is written meanwhile', async () => {
      for (const key of ['/p/1', '/p/2', '/p/3', '/p/4', '/q/1']) await put(key)
      const first = store.list('/p/', { limit: 2 })
      await remove('/p/1')
      await remove('/p/3')
      await change('/p/4', 'new')
      await put('/p/35')

      const second = store.list('/p/', { limit: 1, after: '/p/2', revision: first.revision })
      const third = store.list('/p/', { limit: 5, after: '/p/3', revision: first.revision })
      expect([keysOf(first.entries), first.remaining]).toEqual([['/p/1', '/p/2'], 2])
      expect([keysOf(second.entries), second.remaining, second.revision]).toEqual([['/p/3'], 1, first.revision])
      expect([keysOf(third.entries), third.remaining]).toEqual([['/p/4'], 0])
      expect(third.entries[0]?.value.toString()).toBe('/p/4')
      expect(keysOf(store.list('/p/').entries)).toEqual(['/p/2', '/p/35', '/p/4'])
    })

    it('lists as a simple model does, at every revision', async () => {
      const step = fc.record({ key: fc.integer({ min: 0, max: 12 }).map((n) => `/k/${n}`), text: fc.constantFrom('', 'a', 'b') })
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 0, max: 5 }), async (steps, limit) => {
          const fresh = await open({})
          try {
            const snapshots = await playAgainstModel(fresh, steps)
            for (const [revision, expected] of snapshots) {
              const paged = pageThrough(fresh, '/k/', revision, limit)
              expect(paged).toEqual(expected)
            }
          } finally {
            await fresh.close()
          }
        }),
        { numRuns: 15 },
      )
    })

    it('tells a watcher of its prefix only, in order, once acknowledged', async () => {
      const { events } = collect(store, '/pods/', 1, watching.signal)
      const writes = [put('/pods/a'), put('/nodes/n'), change('/pods/a', '2'), remove('/pods/a')]
      expect(events).toEqual([])
      await Promise.all(writes)
      expect(events.map(describeEvent)).toEqual([
        'put /pods/a=/pods/a @2',
        'put /pods/a=2 @4 was /pods/a',
        'delete /pods/a @5 was 2',
      ])
    })

    it('tells watchers of all that lies around a key and of what it begins with, whoever came and went before', async () => {
      const leaving = new AbortController()
      const around = collect(store, '/', 1, watching.signal)
      const left = collect(store, '/pods/default/w', 1, leaving.signal)
      await put('/pods/default/web')
      leaving.abort()
      const one = collect(store, '/pods/default/web-1', 2, watching.signal)
      const folder = collect(store, '/pods/default/', 2, watching.signal)
      const sibling = collect(store, '/pods/def', 2, watching.signal)
      await put('/pods/default/web-1')
      await put('/pods/default/we')
      await put('/pods/other/web-1')

      const told = [around, left, one, folder, sibling].map(({ events }) => events.map(({ revision }) => revision))
      expect(told).toEqual([[2, 3, 4, 5], [2], [3], [3, 4], [3, 4]])
    })

    it('replays what happened since a revision, then goes on without a gap', async () => {
      const { modRevision } = await put('/a')
      await change('/a', '2')
      const { events } = collect(store, '/', modRevision, watching.signal)
      expect(events.map(describeEvent)).toEqual(['put /a=2 @3 was /a'])
      await put('/b')
      expect(events.map(describeEvent)).toEqual(['put /a=2 @3 was /a', 'put /b=/b @4'])
    })

    it('shows the written state to a watcher while it is told', async () => {
      const seen: (string | undefined)[] = []
      const onEvents = (_: readonly StoreEvent[], progress: number) => {
        seen.push(store.get('/a')?.value.toString(), String(progress === store.revision()))
      }
      store.watch({ prefix: '/', afterRevision: 1, signal: watching.signal, onEvents })
      await put('/a', 'now')
      expect(seen).toEqual(['now', 'true'])
    })

    it('lets a watcher begin in the future and tells it nothing older', async () => {
      const { events } = collect(store, '/', 3, watching.signal)
      await put('/a')
      await put('/b')
      await put('/c')
      expect(events.map((event) => event.revision)).toEqual([4])
    })

    it('stops telling once the signal aborts, also in the middle of a batch', async () => {
      const stop = new AbortController()
      const later = collect(store, '/a', 1, stop.signal)
      stop.abort()
      await put('/a')
      expect(later.events).toEqual([])

      const second = new AbortController()
      store.watch({ prefix: '/', afterRevision: 2, signal: watching.signal, onEvents: () => second.abort() })
      const { events } = collect(store, '/', 2, second.signal)
      await put('/b')
      expect(events).toEqual([])
    })

    it('neither repeats nor misses events for a watcher that begins while others are told', async () => {
      let late: StoreEvent[] = []
      const onEvents = () => {
        if (late.length === 0) late = collect(store, '/', 1, watching.signal).events
      }
      store.watch({ prefix: '/', afterRevision: 1, signal: watching.signal, onEvents })
      await Promise.all([put('/a'), put('/b')])
      await put('/c')
      expect(late.map((event) => event.revision)).toEqual([2, 3, 4])
    })

    it('drops a watcher that fails, not the others', async () => {
      const reasons: string[] = []
      store.watch({
        prefix: '/',
        afterRevision: 1,
        signal: watching.signal,
        onEvents: () => {
          throw new Error('broken pipe')
        },
        onClose: (reason) => reasons.push(reason.message),
      })
      const { events } = collect(store, '/', 1, watching.signal)
      await put('/a')
      await put('/b')
      expect(reasons).toEqual(['broken pipe'])
      expect(events).toHaveLength(2)
    })

    it('forgets the past beyond its limits and says so', async () => {
      let now = 0
      const small = await open({ history: { maxEvents: 3, maxBytes: 10_000, maxAgeMs: 1_000 }, clock: () => now })
      try {
        for (let n = 0; n < 5; n += 1) await small.create(`/k/${n}`, () => Buffer.from('x'))
        expect(small.compactedRevision()).toBe(3)
        expect(() => small.list('/k/', { revision: 2 })).toThrow(CompactedError)
        expect(() => collect(small, '/', 2, watching.signal)).toThrow(CompactedError)
        expect(collect(small, '/', 3, watching.signal).events.map((event) => event.revision)).toEqual([4, 5, 6])
        expect(keysOf(small.list('/k/', { revision: 3 }).entries)).toEqual(['/k/0', '/k/1'])

        now = 2_000
        await small.create('/k/9', () => Buffer.alloc(0))
        expect(small.compactedRevision()).toBe(6)
        await small.update('/k/9', 7, () => Buffer.alloc(6_000))
        await small.update('/k/9', 8, () => Buffer.alloc(6_000))
        await small.update('/k/9', 9, () => Buffer.alloc(6_000))
        expect(small.compactedRevision()).toBeGreaterThanOrEqual(8)
        expect(keysOf(small.list('/k/').entries)).toHaveLength(6)
      } finally {
        await small.close()
      }
    })

    it('finishes what was begun when it is closed, then refuses writes and ends watches', async () => {
      let reason: Error | undefined
      store.watch({
        prefix: '/',
        afterRevision: 1,
        signal: watching.signal,
        onEvents: () => undefined,
        onClose: (why) => (reason = why),
      })
      const writing = put('/a')
      await store.close()
      expect((await writing).modRevision).toBe(2)
      expect(reason?.message).toBe('the store is closed')
      await expect(put('/b')).rejects.toThrow(WriteFailedError)
      expect(store.get('/a')?.modRevision).toBe(2)
    })
  })
}

function keysOf(entries: readonly Entry[]): string[] {
  return entries.map((entry) => entry.key)
}

function collect(store: Store, prefix: string, afterRevision: number, signal: AbortSignal): { events: StoreEvent[] } {
  const events: StoreEvent[] = []
  store.watch({ prefix, afterRevision, signal, onEvents: (batch) => events.push(...batch) })
  return { events }
}

function describeEvent(event: StoreEvent): string {
  const was = event.previous === undefined ? '' : ` was ${event.previous.value}`
  return event.type === 'put'
    ? `put ${event.entry.key}=${event.entry.value} @${event.revision}${was}`
    : `delete ${event.key} @${event.revision}${was}`
}

/** Creates, changes or (for '') deletes; returns what every revision should list as. */
async function playAgainstModel(
  store: Store,
  steps: readonly { readonly key: string; readonly text: string }[],
): Promise<Map<number, [string, string][]>> {
  const model = new Map<string, string>()
  const snapshots = new Map<number, [string, string][]>()
  for (const { key, text } of steps) {
    const current = store.get(key)
    if (text === '') {
      if (current === undefined) continue
      await store.delete(key, current.modRevision)
      model.delete(key)
    } else {
      if (current === undefined) await store.create(key, () => Buffer.from(text))
      else await store.update(key, current.modRevision, () => Buffer.from(text))
      model.set(key, text)
    }
    const sorted = [...model].sort(([a], [b]) => (a < b ? -1 : 1))
    snapshots.set(store.revision(), sorted)
  }
  return snapshots
}

function pageThrough(store: Store, prefix: string, revision: number, limit: number): [string, string][] {
  const found: [string, string][] = []
  let after: string | undefined
  for (;;) {
    const page = store.list(prefix, { limit, revision, ...(after === undefined ? {} : { after }) })
    for (const entry of page.entries) found.push([entry.key, entry.value.toString()])
    if (page.remaining === 0) return found
    after = page.entries.at(-1)?.key
  }
}
