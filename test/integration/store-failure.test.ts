/** A master whose disk fails under it. */
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CONFIG_MAPS } from '@skiff/api'
import { ApiClient } from '@skiff/client'
import type { Master } from '@skiff/master'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { replaceOpenFile } from '../../packages/store/src/sqlite/replace-open-file.fixture.ts'
import { startLocalMaster } from '../support/local-master.ts'

const DISK = '32m'

let directory: string
let master: Master
let client: ApiClient

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skiff-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'skiff-test', directory])
  await start()
})
afterEach(async () => {
  client.close()
  await master.close().catch(() => undefined)
  execFileSync('umount', [directory])
  await rm(directory, { recursive: true, force: true })
})

async function start(): Promise<void> {
  master = await startLocalMaster(join(directory, 'master'))
  client = new ApiClient({ server: `unix:${master.socketPath}`, userAgent: 'test' })
}

const write = (name: string) => client.create(CONFIG_MAPS, { metadata: { name, namespace: 'default' } } as object)
const names = async () =>
  (await client.list<{ metadata: { name: string } }>(CONFIG_MAPS, { namespace: 'default' })).items.map(
    ({ metadata }) => metadata.name,
  )
const filler = () => join(directory, 'filler')

/** To the last byte. */
function fillDisk(): void {
  const file = openSync(filler(), 'w')
  try {
    for (let chunk = Buffer.alloc(2 ** 20); chunk.length > 0; ) {
      try {
        writeSync(file, chunk)
      } catch {
        chunk = chunk.subarray(0, chunk.length / 2)
      }
    }
  } finally {
    closeSync(file)
  }
}

const wal = () => join(directory, 'master', 'skiff.db-wal')

test('a full disk refuses writes and says where to make room; reads go on, and so do writes once there is room', async () => {
  await write('before')
  fillDisk()
  await expect(write('during')).rejects.toMatchObject({
    code: 503,
    message: expect.stringMatching(/^the write was not stored: database or disk is full: make room where \/.*skiff\.db is$/),
  })
  expect(await names()).toContain('before')
  rmSync(filler())
  await write('after')
  expect(await names()).not.toContain('during')
})

test('a master that begins on a full disk says where to make room', async () => {
  fillDisk()
  await expect(startLocalMaster(join(directory, 'second'))).rejects.toThrow(
    /second\/skiff\.db can't be opened: database or disk is full: make room where it is$/,
  )
})

test('a disk that can not be trusted any more ends the master, and the next one has what was acknowledged', async () => {
  await write('before')
  // Takes every byte, but can't be synced.
  const file = replaceOpenFile(wal(), '/dev/null')
  await expect(write('during')).rejects.toMatchObject({ code: 503 })
  file.putBack()
  await expect(master.stopped).rejects.toThrow('the store failed: start the master again')
  client.close()

  await start()

  expect(await names()).toContain('before')
})
