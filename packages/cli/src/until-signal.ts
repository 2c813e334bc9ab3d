import { exitCodeOf, InterruptedError } from './failure.ts'

export interface UntilSignal {
  readonly signal: AbortSignal
  readonly abort: () => void
  /** The outcome, unless SIGTERM or SIGINT come first: then InterruptedError at once, for work that need not be wound down. */
  readonly orInterrupted: <T>(doing: string, outcome: Promise<T>) => Promise<T>
}

/** Aborts at SIGTERM or SIGINT; a second one ends the process at once, as people expect of Ctrl-C twice. */
export function untilSignal(): UntilSignal {
  const controller = new AbortController()
  const received = Promise.withResolvers<NodeJS.Signals>()
  const abort = () => controller.abort()
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(exitCodeOf(name))
      received.resolve(name)
      abort()
    })
  }
  const orInterrupted = async <T>(doing: string, outcome: Promise<T>): Promise<T> => {
    const interruption = received.promise.then((name) => {
      throw new InterruptedError(name, doing)
    })
    return await Promise.race([interruption, outcome])
  }
  return { signal: controller.signal, abort, orInterrupted }
}
