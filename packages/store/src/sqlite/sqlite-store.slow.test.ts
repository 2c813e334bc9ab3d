import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createSqliteStore } from './sqlite-store.ts'
import { writeUntilKilled } from './write-until-killed.fixture.ts'

const directory = mkdtempSync(join(tmpdir(), 'skiff-store-'))
afterAll(() => rmSync(directory, { recursive: true }))

describe('sqlite store under kill -9', () => {
  // Negative control: with the acknowledgement sent before the commit (sqlite-worker.ts) this fails in the first rounds.
  it('has every acknowledged write, with its bytes and revision, and never falls back', { timeout: 120_000 }, async () => {
    const path = join(directory, 'killed.db')
    const acknowledged = new Map<string, number>()
    let highest = 0
    for (let round = 0; round < 8; round += 1) {
      const { written, stop } = await writeUntilKilled(path, 5 + round * 37)
      await stop()
      for (const { key, revision } of written) acknowledged.set(key, revision)

      const store = await createSqliteStore({ path })
      for (const [key, revision] of acknowledged) {
        expect(store.get(key)).toMatchObject({ modRevision: revision, value: Buffer.from(`${key} at ${revision}`) })
        highest = Math.max(highest, revision)
      }
      expect(store.revision()).toBeGreaterThanOrEqual(highest)
      highest = store.revision()
      await store.close()
    }
    expect(acknowledged.size).toBeGreaterThan(8 * 5)
  })
})
