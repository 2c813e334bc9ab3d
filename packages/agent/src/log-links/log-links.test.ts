import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ContainerState } from '../runtime/runtime.ts'
import { LogLinks } from './log-links.ts'

const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

let folder: string
let directory: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skiff-links-'))
  directory = join(folder, 'log')
  await mkdir(directory)
})
afterEach(() => rm(folder, { recursive: true }))

async function container(id: string, attempt: number, fields: { readonly pod?: string } = {}): Promise<ContainerState> {
  const logPath = join(folder, `${id}-json.log`)
  await writeFile(logPath, `${id} speaks`)
  const { pod = 'web' } = fields
  return { id, name: 'c', attempt, logPath, pod: { namespace: 'default', name: pod, uid: 'u1' } } as ContainerState
}

test('a log is where collectors look for it, for as long as its container is there', async () => {
  const links = new LogLinks({ logger: SILENT, directory })
  const [first, second] = [await container('id0', 0), await container('id1', 1)]
  links.show(first)
  await links.forget([first])
  links.show(second)
  links.show(first)
  await links.forget([first])

  expect(await readFile(join(directory, 'containers', 'web_default_c-id1.log'), 'utf8')).toBe('id1 speaks')
  expect(await readFile(join(directory, 'pods', 'default_web_u1', 'c', '1.log'), 'utf8')).toBe('id1 speaks')
  expect(await readdir(join(directory, 'containers'))).toEqual(['web_default_c-id1.log'])
  expect(await readdir(join(directory, 'pods', 'default_web_u1', 'c'))).toEqual(['1.log'])
  await links.forget([second])
  expect([await readdir(join(directory, 'containers')), await readdir(join(directory, 'pods'))]).toEqual([[], []])
})

test('what an earlier agent left that leads nowhere goes, and what others have there stays', async () => {
  const gone = await container('gone', 0)
  const before = new LogLinks({ logger: SILENT, directory })
  before.show(gone)
  before.show(await container('here', 1))
  await before.forget([await container('never-shown', 2)])
  await writeFile(join(directory, 'containers', 'of-somebody-else.log'), 'mine')
  await symlink(join(folder, 'here-json.log'), join(directory, 'containers', 'a-link-of-somebody-else.log'))
  await rm(gone.logPath)

  await new LogLinks({ logger: SILENT, directory }).prune()

  expect((await readdir(join(directory, 'containers'))).toSorted()).toEqual([
    'a-link-of-somebody-else.log',
    'of-somebody-else.log',
    'web_default_c-here.log',
  ])
  expect(await readdir(join(directory, 'pods', 'default_web_u1', 'c'))).toEqual(['1.log'])
})

test('a name that no file may have is cut, and nobody is kept waiting by a directory that is in the way', async () => {
  const links = new LogLinks({ logger: SILENT, directory })
  const long = await container('i'.repeat(64), 0, { pod: 'p'.repeat(200) })
  links.show(long)
  await links.forget([await container('other', 1, { pod: 'p'.repeat(200) })])
  expect((await readdir(join(directory, 'containers'))).map((name) => name.length)).toEqual([255])

  await rm(directory, { recursive: true })
  await writeFile(directory, 'in the way')
  links.show(long)
  await expect(links.forget([long])).resolves.toBeUndefined()
})
