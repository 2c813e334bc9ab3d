import { type Duplex, PassThrough, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type Docker from 'dockerode'
import { type ExecOptions, type ExecSession, StartError } from '../runtime.ts'
import { demultiplex, type Output, outputTo } from './demultiplex.ts'
import { type Engine, READ_TIMEOUT_MS } from './engine.ts'
import { wordsOf } from './engine-errors.ts'
import { killProcessTree } from './process-tree.ts'

/** The engine reports a command that can't start as output of that command. */
const START_FAILURE = /^(OCI runtime exec failed: |cannot exec in a stopped )/
const START_FAILURE_BYTES = 32
const KILLED_OUTPUT_MS = 500
const LAST_ANSWER_MS = 1_000

/** Runs a command in a container. Both outputs must be read or destroyed, else neither goes on. */
export async function execSession(engine: Engine, containerId: string, options: ExecOptions): Promise<ExecSession> {
  const execId = await createExec(engine, containerId, options)
  const socket = await engine.stream('start exec', (docker) =>
    docker.getExec(execId).start({ hijack: true, stdin: options.stdin, Detach: false, Tty: options.tty }),
  )
  const inspect = () =>
    engine.call('inspect exec', READ_TIMEOUT_MS, (docker, abortSignal) => docker.getExec(execId).inspect({ abortSignal }))
  const running = session(socket, options, async () => {
    const { Pid, ExitCode } = await inspect()
    return { started: Pid !== 0, exitCode: ExitCode ?? 0 }
  })
  return {
    ...running,
    resize: (columns, rows) =>
      engine.call('resize exec', READ_TIMEOUT_MS, async (docker, abortSignal) => {
        await docker.getExec(execId).resize({ h: rows, w: columns, abortSignal })
      }),
    kill: async () => {
      const { Running, Pid } = await inspect()
      if (Running) await killProcessTree(Pid, containerId)
      // A process that left the tree may keep the outputs open.
      await Promise.race([running.exit.catch(() => {}), delay(KILLED_OUTPUT_MS)])
      socket.destroy()
    },
  }
}

/** Attaches to a container's own process: what it writes from now on. `kill` only lets go of it. */
export async function attachSession(
  engine: Engine,
  containerId: string,
  options: { readonly stdin: boolean; readonly tty: boolean },
): Promise<ExecSession> {
  const call = <T>(what: string, run: (container: Docker.Container, abortSignal: AbortSignal) => Promise<T>) =>
    engine.call(what, READ_TIMEOUT_MS, (docker, signal) => run(docker.getContainer(containerId), signal))
  const { Config } = await call('inspect', (container, abortSignal) => container.inspect({ abortSignal }))
  const socket = (await engine.stream('attach', (docker) =>
    docker.getContainer(containerId).attach({ stream: true, hijack: true, stdin: options.stdin, stdout: true, stderr: true }),
  )) as Duplex
  const stdin = options.stdin ? { stdin: Config.StdinOnce ? socket : endingLater(socket) } : {}
  return {
    ...session(socket, options, async () => ({
      started: true,
      exitCode: await call(
        'inspect',
        async (container, abortSignal) => (await container.inspect({ abortSignal })).State.ExitCode,
      ),
    })),
    ...stdin,
    resize: (columns, rows) =>
      call('resize', async (container, abortSignal) => {
        await container.resize({ h: rows, w: columns, abortSignal })
      }),
    kill: async () => {
      socket.destroy()
    },
  }
}

/**
 * An attached client leaves when its input ends, unless the container's own input ends there too (`StdinOnce`). The engine ends
 * the client's output in the same moment: what answers the last of its input has a little time to come.
 */
function endingLater(socket: Duplex): Writable {
  const input = new Writable({
    write: (chunk, _, done) => void socket.write(chunk, (error) => done(error)),
    final: (done) => {
      setTimeout(() => socket.end(), LAST_ANSWER_MS)
      done()
    },
  })
  return input.on('error', () => undefined)
}

async function createExec(engine: Engine, containerId: string, options: ExecOptions): Promise<string> {
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
}

interface Outcome {
  /** False when no process ever ran: what came on the stream are the engine's words then. */
  readonly started: boolean
  readonly exitCode: number
}

function session(
  socket: Duplex,
  options: { readonly stdin: boolean; readonly tty: boolean },
  outcome: () => Promise<Outcome>,
): Pick<ExecSession, 'stdout' | 'stderr' | 'stdin' | 'exit'> {
  const stdout = new PassThrough()
  const stderr = options.tty ? undefined : new PassThrough()
  const exit = finish(socket, { stdout, stderr }, outcome)
  // Whoever only reads the output must not fall over a rejection that nobody awaits.
  exit.catch(() => {})
  return { stdout, stderr, stdin: options.stdin ? socket : undefined, exit }
}

async function finish(
  socket: Duplex,
  sinks: { readonly stdout: PassThrough; readonly stderr: PassThrough | undefined },
  outcome: () => Promise<Outcome>,
): Promise<number> {
  const stdout = withStartFailureHeld(outputTo(sinks.stdout))
  try {
    await demultiplex(socket, { stdout: stdout.output, stderr: sinks.stderr && outputTo(sinks.stderr) })
    const { started, exitCode } = await outcome()
    if (!started && stdout.held() !== '') throw new StartError('ExecStartFailed', stdout.held())
    await stdout.release()
    return exitCode
  } catch (error) {
    if (error instanceof StartError) throw error
    throw new Error(`the stream of the command broke: ${wordsOf(error)}`, { cause: error })
  } finally {
    sinks.stdout.end()
    sinks.stderr?.end()
    socket.destroy()
  }
}

/** Passes output on, unless its beginning reads like the engine's own complaint: that waits until it is known whose it is. */
function withStartFailureHeld(next: Output) {
  const held: Buffer[] = []
  let passing = false
  return {
    output: async (data: Buffer): Promise<void> => {
      if (passing) return next(data)
      if (held.length > 0 || START_FAILURE.test(data.toString('utf8', 0, START_FAILURE_BYTES))) {
        held.push(data)
        return undefined
      }
      passing = true
      return next(data)
    },
    held: (): string => Buffer.concat(held).toString().trim(),
    release: async (): Promise<void> => {
      for (const data of held) await next(data)
    },
  }
}
