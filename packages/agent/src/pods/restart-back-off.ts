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

/** When a container that ended may start again: at once, then after 10 s, doubling to 300 s, as the kubelet does it. */
export function restartBackOff(ended: ContainerState): RestartBackOff {
  const finishedAt = (ended.finishedAt ?? ended.createdAt).getTime()
  const ranForMs = finishedAt - (ended.startedAt ?? ended.createdAt).getTime()
  const labelled = Number(ended.labels[RESTART_BACK_OFF] ?? 0)
  const delaySeconds = ranForMs >= RESET_AFTER_MS || !Number.isFinite(labelled) ? 0 : labelled
  return { restartAt: finishedAt + delaySeconds * 1000, delaySeconds, nextDelaySeconds: nextDelay(delaySeconds) }
}

function nextDelay(seconds: number): number {
  return seconds === 0 ? FIRST_DELAY_SECONDS : Math.min(LONGEST_DELAY_SECONDS, seconds * 2)
}
