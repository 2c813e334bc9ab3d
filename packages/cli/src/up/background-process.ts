/**
 * A process that outlives the command that started it: known by a file with its pid, the time it was started at
 * (a pid alone may be somebody else's by now) and what it was started as.
 */
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeFailure } from '@skiff/client'
import { LOG_FILE_VARIABLE } from '../component-logger.ts'
import { isAlive, type ProcessIdentity, processIdentity } from '../hosts/index.ts'

export interface BackgroundProcess {
  readonly name: string
  readonly command: readonly string[]
  /** Something else than before means that the running process is out of date. */
  readonly stamp: string
  readonly env?: Readonly<Record<string, string>>
}

interface ProcessRecord extends ProcessIdentity {
  readonly stamp: string
  readonly command: readonly string[]
}

const POLL_MS = 50
const STOP_TIMEOUT_MS = 15_000

export class ProcessTable {
  readonly #runDirectory: string
  readonly #logDirectory: string

  constructor({ runDirectory, logDirectory }: { runDirectory: string; logDirectory: string }) {
    this.#runDirectory = runDirectory
    this.#logDirectory = logDirectory
  }

  logFile(name: string): string {
    return join(this.#logDirectory, `${name}.log`)
  }

  isRunning(name: string): boolean {
    const record = this.#read(name)
    return record !== undefined && isAlive(record)
  }

  /** Starts it unless it runs already with this stamp and command; one that runs otherwise is stopped first. */
  async ensure(process: BackgroundProcess): Promise<'started' | 'restarted' | 'unchanged'> {
    const running = this.isRunning(process.name)
    const record = this.#read(process.name)
    if (running && record?.stamp === process.stamp && record.command.join('\0') === process.command.join('\0')) return 'unchanged'
    if (running) await this.stop(process.name)
    this.#start(process)
    return running ? 'restarted' : 'started'
  }

  /** SIGTERM, and SIGKILL when it is still there after a while. */
  async stop(name: string): Promise<boolean> {
    const record = this.#read(name)
    const running = record !== undefined && isAlive(record)
    if (running) await endProcess(record)
    rmSync(this.#recordFile(name), { force: true })
    return running
  }

  /** Sends a signal to it, as a test of a crash does. */
  signal(name: string, signal: NodeJS.Signals): void {
    const record = this.#read(name)
    if (record && isAlive(record)) send(signalled(record.pid), signal)
  }

  #start({ name, command, stamp, env }: BackgroundProcess): void {
    const [program, ...args] = command
    if (program === undefined) throw new Error(`${name} has no command`)
    mkdirSync(this.#runDirectory, { recursive: true, mode: 0o700 })
    const log = this.#openLog(name)
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...process.env, [LOG_FILE_VARIABLE]: this.logFile(name), ...env },
    })
    closeSync(log)
    child.once('error', () => undefined)
    child.unref()
    if (child.pid === undefined) throw new Error(`${program} could not be started`)
    const record: ProcessRecord = { ...(processIdentity(child.pid) ?? { pid: child.pid, startTime: '' }), stamp, command }
    try {
      writeFileSync(this.#recordFile(name), JSON.stringify(record), { mode: 0o600 })
    } catch (error) {
      // Nobody would find it again.
      child.kill()
      throw writeFailure(this.#recordFile(name), error)
    }
  }

  #openLog(name: string): number {
    const file = this.logFile(name)
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    return openSync(file, 'a', 0o600)
  }

  #recordFile(name: string): string {
    return join(this.#runDirectory, `${name}.json`)
  }

  #read(name: string): ProcessRecord | undefined {
    try {
      return JSON.parse(readFileSync(this.#recordFile(name), 'utf8')) as ProcessRecord
    } catch {
      return undefined
    }
  }
}

async function endProcess(record: ProcessRecord): Promise<void> {
  send(signalled(record.pid), 'SIGTERM')
  const deadline = Date.now() + STOP_TIMEOUT_MS
  while (isAlive(record)) {
    // With all that it has started: it leads a process group of its own.
    if (Date.now() > deadline) send(-record.pid, 'SIGKILL')
    await sleep(POLL_MS)
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    // It has ended by itself since it was looked at.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** A command that runs inside a host is the only child of the `nsenter` that took it there. */
function signalled(pid: number): number {
  try {
    if (readFileSync(`/proc/${pid}/comm`, 'utf8').trim() !== 'nsenter') return pid
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
    return Number(child) || pid
  } catch {
    return pid
  }
}
