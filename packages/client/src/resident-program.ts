import { type ChildProcess, spawn } from 'node:child_process'

export interface ResidentProgramOptions<Answer> {
  /** The program and its arguments. */
  readonly command: readonly string[]
  /** On top of this process's own environment. */
  readonly env?: Readonly<Record<string, string>>
  /** The output on which it answers; nobody reads the other. */
  readonly answersOn: 'stdout' | 'stderr'
  /** What it is sent for a request. */
  readonly frame: (request: string) => string
  /** The answer in what it has said since, a character for each byte; undefined as long as more of it is to come. */
  readonly answerIn: (said: string) => Answer | undefined
  /** One that has not answered for so long never will: it is killed. */
  readonly timeoutMs: number
  /** After so many requests another takes its place: programs that were made for people remember all that they are told. */
  readonly requestsEach?: number
}

interface Asked<Answer> {
  readonly request: string
  readonly answer: PromiseWithResolvers<Answer>
}

/**
 * A program that stays, and answers one request after the other. To start a program from here costs this process 2 to 10 ms in
 * which nothing else of it gets on, since all of its memory is prepared for the child. Started with the first request, and again
 * when it has ended; the request that it had then fails, and is not made again: nobody knows how far it came.
 */
export class ResidentProgram<Answer> {
  readonly #options: ResidentProgramOptions<Answer>
  readonly #waiting: Asked<Answer>[] = []
  #program: ChildProcess | undefined
  #requests = 0
  #current: Asked<Answer> | undefined
  #said = ''
  #timer: NodeJS.Timeout | undefined

  constructor(options: ResidentProgramOptions<Answer>) {
    this.#options = options
  }

  ask(request: string): Promise<Answer> {
    const answer = Promise.withResolvers<Answer>()
    this.#waiting.push({ request, answer })
    this.#next()
    return answer.promise
  }

  #next(): void {
    if (this.#current !== undefined) return
    this.#current = this.#waiting.shift()
    keepAlive(this.#program, this.#current !== undefined)
    if (this.#current !== undefined) this.#send(this.#current)
  }

  #send({ request }: Asked<Answer>): void {
    try {
      this.#program ??= this.#start()
    } catch (error) {
      // No memory is left for it.
      this.#settle(({ answer }) => answer.reject(error))
      return
    }
    this.#requests += 1
    this.#timer = setTimeout(() => this.#program?.kill('SIGKILL'), this.#options.timeoutMs)
    this.#program.stdin?.write(this.#options.frame(request))
  }

  #start(): ChildProcess {
    const { command, env, answersOn } = this.#options
    const [name = '', ...args] = command
    // In this locale a text is its bytes.
    const options = { env: { ...process.env, ...env, LC_ALL: 'C' } }
    const program: ChildProcess =
      answersOn === 'stdout'
        ? spawn(name, args, { ...options, stdio: ['pipe', 'pipe', 'ignore'] })
        : spawn(name, args, { ...options, stdio: ['pipe', 'ignore', 'pipe'] })
    this.#requests = 0
    // First of all: where no file is left for its pipes there are none, and this is all that is told.
    program.on('error', (error) => this.#lost(program, error))
    program.once('close', () => this.#lost(program, new Error(`${name} ended before it had answered`)))
    program[answersOn]?.setEncoding('latin1').on('data', (text: string) => this.#hear(program, text))
    // It has ended: that is told above.
    program.stdin?.on('error', () => undefined)
    return program
  }

  #hear(program: ChildProcess, text: string): void {
    if (this.#program !== program) return
    this.#said += text
    const answer = this.#options.answerIn(this.#said)
    if (answer === undefined) return
    if (this.#requests >= (this.#options.requestsEach ?? Number.POSITIVE_INFINITY)) this.#dismiss()
    this.#settle((asked) => asked.answer.resolve(answer))
  }

  /** It ends when it finds nothing more to read. */
  #dismiss(): void {
    this.#program?.stdin?.end()
    keepAlive(this.#program, false)
    this.#program = undefined
  }

  #lost(program: ChildProcess, error: Error): void {
    if (this.#program !== program) return
    this.#program = undefined
    this.#settle(({ answer }) => answer.reject(error))
  }

  #settle(tell: (asked: Asked<Answer>) => void): void {
    clearTimeout(this.#timer)
    const asked = this.#current
    this.#current = undefined
    this.#said = ''
    if (asked !== undefined) tell(asked)
    this.#next()
  }
}

/** While it has nothing to do the process may end, and the program then ends with it: its input does. */
function keepAlive(program: ChildProcess | undefined, busy: boolean): void {
  if (program === undefined) return
  const handles = [program, program.stdin, program.stdout, program.stderr] as unknown as readonly (Handle | null)[]
  for (const handle of handles) {
    if (busy) handle?.ref()
    else handle?.unref()
  }
}

interface Handle {
  ref(): void
  unref(): void
}
