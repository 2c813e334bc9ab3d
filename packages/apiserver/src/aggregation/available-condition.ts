import { type APIService, conditionIsTrue } from '@skiff/api'

export function isAvailable({ status }: APIService): boolean {
  return conditionIsTrue(status?.conditions, 'Available')
}

/** What a check of an extension server comes to. */
export interface Verdict {
  readonly available: boolean
  readonly reason: string
  readonly message: string
}

export const PASSED: Verdict = { available: true, reason: 'Passed', message: 'all checks passed' }
