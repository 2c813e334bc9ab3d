import { ResidentProgram } from '@skiff/client'

export interface ShellAnswer {
  readonly exitCode: number
  /** What it wrote to either of its outputs. */
  readonly output: string
}

/** A script that has said nothing for so long never will. */
const ANSWER_TIMEOUT_MS = 30_000

/** A shell that stays, and runs one small script after the other: starting programs costs it next to nothing. */
export class ResidentShell {
  readonly #program: ResidentProgram<ShellAnswer>

  constructor(command: readonly string[] = ['sh']) {
    this.#program = new ResidentProgram({
      command,
      answersOn: 'stdout',
      frame: framed,
      answerIn,
      timeoutMs: ANSWER_TIMEOUT_MS,
    })
  }

  run(script: string): Promise<ShellAnswer> {
    return this.#program.ask(script)
  }
}

/** Its exit code and the length of its output, then the output. */
function framed(script: string): string {
  return `o=$( { ${script}\n} 2>&1 )\nprintf '%s %s\\n%s\\n' $? \${#o} "$o"\n`
}

function answerIn(said: string): ShellAnswer | undefined {
  const [head, exitCode, length] = /^(\d+) (\d+)\n/.exec(said) ?? []
  if (head === undefined || exitCode === undefined || length === undefined) return undefined
  const end = head.length + Number(length)
  if (said.length <= end) return undefined
  const output = Buffer.from(said.slice(head.length, end), 'latin1').toString('utf8')
  return { exitCode: Number(exitCode), output }
}
