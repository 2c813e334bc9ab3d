import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ProcessTable } from './background-process.ts'

let directory: string
let processes: ProcessTable

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'processes-'))
  processes = new ProcessTable({ runDirectory: join(directory, 'run'), logDirectory: join(directory, 'log') })
})

afterEach(async () => {
  await processes.stop('worker')
  rmSync(directory, { recursive: true })
})

const worker = (stamp: string) => ({ name: 'worker', command: ['sh', '-c', 'echo started; exec sleep 60'], stamp })

describe('a background process', () => {
  it('is started once, and again only when its stamp changed', async () => {
    expect(await processes.ensure(worker('1'))).toBe('started')
    expect(await processes.ensure(worker('1'))).toBe('unchanged')
    expect(await processes.ensure(worker('2'))).toBe('restarted')
    expect(processes.isRunning('worker')).toBe(true)
  })

  it('writes to its log', async () => {
    await processes.ensure(worker('1'))
    await vi.waitFor(() => expect(readFileSync(processes.logFile('worker'), 'utf8')).toBe('started\n'), { timeout: 30_000 })
  })

  it('is gone after it was stopped, and stopping it again does no harm', async () => {
    await processes.ensure(worker('1'))
    expect(await processes.stop('worker')).toBe(true)
    expect(processes.isRunning('worker')).toBe(false)
    expect(await processes.stop('worker')).toBe(false)
  })

  it('is ended at once when it can not be known again, as on a full disk', async () => {
    mkdirSync(join(directory, 'run', 'other.json'), { recursive: true })
    const waiting = join(directory, 'never-written')
    const other = { name: 'other', command: ['tail', '-F', waiting], stamp: '1' }
    await expect(processes.ensure(other)).rejects.toThrow(/other\.json can't be written/)
    await expect.poll(() => spawnSync('pgrep', ['-f', waiting]).status, { timeout: 30_000 }).toBe(1)
  })

  it('is started anew when it died', async () => {
    await processes.ensure({ name: 'worker', command: ['true'], stamp: '1' })
    await vi.waitFor(() => expect(processes.isRunning('worker')).toBe(false), { timeout: 30_000 })
    expect(await processes.ensure(worker('1'))).toBe('started')
  })
})
