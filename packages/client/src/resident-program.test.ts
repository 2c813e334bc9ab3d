import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { ResidentProgram } from './resident-program.ts'

/** Answers each line by running it; the line's end is told on either output. */
function shell({ answersOn = 'stdout', timeoutMs = 60_000, requestsEach }: Partial<Options> = {}): ResidentProgram<string> {
  const to = answersOn === 'stdout' ? '1' : '2'
  return new ResidentProgram({
    command: ['sh'],
    answersOn,
    frame: (script) => `{ ${script}; echo end; } >&${to}\n`,
    answerIn: (said) => (said.endsWith('end\n') ? said.slice(0, -'end\n'.length).trim() : undefined),
    timeoutMs,
    ...(requestsEach === undefined ? {} : { requestsEach }),
  })
}

interface Options {
  readonly answersOn: 'stdout' | 'stderr'
  readonly timeoutMs: number
  readonly requestsEach: number
}

test.each(['stdout', 'stderr'] as const)('one process answers all requests in their order, on its %s', async (answersOn) => {
  const program = shell({ answersOn })
  const [one, two, three] = await Promise.all([program.ask('echo $$'), program.ask('echo $$'), program.ask('echo three')])
  expect(one).toMatch(/^\d+$/)
  expect(two).toBe(one)
  expect(three).toBe('three')
})

test('fails the request during which it ended, and answers those behind it by another', async () => {
  const program = shell()
  const [ended, next] = await Promise.allSettled([program.ask('kill -9 $$'), program.ask('echo again')])
  expect(ended).toMatchObject({ status: 'rejected', reason: new Error('sh ended before it had answered') })
  expect(next).toEqual({ status: 'fulfilled', value: 'again' })
})

test('answers by another when it was killed between two requests', async () => {
  const program = shell()
  const first = Number(await program.ask('echo $$'))
  process.kill(first, 'SIGKILL')
  await expect.poll(() => program.ask('echo $$').catch(() => String(first))).not.toBe(String(first))
})

test('kills one that hangs, and fails what it was asked', async () => {
  const program = shell({ timeoutMs: 50 })
  await expect(program.ask('while :; do :; done')).rejects.toThrow('ended before it had answered')
})

test('takes another after so many requests', async () => {
  const program = shell({ requestsEach: 2 })
  const ids = await Promise.all(Array.from({ length: 5 }, () => program.ask('echo $$')))
  expect(ids[1]).toBe(ids[0])
  expect(ids[3]).toBe(ids[2])
  expect(new Set(ids).size).toBe(3)
})

test('a program that is missing fails each request', async () => {
  const program = new ResidentProgram({
    command: ['no-such-program'],
    answersOn: 'stdout',
    frame: (request) => request,
    answerIn: (said) => said,
    timeoutMs: 60_000,
  })
  await expect(program.ask('x')).rejects.toThrow('ENOENT')
  await expect(program.ask('y')).rejects.toThrow('ENOENT')
})

test('a process that has no file left for its pipes lives on, and is answered when there are some again', async () => {
  const fixture = fileURLToPath(new URL('testing/ask-without-files.fixture.ts', import.meta.url))
  const { stdout } = await promisify(execFile)('sh', ['-c', 'ulimit -n 64; exec "$0" "$1"', process.execPath, fixture])
  expect(JSON.parse(stdout)).toEqual([expect.stringContaining('EMFILE'), 'second'])
})
