import type { Duplex } from 'node:stream'
import { PassThrough } from 'node:stream'
import { StartError, type ExecOptions, type ExecSession } from '../runtime.ts'
import { demultiplex } from './demultiplex.ts'
import { type Engine, READ_TIMEOUT_MS } from './engine.ts'
import { isMissing, wordsOf } from './engine-errors.ts'
import { killProcessTree } from './process-tree.ts'

/** The engine reports a command that can't start as output of that command. */
const START_FAILURE = /^(OCI runtime exec failed: |cannot exec in a stopped )/

/** Runs a command in a container. Both outputs must be read (or destroyed), else neither goes on. */
export async function execSession(engine: Engine, containerId: string, options: ExecOptions): Promise<ExecSession> {
  const execId = await createExec(engine, containerId, options)
  const socket = await engine.stream('start exec', (docker) =>
    docker.getExec(execId).start({ hijack: true, stdin: options.stdin, Detach: false, Tty: options.tty } as never),
  )
  const stdout = new PassThrough()
  const stderr = options.tty ? undefined : new PassThrough()
  const inspect = () =>
    engine.call('inspect exec', READ_TIMEOUT_MS, (docker, abortSignal) => docker.getExec(execId).inspect({ abortSignal }))
  const exit = finish(socket, { stdout, stderr }, async () => {
    const { Pid, ExitCode } = await inspect()
    return { started: Pid !== 0, exitCode: ExitCode ?? 137 }
  })
  // Whoever only reads the output must not fall over an unobserved rejection.
  exit.catch(() => {})
  return {
    stdout,
    stderr,
    stdin: options.stdin ? socket : undefined,
    resize: (columns, rows) =>
      engine.call('resize exec', READ_TIMEOUT_MS, async (docker, abortSignal) => {
        await docker.getExec(execId).resize({ h: rows, w: columns, abortSignal } as never)
      }),
    exit,
    kill: async () => {
      const { Running, Pid } = await inspect()
      if (Running) await killProcessTree(Pid, containerId)
      socket.destroy()
    },
  }
}

/** Attaches to a container's own process: what it writes from now on. `kill` only lets go. */
export async function attachSession(
  engine: Engine,
  containerId: string,
  options: { readonly stdin: boolean; readonly tty: boolean },
): Promise<ExecSession> {
  const container = <T>(run: (of: import('dockerode').Container) => Promise<T>) =>
    engine.stream('attach', (docker) => run(docker.getContainer(containerId)))
  const socket = (await container((of) =>
    of.attach({ stream: true, hijack: true, stdin: options.stdin, stdout: true, stderr: true }),
  )) as unknown as Duplex
  const stdout = new PassThrough()
  const stderr = options.tty ? undefined : new PassThrough()
  const exit = finish(socket, { stdout, stderr }, async () => ({
    started: true,
    exitCode: await container(async (of) => (await of.inspect()).State.ExitCode),
  }))
  exit.catch(() => {})
  return {
    stdout,
    stderr,
    stdin: options.stdin ? socket : undefined,
    resize: async (columns, rows) => {
      await container((of) => of.resize({ h: rows, w: columns }))
    },
    exit,
    kill: async () => {
      socket.destroy()
    },
  }
}

async function createExec(engine: Engine, containerId: string, options: ExecOptions): Promise<string> {
  try {
    const exec = await engine.call('create exec', READ_TIMEOUT_MS, (docker, abortSignal) =>
      docker.getContainer(containerId).exec({
        Cmd: [...options.command],
        AttachStdin: options.stdin,
        AttachStdout: true,
        AttachStderr: true,
        Tty: options.tty,
        abortSignal,
      }),
    )
    return exec.id
  } catch (error) {
    if (isMissing(error)) throw new StartError('ContainerNotFound', wordsOf(error), { cause: error })
    throw error
  }
}

interface Outcome {
  /** False when no process ever ran: what came on the stream are the engine's words then. */
  readonly started: boolean
  readonly exitCode: number
}

async function finish(
  socket: Duplex,
  sinks: { readonly stdout: PassThrough; readonly stderr: PassThrough | undefined },
  outcome: () => Promise<Outcome>,
): Promise<number> {
  const held = holdBackStartFailure(sinks.stdout)
  try {
    await demultiplex(socket, { stdout: held.input, stderr: sinks.stderr })
    held.input.end()
    const { started, exitCode } = await outcome()
    const text = held.text()
    if (!started && text !== undefined) throw new StartError('ExecStartFailed', text.trim())
    held.release()
    return exitCode
  } catch (error) {
    held.input.destroy()
    throw error
  } finally {
    sinks.stdout.end()
    sinks.stderr?.end()
    socket.end()
  }
}

/** Passes output on, unless its beginning reads like the engine's own complaint: that waits until it is known whose it is. */
function holdBackStartFailure(stdout: PassThrough) {
  const held: Buffer[] = []
  let state: 'beginning' | 'held' | 'passing' = 'beginning'
  const input = new PassThrough({
    transform(chunk: Buffer, _encoding, done) {
      if (state === 'beginning') state = START_FAILURE.test(chunk.toString('utf8', 0, 64)) ? 'held' : 'passing'
      if (state === 'held') {
        held.push(chunk)
        return done()
      }
      if (stdout.destroyed || stdout.write(chunk)) return done()
      stdout.once('drain', done)
      return undefined
    },
  })
  input.resume()
  return {
    input,
    text: () => (state === 'held' ? Buffer.concat(held).toString() : undefined),
    release: () => {
      for (const chunk of held) stdout.write(chunk)
    },
  }
}
