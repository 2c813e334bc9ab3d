import type { ContainerRuntime } from '../runtime/runtime.ts'

export interface CommandResult {
  readonly exitCode: number
  /** Standard output and standard error as they came, cut at `MAX_OUTPUT_BYTES`. */
  readonly output: string
}

const MAX_OUTPUT_BYTES = 10 * 1024

export class CommandTimeout extends Error {
  override name = 'CommandTimeout'
}

/** Runs a command inside a container to its end, or kills it and throws CommandTimeout. */
export async function runCommand(
  runtime: ContainerRuntime,
  containerId: string,
  command: readonly string[],
  timeoutMs: number,
): Promise<CommandResult> {
  const session = await runtime.exec(containerId, { command, stdin: false, tty: false })
  const output = collect(session.stdout, session.stderr)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new CommandTimeout(timeoutText(command, timeoutMs))), timeoutMs)
  })
  try {
    return { exitCode: await Promise.race([session.exit, late]), output: output() }
  } catch (error) {
    if (error instanceof CommandTimeout) await session.kill().catch(() => undefined)
    throw error
  } finally {
    clearTimeout(timer)
  }
}

function timeoutText(command: readonly string[], timeoutMs: number): string {
  return `command timed out: ${JSON.stringify(command.join(' '))} timed out after ${timeoutMs / 1000}s`
}

function collect(...streams: readonly (NodeJS.ReadableStream | undefined)[]): () => string {
  const chunks: Buffer[] = []
  let size = 0
  for (const stream of streams) {
    stream?.on('data', (chunk: Buffer | string) => {
      if (size >= MAX_OUTPUT_BYTES) return
      const bytes = Buffer.from(chunk)
      chunks.push(bytes.subarray(0, MAX_OUTPUT_BYTES - size))
      size += bytes.length
    })
    stream?.on('error', () => undefined)
  }
  return () => Buffer.concat(chunks).toString('utf8')
}
