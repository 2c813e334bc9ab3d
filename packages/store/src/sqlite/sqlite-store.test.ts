import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type ContractOptions, storeContract } from '../store.contract.ts'
import { CompactedError, type Store, type StoreEvent, WriteFailedError } from '../store.ts'
import { replaceOpenFile } from './replace-open-file.fixture.ts'
import { createSqliteStore } from './sqlite-store.ts'
import { writeUntilKilled } from './write-until-killed.fixture.ts'

const directory = mkdtempSync(join(tmpdir(), 'skiff-store-'))
let files = 0
const newPath = () => join(directory, `${files++}.db`)
afterAll(() => rmSync(directory, { recursive: true }))

const open = (path: string, options: ContractOptions = {}) => createSqliteStore({ path, ...options })

storeContract('sqlite', (options) => open(newPath(), options))

describe('sqlite store after a restart', () => {
  it('has the same entries, revisions and history', async () => {
    const path = newPath()
    const first = await open(path)
    const a = await first.create('/a', (revision) => Buffer.from(`a at ${revision}`))
    await first.create('/b', () => Buffer.from([0, 1, 255]))
    const changed = await first.update('/a', a.modRevision, (revision) => Buffer.from(`a at ${revision}`))
    await first.delete('/a', changed.modRevision)
    await first.close()

    await using again = disposable(await open(path))
    const events: StoreEvent[] = []
    again.store.watch({
      prefix: '/a',
      afterRevision: a.modRevision,
      signal: new AbortController().signal,
      onEvents: (batch) => events.push(...batch),
    })
    expect(again.store.revision()).toBe(5)
    expect(again.store.list('').entries).toEqual([
      { key: '/b', value: Buffer.from([0, 1, 255]), createRevision: 3, modRevision: 3 },
    ])
    expect(events).toEqual([
      { type: 'put', entry: changed, previous: a, revision: 4 },
      { type: 'delete', key: '/a', previous: changed, revision: 5 },
    ])
    expect(again.store.list('/a', { revision: 4 }).entries).toEqual([changed])
  })

  it('never goes back behind its revision, even when the last writes were deletions that are compacted', async () => {
    const path = newPath()
    const history = { maxEvents: 0, maxBytes: 0, maxAgeMs: 0 }
    const first = await open(path, { history })
    for (let n = 0; n < 400; n += 1) await first.delete('/a', (await first.create('/a', () => Buffer.from('x'))).modRevision)
    const before = first.revision()
    await first.close()

    await using again = disposable(await open(path, { history }))
    expect(again.store.revision()).toBe(before)
    expect((await again.store.create('/a', () => Buffer.from('x'))).modRevision).toBe(before + 1)
  })

  it('keeps its file small when a key is written again and again', async () => {
    const path = newPath()
    await using one = disposable(await open(path, { history: { maxEvents: 10, maxBytes: 100_000, maxAgeMs: 1_000 } }))
    let revision = (await one.store.create('/lease', () => Buffer.alloc(2_000))).modRevision
    for (let n = 0; n < 5_000; n += 1) {
      // Base it on the pending entry: the writes share commits.
      const writing = one.store.update('/lease', revision, () => Buffer.alloc(2_000, n))
      revision = one.store.latest('/lease')?.modRevision ?? 0
      if (n % 50 === 0) await writing
    }
    await one.store.settled()
    // 10 MB were written in total.
    expect(statSync(path).size).toBeLessThan(4_000_000)
  })
})

describe('sqlite store on a file it should not use', () => {
  it('refuses a second master on the same file, and takes it when the first has gone', async () => {
    const path = newPath()
    const first = await open(path)
    await expect(open(path)).rejects.toThrow(`${path} is in use: another master runs on it`)
    await first.create('/a', () => Buffer.from('still works'))
    await first.close()
    await (await open(path)).close()
  })

  it.each([
    ['was cut', (wal: string) => truncateSync(wal, Math.floor(statSync(wal).size / 2))],
    ['has a flipped bit, behind which SQLite silently drops everything', (wal: string) => flipBit(wal)],
  ])('refuses when a write-ahead log that %s has lost acknowledged writes', async (_, damage) => {
    const path = newPath()
    const { stop } = await writeUntilKilled(path, 40)
    await stop()
    damage(`${path}-wal`)
    await expect(open(path)).rejects.toThrow(/ends at revision \d+, but revision \d+ was acknowledged.*Restore it from a backup/)
  })

  it('cuts a torn tail off its write-ahead log: what nobody was told of', async () => {
    const path = newPath()
    const { written, stop } = await writeUntilKilled(path, 40)
    await stop()
    const wal = readFileSync(`${path}-wal`)
    writeFileSync(`${path}-wal`, Buffer.concat([wal, wal.subarray(-5_000)]))
    await using opened = disposable(await open(path))
    for (const { key, revision } of written) expect(opened.store.get(key)).toMatchObject({ modRevision: revision })
    await opened.store.create('/after', () => Buffer.from('works'))
  })

  it('refuses a flipped bit in a value, naming the place', async () => {
    const path = newPath()
    const store = await open(path)
    await store.create('/victim', () => Buffer.from('a value that is easy to find'))
    await store.close()
    const bytes = readFileSync(path)
    bytes.write('E', bytes.indexOf('easy to find'))
    writeFileSync(path, bytes)
    await expect(open(path)).rejects.toThrow('damaged at revision 2 (/victim): restore it from a backup')
  })

  it('refuses what is not a database', async () => {
    const path = newPath()
    writeFileSync(path, 'apiVersion: v1\n'.repeat(100))
    await expect(open(path)).rejects.toThrow(/is damaged .*restore it from a backup/)
  })

  it('takes a copy that is whole', async () => {
    const path = newPath()
    const store = await open(path)
    await store.create('/a', () => Buffer.from('a'))
    await store.close()
    const copy = newPath()
    copyFileSync(path, copy)
    await using opened = disposable(await open(copy))
    expect(opened.store.get('/a')?.value.toString()).toBe('a')
  })
})

