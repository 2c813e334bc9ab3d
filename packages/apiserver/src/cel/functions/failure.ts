import { EvaluationError } from '@marcbachmann/cel-js'

/** A function's own refusal, in the words in which it is shown. */
export function failure(message: string): Error {
  return new EvaluationError({ code: 'function_failed', message })
}
