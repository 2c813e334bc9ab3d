import { ResidentProgram } from '@skiff/client'
import { runCommand } from './run-command.ts'

/** The kernel lets one transaction in after the other, Docker's too; pods that leave wait for ours. */
const ANSWER_TIMEOUT_MS = 5_000
/** It keeps what it was told as a history for people, which makes it larger and slower. */
const TRANSACTIONS_EACH = 200
const ENVIRONMENT = {
  // Where it would keep that history for the next day.
  HOME: '/dev/null',
  // This process gives memory back as soon as it can; doing so costs nft a third of its time.
  MALLOC_TRIM_THRESHOLD_: '4194304',
  MALLOC_MMAP_THRESHOLD_: '4194304',
}
/** No command of nft's: it says so, and then it is done with what came before. */
const END = 'skiff_end'
/** The answer to that alone. */
const DONE = new RegExp(`^Error: .*\\n${END}\\n.*\\n$`)
const ANSWERED = new RegExp(`^${END}\\n.*\\n`, 'm')

/**
 * An `nft` that stays, for the small transactions of every day: each costs half a millisecond of processor time, and 5 to 15 when
 * a process is started for it. Where `nft` can't stay (it was built without its prompt) each has a process of its own.
 */
export class ResidentNft {
  readonly #program = new ResidentProgram<string>({
    command: ['nft', '-i'],
    env: ENVIRONMENT,
    answersOn: 'stderr',
    frame: (script) => `${script.replaceAll('\n', '; ')}\n${END}\n`,
    answerIn: (said) => (ANSWERED.test(said) ? said : undefined),
    timeoutMs: ANSWER_TIMEOUT_MS,
    requestsEach: TRANSACTIONS_EACH,
  })
  #hasAnswered = false
  #stays = true

  /**
   * Applies commands, one a line, as one transaction. Rejected when it was refused, and also when nobody knows whether it
   * was applied; it is no longer under way then.
   */
  async apply(script: string): Promise<void> {
    if (!this.#stays) return void (await runCommand('nft', ['-f', '-'], `${script}\n`))
    const said = await this.#ask(script)
    if (!DONE.test(said)) throw new Error(`nft: ${said.slice(0, said.lastIndexOf('Error: ')).trim()}`)
  }

  async #ask(script: string): Promise<string> {
    try {
      const said = await this.#program.ask(script)
      this.#hasAnswered = true
      return said
    } catch (error) {
      if (!this.#hasAnswered) this.#stays = false
      throw error
    }
  }
}
