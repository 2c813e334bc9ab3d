import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { isAlive, processIdentity } from '../hosts/index.ts'
import { KEEP_RUNNING } from './machine.ts'

const PATIENT = { timeout: 30_000 }

let directory: string
let pids: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'keep-running-'))
  pids = join(directory, 'pids')
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

/** Notes the script's own process id. */
const NOTE = 'echo $$ >> "$0"'

function keep(script: string) {
  return spawn(KEEP_RUNNING, ['sh', '-c', script, pids], { stdio: 'ignore' })
}

const started = (): number[] => readFileSync(pids, { encoding: 'utf8', flag: 'a+' }).split('\n').filter(Boolean).map(Number)

async function startedTimes(count: number): Promise<number> {
  await vi.waitFor(() => expect(started()).toHaveLength(count), PATIENT)
  return started()[count - 1] ?? 0
}

test('what is killed is started again, as often as it is, and ends with a SIGTERM to the one that keeps it', async () => {
  const kept = keep(`${NOTE}; exec sleep 300`)
  process.kill(await startedTimes(1), 'SIGKILL')
  process.kill(await startedTimes(2), 'SIGSEGV')
  const last = processIdentity(await startedTimes(3))
  if (last === undefined) throw new Error('it has ended')
  kept.kill('SIGTERM')
  expect(await once(kept, 'exit')).toEqual([143, null])
  expect(isAlive(last)).toBe(false)
})

test('it has the time that it takes to end in good order', async () => {
  const kept = keep(`trap 'sleep 1; exit 0' TERM; ${NOTE}; while :; do sleep 0.1; done`)
  await startedTimes(1)
  kept.kill('SIGTERM')
  expect(await once(kept, 'exit')).toEqual([0, null])
})

test('what ends in good order, or fails at once, is not started again', async () => {
  expect(await once(keep(`${NOTE}; exit 0`), 'exit')).toEqual([0, null])
  expect(await once(keep(`${NOTE}; exit 3`), 'exit')).toEqual([3, null])
  expect(started()).toHaveLength(2)
})
