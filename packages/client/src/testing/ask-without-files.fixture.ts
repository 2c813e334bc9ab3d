import { closeSync, openSync } from 'node:fs'
import { ResidentProgram } from '../resident-program.ts'

/** A process of its own, which may open few files: opens all of them, asks, closes them, and asks again. Prints both answers. */
const program = new ResidentProgram({
  command: ['cat'],
  answersOn: 'stdout',
  frame: (request) => `${request}\n`,
  answerIn: (said) => (said.endsWith('\n') ? said.trim() : undefined),
  timeoutMs: 60_000,
})
const files = openAll()
const refused = await program.ask('first').catch((error: unknown) => String(error))
for (const file of files) closeSync(file)
process.stdout.write(JSON.stringify([refused, await program.ask('second')]))

function openAll(): number[] {
  const opened: number[] = []
  try {
    for (;;) opened.push(openSync('/dev/null', 'r'))
  } catch {
    return opened
  }
}
