import { constants } from 'node:os'

/** One line for a person: what failed, where, and why, following the causes. */
export function describeFailure(error: unknown): string {
  const parts: string[] = []
  for (
    let current = error;
    current !== undefined && current !== null;
    current = current instanceof Error ? current.cause : undefined
  ) {
    const text = (current instanceof Error ? current.message : String(current)).split('\n').filter(Boolean).join('; ')
    if (text !== '' && !parts.some((part) => part.includes(text))) parts.push(text)
  }
  return parts.join(': ') || 'failed for an unknown reason'
}

/** What was typed can't be meant: exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** Somebody's signal ended it before it was done. */
export class InterruptedError extends Error {
  override name = 'InterruptedError'
  readonly exitCode: number

  constructor(signal: NodeJS.Signals, doing: string) {
    super(`${doing} was interrupted (${signal})`)
    this.exitCode = exitCodeOf(signal)
  }
}

/** As shells tell of a program that a signal ended. */
export function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}
