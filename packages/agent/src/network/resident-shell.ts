import { type ChildProcess, spawn } from 'node:child_process'

interface Asked {
  readonly script: string
  readonly answer: PromiseWithResolvers<ShellAnswer>
}

export interface ShellAnswer {
  readonly exitCode: number
  /** What it wrote to either of its outputs. */
  readonly output: string
}

/** A script that has said nothing for so long never will. */
const ANSWER_TIMEOUT_MS = 30_000

/**
 * A shell that stays, and runs one small script after the other. To start a program from here costs this process 2 to 10 ms in
 * which nothing else of it gets on, since all of its memory is prepared for the child; from a small one it costs next to nothing.
 */
export class ResidentShell {
  readonly #command: readonly string[]
  readonly #waiting: Asked[] = []
  #shell: ChildProcess | undefined
  #current: Asked | undefined
  #said = ''
  #timer: NodeJS.Timeout | undefined

  constructor(command: readonly string[] = ['sh']) {
    this.#command = command
  }

  run(script: string): Promise<ShellAnswer> {
    const answer = Promise.withResolvers<ShellAnswer>()
    this.#waiting.push({ script, answer })
    this.#next()
    return answer.promise
  }

  #next(): void {
    if (this.#current !== undefined) return
    this.#current = this.#waiting.shift()
    this.#shell ??= this.#current && this.#start()
    keepAlive(this.#shell, this.#current !== undefined)
    if (this.#current === undefined) return
    this.#timer = setTimeout(() => this.#shell?.kill('SIGKILL'), ANSWER_TIMEOUT_MS)
    this.#shell?.stdin?.write(framed(this.#current.script))
  }

  #start(): ChildProcess {
    // In this locale the length of a text is that of its bytes.
    const [program = '', ...args] = this.#command
    const shell = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'], env: { ...process.env, LC_ALL: 'C' } })
    shell.stdout.setEncoding('latin1')
    shell.stdout.on('data', (text: string) => this.#hear(text))
    // It has ended: that is told below.
    shell.stdin.on('error', () => undefined)
    shell.once('error', (error) => this.#lost(shell, error))
    shell.once('close', () => this.#lost(shell, new Error('the shell that runs the commands of the network ended')))
    return shell
  }

  #hear(text: string): void {
    this.#said += text
    const [, exitCode, length] = /^(\d+) (\d+)\n/.exec(this.#said) ?? []
    if (exitCode === undefined || length === undefined) return
    const begin = this.#said.indexOf('\n') + 1
    const end = begin + Number(length)
    if (this.#said.length <= end) return
    const output = Buffer.from(this.#said.slice(begin, end), 'latin1').toString('utf8')
    this.#settle(({ answer }) => answer.resolve({ exitCode: Number(exitCode), output }))
  }

  /** What it was asked is not asked again: nobody knows how far it came. */
  #lost(shell: ChildProcess, error: Error): void {
    if (this.#shell !== shell) return
    this.#shell = undefined
    this.#settle(({ answer }) => answer.reject(error))
  }

  #settle(tell: (asked: Asked) => void): void {
    clearTimeout(this.#timer)
    const asked = this.#current
    this.#current = undefined
    this.#said = ''
    if (asked !== undefined) tell(asked)
    this.#next()
  }
}

/** Its exit code and the length of its output, then the output. */
function framed(script: string): string {
  return `o=$( { ${script}\n} 2>&1 )\nprintf '%s %s\\n%s\\n' $? \${#o} "$o"\n`
}

/** While it has nothing to do the process may end, and the shell then ends with it: its input does. */
function keepAlive(shell: ChildProcess | undefined, busy: boolean): void {
  if (shell === undefined) return
  const handles = [shell, shell.stdin, shell.stdout] as unknown as readonly { ref(): void; unref(): void }[]
  for (const handle of handles) {
    if (busy) handle.ref()
    else handle.unref()
  }
}
