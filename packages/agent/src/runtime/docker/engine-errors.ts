import { StartError } from '../runtime.ts'

/** dockerode's errors carry the HTTP status and the parsed answer; what is below it throws Node's. */
interface EngineAnswer {
  readonly statusCode?: number
  readonly json?: { readonly message?: string } | null
  readonly message?: string
  readonly code?: string
}

export function isMissing(error: unknown): boolean {
  return (error as EngineAnswer | undefined)?.statusCode === 404
}

export function isConflict(error: unknown): boolean {
  return (error as EngineAnswer | undefined)?.statusCode === 409
}

/** The container is already as the call wanted it. */
export function isUnchanged(error: unknown): boolean {
  return (error as EngineAnswer | undefined)?.statusCode === 304
}

/** No HTTP answer came at all. */
export function isNoAnswer(error: unknown): boolean {
  return (error as EngineAnswer | undefined)?.statusCode === undefined
}

/** What the engine itself said, without dockerode's frame, and what to do where that doesn't say it. */
export function wordsOf(error: unknown): string {
  const answer = error as EngineAnswer | undefined
  const text = answer?.json?.message ?? answer?.message ?? String(error)
  return withCure(text.replace(/^\(HTTP code \d+\) [^-]* - /, '').trim())
}

export function withCure(words: string): string {
  if (!/no space left on device/i.test(words)) return words
  return `${words}: Docker's disk on this node is full, make room there (docker system prune)`
}

/**
 * Both waiting reasons are the kubelet's. The status code says nothing (a missing command is 400, an unknown user 500), so
 * the step decides.
 */
export function startErrorOf(step: 'create' | 'start', error: unknown): StartError {
  const reason = step === 'create' ? 'CreateContainerError' : 'RunContainerError'
  return new StartError(reason, wordsOf(error), { cause: error })
}

/** Id of the container that has the name already, out of a 409 (there is no field for it). */
export function conflictingContainer(error: unknown): string | undefined {
  if (!isConflict(error)) return undefined
  return /is already in use by container "?([0-9a-f]{64})/.exec(wordsOf(error))?.[1]
}

/**
 * The host doesn't let the daemon lower a process's OOM score (no CAP_SYS_RESOURCE, as inside most containers). The text
 * is all that runc says: its child died while setting it.
 */
export function mayBeOomScoreRefusal(error: unknown): boolean {
  return /can't get final child's PID from pipe|oom_score_adj/.test(wordsOf(error))
}