describe('sqlite store on a restored copy', () => {
  it('goes on beyond what was ever acknowledged, and nobody resumes from before', async () => {
    const path = newPath()
    const store = await open(path)
    const kept = await store.create('/kept', () => Buffer.from('old'))
    await store.update('/kept', kept.modRevision, () => Buffer.from('newer'))
    await store.delete('/gone', (await store.create('/gone', () => Buffer.from('x'))).modRevision)
    await store.close()
    const backup = newPath()
    copyFileSync(path, backup)
    const later = await open(path)
    const lost = await later.create('/lost', () => Buffer.from('after the backup'))
    await later.close()

    copyFileSync(backup, path)
    await expect(open(path)).rejects.toThrow(/ends at revision 5, but revision 6 was acknowledged/)
    rmSync(`${path}.acknowledged`)
    const restored = await open(path)
    const nextRevision = restored.revision() + 1
    const watch = { prefix: '/', signal: new AbortController().signal, onEvents: () => undefined }

    expect(restored.list('/').entries.map(({ key, value }) => [key, String(value)])).toEqual([['/kept', 'newer']])
    expect(nextRevision).toBeGreaterThan(lost.modRevision + 1_000_000)
    expect(() => restored.watch({ ...watch, afterRevision: lost.modRevision })).toThrow(CompactedError)
    restored.watch({ ...watch, afterRevision: restored.revision() })
    expect((await restored.create('/next', () => Buffer.from('n'))).modRevision).toBe(nextRevision)
    await restored.close()
    await using again = disposable(await open(path))
    expect(again.store.revision()).toBe(nextRevision)
  })
})

describe('sqlite store on a failing disk', () => {
  it('rejects what a full disk did not take, goes on reading, and writes again when there is space', async () => {
    const path = newPath()
    const failures: Error[] = []
    const store = await createSqliteStore({ path, onFailure: (error) => failures.push(error) })
    await store.create('/before', () => Buffer.from('kept'))

    const walFile = replaceOpenFile(`${path}-wal`, '/dev/full')
    const writes = await Promise.allSettled([
      store.create('/a', () => Buffer.from('a')),
      store.create('/b', () => Buffer.from('b')),
    ])
    for (const write of writes) {
      expect(write).toMatchObject({ status: 'rejected', reason: { name: 'WriteFailedError', fatal: false } })
      expect(String((write as PromiseRejectedResult).reason)).toContain('database or disk is full')
    }
    expect(store.list('/').entries.map((entry) => entry.key)).toEqual(['/before'])
    expect(store.latest('/a')).toBeUndefined()

    walFile.putBack()
    const after = await store.create('/a', (revision) => Buffer.from(`a at ${revision}`))
    await store.close()
    expect(failures).toEqual([])

    await using again = disposable(await open(path))
    expect(again.store.list('/').entries.map((entry) => entry.key)).toEqual(['/a', '/before'])
    expect(again.store.get('/a')).toEqual(after)
  })

  it('refuses all writes after a failed fsync, tells its owner once, and goes on reading', async () => {
    const path = newPath()
    const failures: Error[] = []
    const store = await createSqliteStore({ path, onFailure: (error) => failures.push(error) })
    await store.create('/before', () => Buffer.from('kept'))

    // Takes every byte, but cannot be synced.
    const walFile = replaceOpenFile(`${path}-wal`, '/dev/null')
    await expect(store.create('/a', () => Buffer.from('a'))).rejects.toMatchObject({ name: 'WriteFailedError', fatal: true })
    walFile.putBack()
    await expect(store.create('/b', () => Buffer.from('b'))).rejects.toThrow(WriteFailedError)
    expect(failures).toHaveLength(1)
    expect(store.list('/').entries.map((entry) => entry.key)).toEqual(['/before'])
    await store.close()

    await using again = disposable(await open(path))
    expect(again.store.get('/before')?.value.toString()).toBe('kept')
  })
})

function flipBit(file: string): void {
  const bytes = readFileSync(file)
  const middle = Math.floor(bytes.length / 2)
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle)
  writeFileSync(file, bytes)
}

function disposable(store: Store): AsyncDisposable & { readonly store: Store } {
  return { store, [Symbol.asyncDispose]: () => store.close() }
}
