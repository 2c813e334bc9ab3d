/** The command line as a user runs it. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import type { CommandResult } from './kubectl.ts'

const SKIFF = join(import.meta.dirname, '..', '..', 'packages', 'cli', 'bin', 'skiff')
const TIMEOUT_MS = 180_000

export function runSkiff(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(SKIFF, args, { timeout: TIMEOUT_MS, env: { ...process.env, ...env } }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
      resolve({ code, stdout, stderr })
    })
  })
}
