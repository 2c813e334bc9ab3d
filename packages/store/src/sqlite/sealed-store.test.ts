import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Store } from '../store.ts'
import { createSqliteStore } from './sqlite-store.ts'
import { newSealKey } from './value-seal.ts'

const HIDDEN = 'correct horse battery staple'
let directory: string
let path: string
let keyFile: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'skiff-sealed-'))
  path = join(directory, 'skiff.db')
  keyFile = join(directory, 'secrets.key')
})
afterEach(() => rmSync(directory, { recursive: true }))

const openPlain = () => createSqliteStore({ path })
const openSealed = () => createSqliteStore({ path, sealing: { keyFile, prefixes: ['/secrets/'] } })

async function write(store: Store, key: string, text: string): Promise<void> {
  const known = store.get(key)
  if (known === undefined) await store.create(key, () => Buffer.from(text))
  else await store.update(key, known.modRevision, () => Buffer.from(text))
}

/** Every file of the database in which the text stands. */
function filesWith(text: string): string[] {
  return readdirSync(directory).filter((file) => readFileSync(join(directory, file)).includes(text))
}

test('a sealed value stands in no file, also while the store is open, and is the same after a restart', async () => {
  const store = await openSealed()
  await write(store, '/secrets/a', `{"hidden":"${HIDDEN}"}`)
  await write(store, '/others/b', 'seen by all')
  expect(filesWith(HIDDEN)).toEqual([])
  expect(filesWith('seen by all')).not.toEqual([])
  expect(store.get('/secrets/a')?.value.toString()).toBe(`{"hidden":"${HIDDEN}"}`)
  await store.close()
  expect(filesWith(HIDDEN)).toEqual([])

  const again = await openSealed()
  expect(again.get('/secrets/a')?.value.toString()).toBe(`{"hidden":"${HIDDEN}"}`)
  await again.close()
})

test('the key is made once and only its owner reads it', async () => {
  await (await openSealed()).close()
  const key = readFileSync(keyFile, 'utf8')
  await (await openSealed()).close()

  expect(statSync(keyFile).mode & 0o777).toBe(0o600)
  expect(readFileSync(keyFile, 'utf8')).toBe(key)
})

test('a database from before is sealed when it is opened: nothing in the clear is left, deleted and older values included', async () => {
  const plain = await openPlain()
  await write(plain, '/secrets/kept', `${HIDDEN} 1`)
  await write(plain, '/secrets/kept', `${HIDDEN} 2`)
  await write(plain, '/secrets/gone', `${HIDDEN} 3`.repeat(2_000))
  await plain.delete('/secrets/gone', plain.get('/secrets/gone')?.modRevision ?? 0)
  await plain.close()
  expect(filesWith(HIDDEN)).not.toEqual([])

  const sealed = await openSealed()

  expect(filesWith(HIDDEN)).toEqual([])
  expect(sealed.get('/secrets/kept')?.value.toString()).toBe(`${HIDDEN} 2`)
  await sealed.close()
})

test('without its key, or with another one, the database is refused in one line, and the key is not made anew', async () => {
  const store = await openSealed()
  await write(store, '/secrets/a', HIDDEN)
  await store.close()
  const key = readFileSync(keyFile)

  rmSync(keyFile)
  await expect(openSealed()).rejects.toThrow(
    /^.*skiff\.db holds Secrets that are sealed, but their key .*secrets\.key is missing: put it back$/,
  )
  expect(readdirSync(directory)).not.toContain('secrets.key')
  writeFileSync(keyFile, newSealKey())
  await expect(openSealed()).rejects.toThrow(
    /^.*secrets\.key is not the key of this database: \/secrets\/a is sealed with another; put the right key back$/,
  )
  writeFileSync(keyFile, 'no key\n')
  await expect(openSealed()).rejects.toThrow(/secrets\.key is damaged: each of its lines must be a key of 32 bytes in base64$/)
  await expect(openPlain()).rejects.toThrow('is sealed: it can only be opened with its key')

  writeFileSync(keyFile, key)
  await (await openSealed()).close()
})

test('a key is replaced by a new line above it, and the old one is of no use after the next start', async () => {
  const store = await openSealed()
  await write(store, '/secrets/a', HIDDEN)
  await store.close()
  const newKey = newSealKey()
  writeFileSync(keyFile, `# replaced on Friday\n${newKey}${readFileSync(keyFile, 'utf8')}`)
  await (await openSealed()).close()
  writeFileSync(keyFile, newKey)

  const again = await openSealed()

  expect(again.get('/secrets/a')?.value.toString()).toBe(HIDDEN)
  await again.close()
})
