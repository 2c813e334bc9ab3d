import { execFile } from 'node:child_process'

const LAST_WORDS = 2_000

/** Runs a program to its end, behind everything else that this machine does. Its output is only told when it fails. */
export function runQuietly(program: string, args: readonly string[], signal: AbortSignal): Promise<void> {
  const path = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`
  return new Promise((resolve, reject) => {
    execFile(
      'nice',
      ['-n', '19', program, ...args],
      { signal, env: { ...process.env, PATH: path }, maxBuffer: 64 * 2 ** 20 },
      (error, stdout, stderr) => {
        if (error === null) return resolve()
        reject(
          new Error(`${program} failed: ${`${stdout}${stderr}`.slice(-LAST_WORDS).trim() || error.message}`, { cause: error }),
        )
      },
    )
  })
}
