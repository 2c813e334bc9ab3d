import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pack } from 'tar-stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { extractArchive } from './extract-archive.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'skiff-extract-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

async function archive(): Promise<Buffer> {
  const packed = pack()
  packed.entry({ name: 'a.txt' }, 'a')
  packed.entry({ name: 'b.txt' }, 'b')
  packed.finalize()
  return await buffer(packed)
}

function extracted(): string {
  return readFileSync(join(directory, 'a.txt'), 'utf8') + readFileSync(join(directory, 'b.txt'), 'utf8')
}

test('an archive is extracted', async () => {
  await extractArchive(Readable.from([await archive()]), directory)
  expect(extracted()).toBe('ab')
})

test('what follows its end mark is read and heeded by nobody, also when tar has gone meanwhile', async () => {
  const head = await archive()
  const padding = Buffer.alloc(256 * 1024)
  await extractArchive(Readable.from([head, ...Array<Buffer>(20).fill(padding)]), directory)
  expect(extracted()).toBe('ab')
})

test('one that breaks off is an error, even between two files', async () => {
  const head = (await archive()).subarray(0, 1024)
  async function* brokenOff() {
    yield head
    throw new Error('connection reset')
  }
  await expect(extractArchive(Readable.from(brokenOff()), directory)).rejects.toThrow('connection reset')
})

test('one that is no archive is an error in the words of tar', async () => {
  await expect(extractArchive(Readable.from([Buffer.alloc(4096, 'x')]), directory)).rejects.toThrow('does not look like a tar')
})
