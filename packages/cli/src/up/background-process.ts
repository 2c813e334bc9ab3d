/**
 * A process that outlives the command that started it: known by a file with its pid, the time it was started at
 * (a pid alone may be somebody else's by now) and what it was started as.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, openSync, closeSync, readFileSync, rmSync, statSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface BackgroundProcess {
  readonly name: string
  readonly command: readonly string[]
  /** Something else than before means that the running process is out of date. */
  readonly stamp: string
  readonly env?: Readonly<Record<string, string>>
}

interface ProcessRecord {
  readonly pid: number
  readonly startTime: string
  readonly stamp: string
  readonly command: readonly string[]
}

const MAX_LOG_BYTES = 10 * 1024 * 1024
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
    return record !== undefined && startTimeOf(record.pid) === record.startTime
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
    const running = record !== undefined && startTimeOf(record.pid) === record.startTime
    if (running) await endProcess(record)
    rmSync(this.#recordFile(name), { force: true })
    return running
  }

  #start({ name, command, stamp, env }: BackgroundProcess): void {
    const [program, ...args] = command
    if (program === undefined) throw new Error(`${name} has no command`)
    const log = this.#openLog(name)
    const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log], env: { ...process.env, ...env } })
    closeSync(log)
    child.once('error', () => undefined)
    child.unref()
    if (child.pid === undefined) throw new Error(`${program} could not be started`)
    mkdirSync(this.#runDirectory, { recursive: true, mode: 0o700 })
    const record: ProcessRecord = { pid: child.pid, startTime: startTimeOf(child.pid) ?? '', stamp, command }
    writeFileSync(this.#recordFile(name), JSON.stringify(record), { mode: 0o600 })
  }

  #openLog(name: string): number {
    const file = this.logFile(name)
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > MAX_LOG_BYTES) renameSync(file, `${file}.1`)
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

async function endProcess({ pid, startTime }: ProcessRecord): Promise<void> {
  process.kill(pid, 'SIGTERM')
  const deadline = Date.now() + STOP_TIMEOUT_MS
  while (startTimeOf(pid) === startTime) {
    if (Date.now() > deadline) process.kill(pid, 'SIGKILL')
    await sleep(POLL_MS)
  }
}

/** Field 22 of /proc/<pid>/stat, in clock ticks since boot; undefined when there is no such process, or it is dead and not yet collected. */
function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}
