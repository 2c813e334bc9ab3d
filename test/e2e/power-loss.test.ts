/** What is on the disk after the power went: a file system that writes by itself only every five minutes, copied as it is. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createSqliteStore } from '@skiff/store'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { run } from '../../packages/cli/src/hosts/index.ts'

const WRITER = join(import.meta.dirname, '..', '..', 'packages', 'store', 'src', 'sqlite', 'write-forever.fixture.ts')
const IMAGE_BYTES = 48 * 2 ** 20

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'skiff-power-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('every acknowledged write is there after a power loss, and the revision never falls', async () => {
  let image = join(folder, 'disk-0')
  await run('truncate', ['-s', String(IMAGE_BYTES), image])
  await run('mkfs.ext4', ['-q', '-F', image])
  const acknowledged = new Map<string, number>()
  for (let round = 1; round <= 3; round += 1) {
    const after = join(folder, `disk-${round}`)
    {
      await using disk = await mounted(image)
      for (const { key, revision } of await writeUntilKilled(join(disk.path, 'skiff.db'), round * 60))
        acknowledged.set(key, revision)
      // Not unmounted, not synced: what the kernel still holds in memory is not in it.
      copyFileSync(image, after)
    }
    await using disk = await mounted(after)
    await using opened = await createSqliteStoreIn(disk.path)
    for (const [key, revision] of acknowledged) {
      const entry = opened.store.get(key)
      expect([key, entry?.modRevision, String(entry?.value)]).toEqual([key, revision, `${key} at ${revision}`])
    }
    expect(opened.store.revision()).toBeGreaterThanOrEqual(Math.max(...acknowledged.values()))
    image = after
  }
})

async function createSqliteStoreIn(path: string) {
  const store = await createSqliteStore({ path: join(path, 'skiff.db') })
  return { store, [Symbol.asyncDispose]: () => store.close() }
}

async function mounted(image: string): Promise<AsyncDisposable & { readonly path: string }> {
  const path = `${image}.mounted`
  mkdirSync(path, { recursive: true })
  await run('mount', ['-o', 'loop,commit=300', image, path])
  return { path, [Symbol.asyncDispose]: async () => void (await run('umount', [path])) }
}

/** What a process was told is stored, up to the moment at which it was killed. */
async function writeUntilKilled(path: string, lines: number): Promise<{ key: string; revision: number }[]> {
  const writer = spawn(process.execPath, [WRITER, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const reader = createInterface(writer.stdout)
  // Only then it has let go of its files, too: until all of them are closed, nothing can be unmounted.
  const ended = Promise.all([once(reader, 'close'), once(writer, 'exit')])
  const written: { key: string; revision: number }[] = []
  reader.on('line', (line) => {
    const [key = '', revision] = line.split(' ')
    written.push({ key, revision: Number(revision) })
    if (written.length === lines) writer.kill('SIGKILL')
  })
  await ended
  if (written.length < lines) throw new Error('the writer ended by itself')
  return written
}
