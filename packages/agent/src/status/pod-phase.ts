import { type Container, type ContainerStatus, isSidecar, type Pod, restartsOnExit } from '@skiff/api'
import { initContainersOf } from '../pods/container-history.ts'
import type { ContainerStatuses } from './container-status.ts'

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed'

/**
 * The phase that follows from the containers' states. `stoppedForGood`: nothing of it is started again, whatever its restart
 * policy says (deleted, past its deadline). The kubelet's `getPhase`.
 */
export function podPhase(pod: Pod, statuses: ContainerStatuses, stoppedForGood: boolean): PodPhase {
  const init = countInit(pod, statuses)
  const apps = countApps(pod, statuses.app)
  const running = apps.running + init.runningSidecars
  const waiting = apps.waiting + init.waitingSidecars

  if (init.failedForGood > 0 || (init.failed > 0 && stoppedForGood)) return 'Failed'
  if (init.pending > 0 || (init.pendingSidecars > 0 && !wasInitialized(statuses)) || waiting > 0) {
    return stoppedForGood && running === 0 && apps.stopped > 0 ? 'Failed' : 'Pending'
  }
  if (running > 0) return 'Running'
  if (apps.stopped === 0) return 'Pending'
  if (apps.restarting > 0 && !stoppedForGood) return 'Running'
  return apps.stopped === apps.succeeded ? 'Succeeded' : 'Failed'
}

/** A regular container that has run once means that the init containers were done once. */
export function wasInitialized(statuses: ContainerStatuses): boolean {
  return statuses.app.some(({ state, lastState }) => state?.running || state?.terminated || lastState?.terminated)
}

function countInit(pod: Pod, statuses: ContainerStatuses) {
  const counts = { pending: 0, failed: 0, failedForGood: 0, pendingSidecars: 0, runningSidecars: 0, waitingSidecars: 0 }
  initContainersOf(pod).forEach((container, index) => {
    const status = statuses.init[index]
    if (status === undefined) return
    if (isSidecar(container)) countSidecar(status, counts)
    else countPlainInit(endOf(status), container, pod, counts)
  })
  return counts
}

function countPlainInit(
  exitCode: number | undefined,
  container: Container,
  { spec }: Pod,
  counts: { pending: number; failed: number; failedForGood: number },
): void {
  if (exitCode === undefined) counts.pending += 1
  else if (exitCode !== 0) {
    counts.failed += 1
    if (!restartsOnExit(container, spec, exitCode)) counts.failedForGood += 1
  }
}

function countSidecar(
  { state, lastState, started }: ContainerStatus,
  counts: { pendingSidecars: number; runningSidecars: number; waitingSidecars: number },
): void {
  if (state?.running) {
    counts.runningSidecars += 1
    if (!started) counts.pendingSidecars += 1
  } else if (state?.waiting && !lastState?.terminated) {
    counts.pendingSidecars += 1
    counts.waitingSidecars += 1
  }
}

function countApps({ spec }: Pod, statuses: readonly ContainerStatus[]) {
  const counts = { running: 0, waiting: 0, stopped: 0, succeeded: 0, restarting: 0 }
  statuses.forEach((status, index) => {
    const exitCode = endOf(status)
    if (status.state?.running) counts.running += 1
    else if (exitCode === undefined) counts.waiting += 1
    else {
      counts.stopped += 1
      if (status.state?.terminated && exitCode === 0) counts.succeeded += 1
      const container = spec.containers[index]
      if (container !== undefined && restartsOnExit(container, spec, exitCode)) counts.restarting += 1
    }
  })
  return counts
}

/** The exit code of a container that has ended, also when it waits for its restart. */
function endOf({ state, lastState }: ContainerStatus): number | undefined {
  if (state?.terminated) return state.terminated.exitCode
  return state?.waiting ? lastState?.terminated?.exitCode : undefined
}
