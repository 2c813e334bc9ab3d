import type { ConfigMap } from '@skiff/api'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiClient } from '../api-client.ts'
import { collectingLog } from '../testing/log.fixture.ts'
import { describeConfigMap, TestApi } from '../testing/test-api.fixture.ts'
import { createInformer, type Informer, type InformerChange, type InformerOptions } from './informer.ts'

describe('informer', () => {
  let api: TestApi
  let client: ApiClient
  let stop: AbortController
  let log: ReturnType<typeof collectingLog>
  beforeEach(async () => {
    log = collectingLog()
    api = await TestApi.start()
    client = new ApiClient({ server: api.url, userAgent: 'test' })
    stop = new AbortController()
  })
  afterEach(async () => {
    stop.abort()
    client.close()
    await api[Symbol.asyncDispose]()
  })

  function start(options: Partial<InformerOptions<ConfigMap>> = {}): Informer<ConfigMap> & { readonly changes: string[] } {
    const reconnect = { initialMs: 1, maxMs: 5 }
    const informer = createInformer<ConfigMap>(client, api.info, { logger: log, signal: stop.signal, reconnect, ...options })
    const changes: string[] = []
    informer.onChange((change) => changes.push(describeChange(change)))
    informer.start()
    return { ...informer, changes }
  }

  const caughtUp = (informer: Informer<ConfigMap>) =>
    vi.waitFor(() => expect(contentsOf(informer)).toEqual(api.contents()), { interval: 2, timeout: 30_000 })

  it('reads everything with one WatchList stream, then follows', async () => {
    api.put('a', '1')
    api.put('b', '1')
    const informer = start()
    await informer.synced
    expect(contentsOf(informer)).toEqual(['a=1', 'b=1'])
    expect(informer.revision()).toBe(api.revision)

    api.put('a', '2')
    api.remove('b')
    await caughtUp(informer)
    expect(informer.changes).toEqual(['added a=1', 'added b=1', 'updated a=2 was 1', 'deleted b=1'])
    expect(api.requests).toHaveLength(1)
    expect(api.requests[0]).toMatch(/sendInitialEvents=true&resourceVersionMatch=NotOlderThan/)
  })

  it('resumes at once when its client gives up its connections, however long it would wait', async () => {
    const informer = start({ reconnect: { initialMs: 60_000, maxMs: 60_000 } })
    await informer.synced
    client.reconnect()
    api.put('a', '1')
    await caughtUp(informer)
    expect(api.requests).toHaveLength(2)
  })

  it('lists page by page and watches from there when the server refuses WatchList', async () => {
    api.knowsWatchList = false
    for (let n = 0; n < 1_200; n += 1) api.put(`c${n}`, 'x')
    const informer = start()
    await informer.synced
    expect(informer.list()).toHaveLength(1_200)
    api.put('late', '1')
    await caughtUp(informer)
    const kinds = api.requests.map((request) => (/watch=true/.test(request) ? 'watch' : 'list'))
    expect(kinds).toEqual(['watch', 'list', 'list', 'list', 'watch'])
  })

  it('gives listed objects their kind and leaves managedFields out', async () => {
    api.knowsWatchList = false
    api.put('a', '1')
    const informer = start()
    await informer.synced
    const object = informer.get('default/a')
    expect(object).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' })
    expect(object?.metadata.managedFields).toBeUndefined()
  })

  it('resumes where a watch broke, without listing again', async () => {
    api.put('a', '1')
    const informer = start()
    await informer.synced
    api.cutConnections()
    api.put('a', '2')
    await caughtUp(informer)
    api.endWatches()
    api.put('a', '3')
    await caughtUp(informer)
    expect(informer.changes).toEqual(['added a=1', 'updated a=2 was 1', 'updated a=3 was 2'])
    expect(api.requests.filter((request) => request.includes('sendInitialEvents'))).toHaveLength(1)
  })

  it('resumes from a bookmark, so that a quiet kind need not be listed when the past is compacted', async () => {
    api.put('a', '1')
    const informer = start()
    await informer.synced
    api.writeElsewhere()
    api.bookmark()
    await vi.waitFor(() => expect(informer.revision()).toBe(api.revision), { interval: 2, timeout: 30_000 })
    api.compact()
    api.cutConnections()
    await vi.waitFor(() => expect(api.requests.at(-1)).toContain(`resourceVersion=${api.revision}`), {
      interval: 2,
      timeout: 30_000,
    })
    expect(api.requests.filter((request) => request.includes('sendInitialEvents'))).toHaveLength(1)
  })

  it('lists again soon after 410 and reports what it missed, deletions and replaced objects too', async () => {
    api.put('kept', '1')
    api.put('gone', '1')
    api.put('replaced', '1')
    const informer = start({ reconnect: { initialMs: 1, maxMs: 60_000, factor: 60_000 } })
    await informer.synced
    api.cutConnections()
    api.remove('gone')
    api.remove('replaced')
    api.put('replaced', '2')
    api.put('new', '1')
    api.compact()
    await caughtUp(informer)
    expect(informer.changes.slice(3).sort()).toEqual(['added new=1', 'added replaced=2', 'deleted gone=1', 'deleted replaced=1'])
  })

  it('finds objects by index, and only where they are now', async () => {
    const informer = start({ indexes: { byValue: (object) => [object.data?.value ?? ''] } })
    api.put('a', 'red')
    api.put('b', 'red')
    await caughtUp(informer)
    expect(namesOf(informer.byIndex('byValue', 'red'))).toEqual(['a', 'b'])
    api.put('a', 'blue')
    api.remove('b')
    await caughtUp(informer)
    expect(namesOf(informer.byIndex('byValue', 'red'))).toEqual([])
    expect(namesOf(informer.byIndex('byValue', 'blue'))).toEqual(['a'])
    expect(() => informer.byIndex('byColour', 'red')).toThrow('no index "byColour"')
  })

  it('tells a late listener what is there, and nobody after they have left', async () => {
    api.put('a', '1')
    const informer = start()
    await informer.synced
    const late: string[] = []
    const leave = informer.onChange((change) => late.push(describeChange(change)))
    expect(late).toEqual(['added a=1'])
    leave()
    api.put('a', '2')
    await caughtUp(informer)
    expect(late).toEqual(['added a=1'])
  })

  it('goes on when a listener throws', async () => {
    const informer = start()
    informer.onChange(() => {
      throw new Error('listener broke')
    })
    api.put('a', '1')
    await caughtUp(informer)
    expect(log.lines.at(-1)).toMatchObject({ level: 'error', message: 'informer listener failed' })
  })

  it('waits for a server that is not there yet', async () => {
    const { url } = api
    await api[Symbol.asyncDispose]()
    const informer = start()
    await vi.waitFor(() => expect(log.lines.length).toBeGreaterThan(2), { interval: 1, timeout: 30_000 })
    expect(log.lines[0]).toMatchObject({
      level: 'debug',
      message: 'watch broke',
      fields: { err: { reason: 'ServiceUnavailable' } },
    })
    const port = Number(new URL(url).port)
    api = await TestApi.start(port)
    api.put('a', '1')
    await caughtUp(informer)
  })

  describe('with a snapshot', () => {
    let kept: readonly ConfigMap[] | undefined
    let saved: () => readonly ConfigMap[]
    const snapshot = {
      load: async () => kept,
      save: (list: () => readonly ConfigMap[]) => {
        saved = list
      },
    }
    const savedContents = () => saved().map(describeConfigMap).sort()
    /** What an earlier informer has kept, and a server that can't be reached. */
    async function serverGoesAway(): Promise<number> {
      api.put('same', '1')
      api.put('changed', '1')
      api.put('gone', '1')
      await start({ snapshot }).current
      kept = structuredClone(saved())
      const { port } = new URL(api.url)
      await api[Symbol.asyncDispose]()
      return Number(port)
    }

    it('keeps what it knows, at the list and at each change', async () => {
      api.put('a', '1')
      const informer = start({ snapshot })
      await informer.current
      expect(savedContents()).toEqual(['a=1'])
      api.put('b', '1')
      await caughtUp(informer)
      expect(savedContents()).toEqual(['a=1', 'b=1'])
    })

    it('starts from it without a server, and tells what was different when there is one', async () => {
      const port = await serverGoesAway()
      const informer = start({ snapshot })
      await informer.restore()
      await informer.synced
      expect(contentsOf(informer)).toEqual(['changed=1', 'gone=1', 'same=1'])
      expect(informer.revision()).toBe('')

      api = await TestApi.start(port)
      for (const [name, value] of [['same', '1'], ['changed', '1'], ['new', '1'], ['changed', '2']] as const) api.put(name, value) // biome-ignore format: one line
      await informer.current
      expect(contentsOf(informer)).toEqual(api.contents())
      expect(savedContents()).toEqual(api.contents())
      expect(informer.changes.filter((change) => /gone|new/.test(change))).toEqual([
        'added gone=1',
        'added new=1',
        'deleted gone=1',
      ])
    })

    it('restores nothing that the server has spoken about', async () => {
      api.put('a', '1')
      const informer = start({ snapshot })
      await informer.current
      kept = []
      await informer.restore()
      expect(contentsOf(informer)).toEqual(['a=1'])
    })

    it('waits for the server when nothing was kept', async () => {
      kept = undefined
      const informer = start({ snapshot })
      await informer.restore()
      api.put('a', '1')
      await informer.synced
      expect(contentsOf(informer)).toEqual(api.contents())
    })
  })

  it('rejects synced and leaves no connection behind when it is stopped', async () => {
    const quiet = start()
    await quiet.synced
    const unsynced = createInformer<ConfigMap>(client, api.info, { logger: log, signal: stop.signal })
    stop.abort(new Error('shutting down'))
    await expect(unsynced.synced).rejects.toThrow('shutting down')
    await vi.waitFor(() => expect(api.watchers).toBe(0), { interval: 2, timeout: 30_000 })
  })

  it.each([1, 2, 3, 4, 5, 6])('misses nothing when the server misbehaves at random (seed %i)', async (seed) => {
    const random = mulberry(seed)
    const informer = start({ random })
    const model = new Map<string, string>()
    informer.onChange((change) => applyToModel(model, change))
    api.knowsWatchList = random() < 0.5

    for (let step = 0; step < 600; step += 1) {
      misbehave(api, random)
      if (random() < 0.4) await new Promise(setImmediate)
      if (random() < 0.1) await vi.waitFor(() => expect(api.watchers).toBe(1), { interval: 1, timeout: 30_000 })
    }
    await caughtUp(informer)
    expect(api.requests.length).toBeGreaterThan(20)
    expect([...model].map(([name, value]) => `${name}=${value}`).sort()).toEqual(api.contents())
  })
})

