import { execFile } from 'node:child_process'

/** Runs a program to its end and gives its output; the error's message is what it said on standard error. */
export function run(program: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout)
      const why = error.code === 'ENOENT' ? `${program} is not found in PATH (${process.env.PATH})` : error.message
      reject(new Error(`${program} ${args.join(' ')}: ${stderr.trim() || why}`, { cause: error }))
    })
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}

/** As `run`, for what may already be so. */
export async function tryRun(program: string, args: readonly string[]): Promise<boolean> {
  return run(program, args).then(
    () => true,
    () => false,
  )
}
