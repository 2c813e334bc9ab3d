/** How a pod ends: by itself, by its deadline, by deletion, or because the API knows it no more. */

import type { Pod } from '@skiff/api'
import type { ContainerState, PodContainers } from '../runtime/runtime.ts'
import { isEphemeralContainer, isInitContainer, runningContainers, sidecarsOf } from './container-history.ts'
import { graceOf } from './grace.ts'
import { GRACE_PERIOD } from './labels.ts'
import type { PodPlanInput } from './plan-pod.ts'
import type { PodPlan, PodStep, StopStep, StopTarget } from './pod-plan.ts'

/** Containers of a pod that nobody asks for any more get this long: it may already run elsewhere. */
const ORPHAN_GRACE_SECONDS = 1

/** Nothing of the pod is to run any more, but it stays: its dead containers are kept for logs until it is deleted. */
export function planEnd({ pod, observed, memory }: PodPlanInput): PodPlan {
  const running = runningContainers(observed)
  if (running.length > 0) {
    return plan(stopInOrder(pod, observed, memory.failure?.graceSeconds ?? graceOf(pod)))
  }
  const steps: PodStep[] = observed.sandboxes.map(({ id }) => ({ type: 'remove-sandbox', id }))
  if (steps.length > 0) steps.push({ type: 'release' })
  // The reason of the end is only in memory until the status is written.
  const mustWrite = memory.failure !== undefined || (memory.isReclaimed && observed.containers.length > 0)
  if (mustWrite && !memory.finalStatusWritten) return plan(...steps, { type: 'write-final-status' })
  if (memory.isReclaimed) steps.push(...observed.containers.map(({ id }): PodStep => ({ type: 'remove-container', id })))
  return plan(...steps)
}

/** The user deleted it: leave the Services, stop, say how it ended, take everything away, and let the object go. */
export function planDeletion({ pod, observed, memory }: PodPlanInput): PodPlan {
  const running = runningContainers(observed)
  const grace = pod.metadata.deletionGracePeriodSeconds ?? graceOf(pod)
  if (running.length > 0 && !memory.drained && grace > 0) return plan({ type: 'drain' })
  const lastSandboxes = observed.sandboxes.map(({ id }) => id)
  if (running.length > 0) return plan({ ...stopInOrder(pod, observed, grace), lastSandboxes })
  return plan(cleanUp(observed, !memory.finalStatusWritten), { type: 'finish-deletion' })
}

/** The host goes down: all is stopped in order, and nothing is said to be over, for it starts again with the host. */
export function planRest({ pod, observed, memory }: PodPlanInput, mostSeconds: number): PodPlan {
  if (runningContainers(observed).length === 0) return plan()
  if (!memory.drained) return plan({ type: 'drain' })
  return plan(stopInOrder(pod, observed, Math.min(mostSeconds, graceOf(pod))))
}

/** Containers of ours whose pod isn't in the API: stopped fast, removed, and nobody is told. */
export function planOrphan(observed: PodContainers): PodPlan {
  const running = runningContainers(observed)
  const grace = Math.min(
    ORPHAN_GRACE_SECONDS,
    ...running.map(({ labels }) => Number(labels[GRACE_PERIOD] ?? ORPHAN_GRACE_SECONDS)),
  )
  const targets = running.map((container) => stopTarget(container, grace))
  if (targets.length > 0) return plan({ type: 'stop-containers', targets })
  return plan(cleanUp(observed, false))
}

function cleanUp({ containers, sandboxes }: PodContainers, finalStatus: boolean): PodStep {
  const [ofContainers = [], ofSandboxes = []] = [containers, sandboxes].map((some) => some.map(({ id }) => id))
  return { type: 'clean-up', containers: ofContainers, sandboxes: ofSandboxes, finalStatus }
}

/** All at once. */
export function stopAll(_pod: Pod, observed: PodContainers, graceSeconds: number): PodStep {
  return { type: 'stop-containers', targets: runningContainers(observed).map((container) => stopTarget(container, graceSeconds)) }
}

/** Sidecars outlive the others and one another, in the reverse of their order; all share one grace period (KEP-753). */
function stopInOrder(pod: Pod, observed: PodContainers, graceSeconds: number): StopStep {
  const running = runningContainers(observed)
  const order = sidecarsOf(pod).map(({ name }) => name)
  const placeOf = ({ name }: ContainerState) => order.indexOf(name)
  const targets = running.map((container) => {
    const isSidecar = placeOf(container) >= 0
    const before = isSidecar ? running.filter((other) => placeOf(other) < 0 || placeOf(other) > placeOf(container)) : []
    return stopTarget(container, graceSeconds, before)
  })
  return { type: 'stop-containers', targets }
}

function stopTarget(container: ContainerState, graceSeconds: number, before: readonly ContainerState[] = []): StopTarget {
  return { container, graceSeconds, message: `Stopping container ${container.name}`, after: before.map(({ id }) => id) }
}

function plan(...steps: PodStep[]): PodPlan {
  return { steps, backingOff: [] }
}

/** Where an event about a container points. */
export function fieldPathOf(pod: Pod, container: string): string {
  if (isEphemeralContainer(pod, container)) return `spec.ephemeralContainers{${container}}`
  return isInitContainer(pod, container) ? `spec.initContainers{${container}}` : `spec.containers{${container}}`
}
