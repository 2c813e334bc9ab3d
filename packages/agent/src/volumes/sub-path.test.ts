import { mkdir, mkdtemp, readdir, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSubPath, SubPathError } from './sub-path.ts'

let base: string
let volume: string
let outside: string

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'skiff-sub-path-'))
  volume = join(base, 'volume')
  outside = join(base, 'outside')
  await mkdir(join(volume, 'dir'), { recursive: true })
  await mkdir(join(outside, 'sub'), { recursive: true })
})

afterEach(() => rm(base, { recursive: true, force: true }))

/** Where the opened thing lies now. */
async function placeOf(subPath: string): Promise<string> {
  await using opened = await openSubPath(volume, subPath)
  return await readlink(`/proc/self/fd/${opened.fd}`)
}

test('opens what is there, and what links inside of the volume lead to', async () => {
  await writeFile(join(volume, 'dir/file'), '')
  await symlink('dir', join(volume, 'link'))
  expect(await placeOf('dir/file')).toBe(join(volume, 'dir/file'))
  expect(await placeOf('link/file')).toBe(join(volume, 'dir/file'))
  expect(await placeOf('.')).toBe(volume)
})

test('makes what is missing, with the mode of the volume', async () => {
  await mkdir(join(base, 'shared'), { recursive: true })
  volume = join(base, 'shared')
  const { mode } = await stat(volume)
  expect(await placeOf('a/b')).toBe(join(volume, 'a/b'))
  expect((await stat(join(volume, 'a/b'))).mode).toBe(mode)
})

test.each(['../outside', '/etc', 'dir/../../outside'])('refuses %s', async (subPath) => {
  await expect(placeOf(subPath)).rejects.toThrow("it must be relative and not contain '..'")
})

test.each([
  ['a directory outside', () => outside],
  ['something that isn’t there, outside', () => join(outside, 'new')],
  ['the volume’s parent', () => '..'],
])('refuses a link to %s, and makes nothing there', async (_, target) => {
  await symlink(target(), join(volume, 'link'))
  await expect(placeOf('link')).rejects.toThrow(SubPathError)
  await expect(placeOf('link/made')).rejects.toThrow(SubPathError)
  expect(await readdir(outside)).toEqual(['sub'])
})

/** Without pause a directory of the volume becomes a link to elsewhere, and back. */
const FLIP = `
  const { renameSync, rmSync, symlinkSync } = require('node:fs')
  const { workerData, parentPort } = require('node:worker_threads')
  const [dir, outside, flag] = workerData
  const flips = new Int32Array(flag)
  const attempt = (act) => { try { act() } catch {} }
  while (Atomics.load(flips, 0) === 0) {
    attempt(() => renameSync(dir, dir + '.real'))
    attempt(() => symlinkSync(outside, dir))
    attempt(() => rmSync(dir, { recursive: true }))
    attempt(() => renameSync(dir + '.real', dir))
    Atomics.add(flips, 1, 1)
  }
`
const TRIES = 1_200

test('a directory that is swapped for a link while it is looked at never leads outside', async () => {
  await mkdir(join(volume, 'dir/sub'))
  const flag = new SharedArrayBuffer(8)
  const flips = new Int32Array(flag)
  const flipper = new Worker(FLIP, { eval: true, workerData: [join(volume, 'dir'), outside, flag] })
  let opened = 0
  let refused = 0
  for (let n = 0; n < TRIES || opened === 0 || refused === 0; n++) {
    const subPath = n % 2 === 0 ? 'dir/sub' : `dir/new-${n}`
    const place = await placeOf(subPath).catch((error: unknown) => {
      if (error instanceof SubPathError) return undefined
      throw error
    })
    if (place === undefined) refused += 1
    else opened += 1
    if (place !== undefined) expect(place.startsWith(`${volume}/`)).toBe(true)
  }
  Atomics.store(flips, 0, 1)
  await new Promise((resolve) => flipper.once('exit', resolve))
  expect(Atomics.load(flips, 1)).toBeGreaterThan(0)
  expect(await readdir(outside)).toEqual(['sub'])
})
