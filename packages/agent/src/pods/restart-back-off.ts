import type { ContainerState } from '../runtime/runtime.ts'
import { RESTART_BACK_OFF } from './labels.ts'

const FIRST_DELAY_SECONDS = 10
const LONGEST_DELAY_SECONDS = 300
/** A container that ran so long starts over with the first delay. */
const RESET_AFTER_MS = 600_000

export interface RestartBackOff {
  /** Milliseconds since the epoch. */
  readonly restartAt: number
  /** What the wait was, in seconds; 0 for a first restart, which waits for nothing. */
  readonly delaySeconds: number
  /** What the restarted container's own end will cost: goes on its label. */
  readonly nextDelaySeconds: number
}

/**
 * When a container that ended may start again: at once, then after 10 s, doubling to 300 s, as the kubelet does it. One that
 * failed its liveness or startup probe is killed and started in one go, so there the kubelet looks at the end of the one
 * `before` it: the first such restart costs nothing yet, and one that ran longer than the delay is not held up.
 */
export function restartBackOff(ended: ContainerState, killed?: { readonly before: ContainerState | undefined }): RestartBackOff {
  const finishedAt = endOf(ended)
  const ranForMs = finishedAt - (ended.startedAt ?? ended.createdAt).getTime()
  const labelled = Number(ended.labels[RESTART_BACK_OFF] ?? 0)
  const delaySeconds = ranForMs >= RESET_AFTER_MS || !Number.isFinite(labelled) ? 0 : labelled
  const after = { delaySeconds, nextDelaySeconds: nextDelay(delaySeconds) }
  if (killed === undefined) return { restartAt: finishedAt + delaySeconds * 1000, ...after }
  const { before } = killed
  if (before === undefined) return { restartAt: finishedAt, delaySeconds, nextDelaySeconds: delaySeconds }
  const isOver = endOf(before) + delaySeconds * 1000 <= finishedAt
  return { restartAt: isOver ? finishedAt : finishedAt + delaySeconds * 1000, ...after }
}

function endOf({ finishedAt, createdAt }: ContainerState): number {
  return (finishedAt ?? createdAt).getTime()
}

function nextDelay(seconds: number): number {
  return seconds === 0 ? FIRST_DELAY_SECONDS : Math.min(LONGEST_DELAY_SECONDS, seconds * 2)
}
