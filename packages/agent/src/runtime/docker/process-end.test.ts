import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { processEnd } from './process-end.ts'

test('the end of a process is seen without anybody telling it', async () => {
  const program = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] })
  await once(program, 'spawn')
  const seen = processEnd({ id: '', pid: program.pid ?? 0 }, new AbortController().signal)
  program.stdin.end()
  await seen
})

test('of a process that can’t be seen, or is another one of that number, nothing is told but the signal', async () => {
  const end = new AbortController()
  let seen = 0
  const ends = [2 ** 30, process.pid].map(async (pid) => {
    await processEnd({ id: '0123456789abcdef', pid }, end.signal)
    seen += 1
  })
  await Promise.resolve()
  expect(seen).toBe(0)
  end.abort()
  await Promise.all(ends)
})