function misbehave(api: TestApi, random: () => number): void {
  const dice = random()
  const name = `c${Math.floor(random() * 12)}`
  if (dice < 0.55) api.put(name, `🛶${random()}`)
  else if (dice < 0.75) api.remove(name)
  else if (dice < 0.85) api.cutConnections()
  else if (dice < 0.89) api.endWatches()
  else if (dice < 0.93) api.bookmark()
  else if (dice < 0.96) api.compact()
  else api.pieceBytes = 1 + Math.floor(random() * 200)
}

/** Changes must follow from one another: nothing is added twice, updated or deleted without being there. */
function applyToModel(model: Map<string, string>, { type, object, previous }: InformerChange<ConfigMap>): void {
  const { name } = object.metadata
  if (type === 'added' && model.has(name)) throw new Error(`${name} was added twice`)
  if (type !== 'added' && !model.has(name)) throw new Error(`${name} was ${type} but never added`)
  if (type === 'updated' && previous?.data?.value !== model.get(name)) throw new Error(`${name} was updated from something else`)
  if (type === 'deleted') model.delete(name)
  else model.set(name, object.data?.value ?? '')
}

function describeChange({ type, object, previous }: InformerChange<ConfigMap>): string {
  return `${type} ${describeConfigMap(object)}${previous === undefined ? '' : ` was ${previous.data?.value}`}`
}

function contentsOf(informer: Informer<ConfigMap>): string[] {
  return informer.list().map(describeConfigMap).sort()
}

function namesOf(objects: readonly ConfigMap[]): string[] {
  return objects.map((object) => object.metadata.name).sort()
}

/** Small, seeded, good enough: the same run for the same seed. */
function mulberry(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
