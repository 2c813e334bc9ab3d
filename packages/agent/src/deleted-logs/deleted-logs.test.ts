import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PodContainers } from '../runtime/runtime.ts'
import { DeletedLogs } from './deleted-logs.ts'

let dataDir: string
let now = 0

beforeEach(async () => {
  now = Date.parse('2026-01-01T00:00:00Z')
  dataDir = await mkdtemp(join(tmpdir(), 'skiff-deleted-'))
})
afterEach(() => rm(dataDir, { recursive: true }))

const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

function keeper(most = { bytes: 1_000, ageMs: 60_000 }): DeletedLogs {
  return new DeletedLogs({ dataDir, now: () => new Date(now), logger: SILENT, most })
}

/** A pod whose container has been started `attempts` times, as the engine left it; its logs hold what is given. */
async function pod(name: string, uid: string, logs: readonly string[]): Promise<PodContainers> {
  const ref = { namespace: 'default', name, uid }
  const containers = logs.map(async (text, attempt) => {
    const folder = join(dataDir, 'engine', `${uid}-${attempt}`)
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'c-json.log'), text)
    await writeFile(join(folder, 'c-json.log.1'), 'older\n')
    return { pod: ref, name: 'c', attempt, logPath: join(folder, 'c-json.log') }
  })
  return { pod: ref, sandboxes: [], containers: await Promise.all(containers) } as never
}

test('keeps what every container of a deleted pod said, with its rotated files, after the engine has removed them', async () => {
  const logs = keeper()
  await logs.keep(await pod('web', 'u1', ['first\n', 'second\n']))
  await rm(join(dataDir, 'engine'), { recursive: true })
  const [found] = await logs.find('default', 'web')
  expect(found).toEqual({ uid: 'u1', deletedAt: new Date(now), containers: [{ name: 'c', attempts: [1, 0] }] })
  const path = logs.pathOf({ namespace: 'default', name: 'web', uid: 'u1' }, 'c', 1)
  expect([await readFile(path, 'utf8'), await readFile(`${path}.1`, 'utf8')]).toEqual(['second\n', 'older\n'])
})

test('names the pod that was deleted last first, also when another agent kept them', async () => {
  const before = keeper()
  await before.keep(await pod('web', 'u1', ['one\n']))
  now += 1_000
  await before.keep(await pod('web', 'u2', ['two\n']))
  await before.keep(await pod('web-2', 'u3', ['other\n']))
  expect((await before.find('default', 'web')).map(({ uid }) => uid)).toEqual(['u2', 'u1'])
  expect(new Set((await keeper({ bytes: 1_000, ageMs: 1e15 }).find('default', 'web')).map(({ uid }) => uid))).toEqual(
    new Set(['u1', 'u2']),
  )
  expect(await before.find('elsewhere', 'web')).toEqual([])
})

test('lets go of the oldest when there is too much, and of what is too old', async () => {
  const logs = keeper({ bytes: 25, ageMs: 60_000 })
  for (const uid of ['u1', 'u2', 'u3']) {
    await logs.keep(await pod('web', uid, ['12345\n']))
    now += 1_000
  }
  expect((await logs.find('default', 'web')).map(({ uid }) => uid)).toEqual(['u3', 'u2'])
  now += 58_500
  await logs.keep(await pod('late', 'u4', ['1\n']))
  expect(await readdir(join(dataDir, 'deleted-logs'))).toEqual(['default_late_u4', 'default_web_u3'])
})

test('lets go of all of them when the disk is needed, and keeps what comes after', async () => {
  const before = keeper()
  await before.keep(await pod('web', 'u1', ['one\n']))
  const logs = keeper({ bytes: 1_000, ageMs: 1e15 })
  await logs.drop()
  expect([await logs.find('default', 'web'), await readdir(join(dataDir, 'deleted-logs'))]).toEqual([[], []])
  await logs.keep(await pod('web', 'u2', ['two\n']))
  expect((await logs.find('default', 'web')).map(({ uid }) => uid)).toEqual(['u2'])
})

test('a pod whose log can’t be kept goes all the same', async () => {
  await writeFile(join(dataDir, 'deleted-logs'), 'in the way')
  await expect(keeper().keep(await pod('web', 'u1', ['one\n']))).resolves.toBeUndefined()
})
