/** The command line as a user runs it. */
import { type ChildProcess, execFile } from 'node:child_process'
import { join } from 'node:path'
import type { CommandResult } from './kubectl.ts'

const SKIFF = join(import.meta.dirname, '..', '..', 'packages', 'cli', 'bin', 'skiff')
const TIMEOUT_MS = 180_000

export function runSkiff(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CommandResult> {
  return startSkiff(args, env).outcome
}

/** For those that somebody is to interrupt. */
export function startSkiff(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { readonly child: ChildProcess; readonly outcome: Promise<CommandResult> } {
  const { promise, resolve } = Promise.withResolvers<CommandResult>()
  const options = { timeout: TIMEOUT_MS, env: { ...process.env, ...env } }
  const child = execFile(SKIFF, args, options, (error, stdout, stderr) => {
    const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
    resolve({ code, stdout, stderr })
  })
  return { child, outcome: promise }
}
