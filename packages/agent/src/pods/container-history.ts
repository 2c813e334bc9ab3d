/** What the engine shows of a pod, as the plan and the status ask for it. */

import { type Container, isSidecar, type Pod, restartsOnExit } from '@skiff/api'
import type { ContainerState, PodContainers, SandboxState } from '../runtime/runtime.ts'

/** All containers of one name, the newest attempt first. */
export function historyOf(observed: PodContainers, name: string): readonly ContainerState[] {
  return observed.containers.filter((container) => container.name === name).toSorted((a, b) => b.attempt - a.attempt)
}

/** The newest sandbox that runs. */
export function liveSandbox(observed: PodContainers): SandboxState | undefined {
  return observed.sandboxes.filter((sandbox) => sandbox.phase === 'running').toSorted((a, b) => b.attempt - a.attempt)[0]
}

export function runningContainers(observed: PodContainers): readonly ContainerState[] {
  return observed.containers.filter((container) => container.phase === 'running')
}

export function initContainersOf(pod: Pod): readonly Container[] {
  return pod.spec.initContainers ?? []
}

/** Containers that were added to a pod that runs, to look into it; each runs once (KEP-277). */
export function ephemeralContainersOf(pod: Pod): readonly EphemeralContainer[] {
  return pod.spec.ephemeralContainers ?? []
}

export type EphemeralContainer = NonNullable<Pod['spec']['ephemeralContainers']>[number]

export function sidecarsOf(pod: Pod): readonly Container[] {
  return initContainersOf(pod).filter(isSidecar)
}

export function isInitContainer(pod: Pod, name: string): boolean {
  return initContainersOf(pod).some((container) => container.name === name)
}

export function isEphemeralContainer(pod: Pod, name: string): boolean {
  return ephemeralContainersOf(pod).some((container) => container.name === name)
}

/** Init containers, the others, and those added to look into the pod. */
export function allContainersOf(pod: Pod): readonly Container[] {
  return [...initContainersOf(pod), ...pod.spec.containers, ...ephemeralContainersOf(pod)]
}

export function containerOf(pod: Pod, name: string): Container | undefined {
  return allContainersOf(pod).find((container) => container.name === name)
}

/** Whether the engine's container ended well. */
export function succeeded(container: ContainerState): boolean {
  return container.phase === 'exited' && container.exitCode === 0
}

/** Whether a container that ended is started again, by the rule that governs it. */
export function restartsAfter(ended: ContainerState, container: Container, pod: Pod): boolean {
  if (isEphemeralContainer(pod, container.name)) return false
  // Without a code it could not even start.
  return restartsOnExit(container, pod.spec, ended.exitCode ?? 1)
}
