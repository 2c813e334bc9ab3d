import { execFile } from 'node:child_process'

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

/** Runs a program of the host's, never through a shell; the error's message is what the program said. */
export function runCommand(program: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { maxBuffer: MAX_OUTPUT_BYTES }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout)
      const isMissing = error.code === 'ENOENT'
      const problem = isMissing
        ? 'is not installed (Debian: apt-get install nftables iproute2 iptables conntrack)'
        : stderr.trim() || error.message
      reject(new Error(`${program}: ${problem}`))
    })
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}
