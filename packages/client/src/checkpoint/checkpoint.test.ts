import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { collectingLog } from '../testing/log.fixture.ts'
import { Checkpoint } from './checkpoint.ts'

let parent: string
let directory: string
let log: ReturnType<typeof collectingLog>

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'skiff-checkpoint-'))
  directory = join(parent, 'made', 'below')
  log = collectingLog()
})
afterEach(() => rm(parent, { recursive: true, force: true }))

const checkpointOf = (changes: { cluster?: string; node?: string } = {}) =>
  new Checkpoint({ directory, cluster: 'c-1', node: 'node-1', logger: log, ...changes })

const messages = () => log.lines.map(({ message }) => message)

async function kept(content: unknown): Promise<void> {
  const checkpoint = checkpointOf()
  checkpoint.save('pods', () => content)
  await checkpoint.flush()
}

test('gives back what was kept last, each name by itself', async () => {
  await kept(['a'])
  await kept([{ name: 'ä' }])
  expect(await checkpointOf().load('pods')).toEqual([{ name: 'ä' }])
  expect(await checkpointOf().load('nodes')).toBeUndefined()
  expect(messages()).toEqual([])
})

test('is readable by root alone, and leaves nothing else behind', async () => {
  await kept(['secret'])
  expect((await stat(directory)).mode & 0o777).toBe(0o700)
  expect((await stat(join(directory, 'pods.json'))).mode & 0o777).toBe(0o600)
  expect(await readdir(directory)).toEqual(['pods.json'])
})

test('writes once for changes that come together, and not at all for what is on the disk already', async () => {
  const checkpoint = checkpointOf()
  let asked = 0
  const content = () => {
    asked += 1
    return ['a']
  }
  for (let i = 0; i < 5; i++) checkpoint.save('pods', content)
  await checkpoint.flush()
  expect(asked).toBe(1)
  await rm(join(directory, 'pods.json'))
  checkpoint.save('pods', content)
  await checkpoint.flush()
  expect(asked).toBe(2)
  expect(await readdir(directory)).toEqual([])
})

test('writes by itself, soon', async () => {
  const asked = Promise.withResolvers<void>()
  checkpointOf().save('pods', () => asked.resolve())
  await asked.promise
})

test.each([
  ['is cut off', (text: string) => text.slice(0, -10)],
  ['is empty', () => ''],
  ['has one bit turned', (text: string) => text.replace('"a"', '"c"')],
])('ignores a file that %s, and says so', async (_, damage) => {
  await kept(['a'])
  const file = join(directory, 'pods.json')
  await writeFile(file, damage(await readFile(file, 'utf8')))
  expect(await checkpointOf().load('pods')).toBeUndefined()
  expect(messages()).toEqual(['checkpoint is damaged, it is ignored'])
})

test.each([{ cluster: 'c-2' }, { node: 'node-2' }])('ignores what %j finds of another one, and says so', async (other) => {
  await kept(['a'])
  expect(await checkpointOf(other).load('pods')).toBeUndefined()
  expect(messages()).toEqual(['checkpoint is of another cluster or node, it is ignored'])
})

test('says that it can not write, and goes on', async () => {
  await writeFile(join(parent, 'made'), 'a file where the directory should be')
  await kept(['a'])
  expect(messages()).toEqual(['checkpoint was not written'])
  await rm(join(parent, 'made'))
  await kept(['a'])
  expect(await checkpointOf().load('pods')).toEqual(['a'])
})

test('writes what it could not write before, though nothing has changed since', async () => {
  await writeFile(join(parent, 'made'), 'a file where the directory should be')
  const checkpoint = checkpointOf()
  checkpoint.save('pods', () => ['a'])
  await expect.poll(messages, { timeout: 30_000 }).toEqual(['checkpoint was not written'])
  await rm(join(parent, 'made'))
  await checkpoint.flush()
  expect(await checkpointOf().load('pods')).toEqual(['a'])
})
