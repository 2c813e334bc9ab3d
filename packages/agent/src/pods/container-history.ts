/** What the engine shows of a pod, as the plan and the status ask for it. */

import { type Container, isSidecar, type Pod, restartsAllOnExit, restartsOnExit } from '@skiff/api'
import type { ContainerState, PodContainers, SandboxState } from '../runtime/runtime.ts'
import { ROUND } from './labels.ts'

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

/** Whether all containers of its pod start again because of it (KEP-5532). */
export function restartsAll(ended: ContainerState, pod: Pod): boolean {
  const container = ended.phase === 'exited' ? containerOf(pod, ended.name) : undefined
  return container !== undefined && restartsAllOnExit(container, ended.exitCode ?? 1)
}

/** How often all containers of the pod have been to start again together. */
export function currentRound(pod: Pod, { containers }: PodContainers): number {
  return Math.max(0, ...containers.map((container) => roundOf(container) + (restartsAll(container, pod) ? 1 : 0)))
}

/** All were to start again since it was made: it is over, whatever it does. */
export function isOfEarlierRound(container: ContainerState, pod: Pod, observed: PodContainers): boolean {
  return roundOf(container) < currentRound(pod, observed)
}

/** Some of the pod's containers have not started again yet. */
export function isRestartingAll(pod: Pod, observed: PodContainers): boolean {
  const names = [...initContainersOf(pod), ...pod.spec.containers].map(({ name }) => name)
  return names.some((name) => {
    const [newest] = historyOf(observed, name)
    return newest !== undefined && isOfEarlierRound(newest, pod, observed)
  })
}

function roundOf({ labels }: ContainerState): number {
  return Number(labels[ROUND] ?? 0)
}
