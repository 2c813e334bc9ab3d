import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ApiError, notFound } from '@skiff/api'
import { Checkpoint } from '@skiff/client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LastAnswers } from './last-answers.ts'

const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
const UNREACHABLE = new ApiError('ServiceUnavailable', 'cannot reach the API server')

let directory: string
let checkpoint: Checkpoint
let isAway: boolean
let answers: LastAnswers

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skiff-answers-'))
  isAway = false
  answers = answersOf()
})
afterEach(async () => {
  await checkpoint.flush()
  await rm(directory, { recursive: true, force: true })
})

function answersOf(): LastAnswers {
  checkpoint = new Checkpoint({ directory, cluster: 'c', node: 'node-1', logger: SILENT })
  return new LastAnswers({ checkpoint, isAway: () => isAway })
}

async function nextAgent(): Promise<LastAnswers> {
  await checkpoint.flush()
  const next = answersOf()
  await next.restore()
  return next
}

test('what the API said last counts while it can not be reached, and for the next agent too', async () => {
  await answers.ask('p-1', 'k', async () => 'first')
  await answers.ask('p-1', 'k', async () => 'second')
  const unreachable = () => Promise.reject(UNREACHABLE)
  expect(await answers.ask('p-1', 'k', unreachable)).toBe('second')
  expect(await (await nextAgent()).ask('p-1', 'k', unreachable)).toBe('second')
  await expect(answers.ask('p-1', 'other', unreachable)).rejects.toBe(UNREACHABLE)
})

test('what the API says now counts more, be it a refusal', async () => {
  await answers.ask('p-1', 'k', async () => 'first')
  const next = await nextAgent()
  await expect(next.ask('p-1', 'k', () => Promise.reject(notFound('secrets', 'k')))).rejects.toThrow('not found')
  expect(await next.ask('p-1', 'k', async () => 'now')).toBe('now')
})

test('a master that has not answered yet is not waited for where its answer is known', async () => {
  await answers.ask('p-1', 'k', async () => 'first')
  isAway = true
  expect(await answers.ask('p-1', 'k', () => new Promise(() => undefined))).toBe('first')
})

test('is kept as long as one of the pods that need it is here', async () => {
  for (const uid of ['p-1', 'p-2', 'p-3']) answers.remember(uid, 'shared', 1)
  answers.release('p-1')
  answers.releaseOthers((uid) => uid === 'p-2')
  expect((await nextAgent()).recall('shared')).toBe(1)
  answers = await nextAgent()
  answers.release('p-2')
  expect((await nextAgent()).recall('shared')).toBeUndefined()
})
