import { execFile, spawn } from 'node:child_process'
import { access, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { ResidentShell } from './resident-shell.ts'

/** What the pod network does to its host; tests pass their own. */
export interface HostCommands {
  /** Runs a program (no shell) and gives its output. Rejects with `CommandError` when it fails. */
  run(command: string, args: readonly string[], input?: string): Promise<string>
  /**
   * For what is done for every pod: runs a small shell script, at a fraction of the cost of `run`, one after the other. Gives the
   * text of both its outputs. Rejects with `CommandError` when it fails.
   */
  script(script: string): Promise<string>
  /** What a program that goes on says, line by line, until it or the signal ends; it ends with this process. */
  lines(command: string, args: readonly string[], signal: AbortSignal): AsyncIterable<string>
  /** Whether this host has a network interface of that name. */
  hasLink(name: string): Promise<boolean>
  /** `net.ipv4.ip_forward` and the like, in the agent's own network namespace. */
  setSysctl(name: string, value: string): Promise<void>
}

export class CommandError extends Error {
  override name = 'CommandError'
  /** What the program wrote to its stderr. */
  readonly words: string
  constructor(command: string, words: string, options: { cause: unknown }) {
    super(`${command}: ${words}`, options)
    this.words = words
  }
}

const COMMAND_TIMEOUT_MS = 30_000

export function hostCommands(): HostCommands {
  const shell = new ResidentShell()
  return { run, script: (script) => runScript(shell, script), lines, hasLink, setSysctl }
}

/** `HostCommands.script`, by this shell. */
export async function runScript(shell: ResidentShell, script: string): Promise<string> {
  const [line = ''] = script.split('\n')
  const { exitCode, output } = await shell.run(script).catch((error: Error) => {
    throw new CommandError(line, error.message, { cause: error })
  })
  if (exitCode !== 0) throw new CommandError(line, output || `exit code ${exitCode}`, { cause: undefined })
  return output
}

function run(command: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      [...args],
      { timeout: COMMAND_TIMEOUT_MS, maxBuffer: 64 * 2 ** 20 },
      (error, stdout, stderr) => {
        if (error === null) return resolve(stdout)
        reject(new CommandError(`${command} ${args.join(' ')}`, stderr.trim() || error.message, { cause: error }))
      },
    )
    // A program that ended early doesn't read its input; its exit code says why.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}

async function* lines(command: string, args: readonly string[], signal: AbortSignal): AsyncGenerator<string> {
  // It reads nothing whose end it could notice: the kernel ends it with us, however we end.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  const stop = () => void child.kill()
  signal.addEventListener('abort', stop, { once: true })
  const failed = new Promise<never>((_resolve, reject) => child.once('error', reject))
  failed.catch(stop)
  try {
    yield* createInterface({ input: child.stdout })
    if (child.pid === undefined) await failed
  } finally {
    stop()
    signal.removeEventListener('abort', stop)
  }
}

function hasLink(name: string): Promise<boolean> {
  return access(`/sys/class/net/${name}`).then(
    () => true,
    () => false,
  )
}

async function setSysctl(name: string, value: string): Promise<void> {
  await writeFile(`/proc/sys/${name.replaceAll('.', '/')}`, value)
}
