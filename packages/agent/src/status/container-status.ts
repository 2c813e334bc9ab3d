/** Container statuses from the spec and from what the engine shows, as the kubelet converts them. */

import {
  type ContainerState as ApiContainerState,
  type Container,
  type ContainerStatus,
  isSidecar,
  type Pod,
  rfc3339,
} from '@skiff/api'
import { historyOf, initContainersOf, restartsAfter, succeeded } from '../pods/container-history.ts'
import { IMAGE_REF } from '../pods/labels.ts'
import type { PodMemory } from '../pods/pod-memory.ts'
import type { ContainerState, PodContainers } from '../runtime/runtime.ts'

export interface ContainerStatusInput {
  readonly pod: Pod
  readonly observed: PodContainers
  readonly memory: PodMemory
}

export interface ContainerStatuses {
  readonly init: readonly ContainerStatus[]
  readonly app: readonly ContainerStatus[]
}

export function containerStatuses(input: ContainerStatusInput): ContainerStatuses {
  const of = (container: Container) => containerStatus(container, input)
  return { init: initContainersOf(input.pod).map(of), app: input.pod.spec.containers.map(of) }
}

function containerStatus(container: Container, input: ContainerStatusInput): ContainerStatus {
  const [newest, previous] = historyOf(input.observed, container.name)
  const status = newest === undefined ? unseenStatus(container, input.pod) : seenStatus(container, newest, previous, input)
  return withWaitingReason(status, container, newest, input)
}

/** No container yet, or none any more: what the API last heard of an ended one stays true. */
function unseenStatus(container: Container, pod: Pod): ContainerStatus {
  const fresh = {
    name: container.name,
    state: { waiting: { reason: initContainersOf(pod).length > 0 ? 'PodInitializing' : 'ContainerCreating' } },
    lastState: {},
    ready: false,
    restartCount: 0,
    image: container.image ?? '',
    imageID: '',
    started: false,
  }
  const known = reportedStatus(pod, container.name)
  if (known?.containerID === undefined) return fresh
  if (known.state?.terminated !== undefined) return { ...known, started: false }
  const lost = known.state?.running ? { terminated: lostContainer(known.containerID) } : (known.lastState ?? {})
  return { ...fresh, restartCount: known.restartCount, lastState: lost }
}

function lostContainer(containerID: string) {
  return {
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was deleted.  The container used to be Running',
    containerID,
  }
}

/** What the API says of a container of this pod. */
export function reportedStatus(pod: Pod, name: string): ContainerStatus | undefined {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {}
  return [...initContainerStatuses, ...containerStatuses].find((status) => status.name === name)
}

function seenStatus(
  container: Container,
  newest: ContainerState,
  previous: ContainerState | undefined,
  input: ContainerStatusInput,
): ContainerStatus {
  const isInit = initContainersOf(input.pod).some(({ name }) => name === container.name)
  const started = isStarted(container, newest, input.memory)
  const ready = isInit && !isSidecar(container) ? succeeded(newest) : started && isReady(container, newest, input.memory)
  return {
    name: container.name,
    state: stateOf(newest, input),
    lastState: previous ? stateOf(previous, input) : {},
    ready,
    restartCount: newest.attempt,
    image: container.image ?? newest.image,
    imageID: `docker://${newest.labels[IMAGE_REF] ?? newest.imageId}`,
    containerID: `docker://${newest.id}`,
    started,
  }
}

/** Running, its postStart hook done and its startup probe passed. */
export function isStarted(container: Container, seen: ContainerState, memory: PodMemory): boolean {
  if (seen.phase !== 'running' || memory.starting.has(seen.id)) return false
  return container.startupProbe === undefined || memory.probes.get(seen.id)?.started === true
}

function isReady(container: Container, seen: ContainerState, memory: PodMemory): boolean {
  return container.readinessProbe === undefined || memory.probes.get(seen.id)?.ready === true
}

function stateOf(container: ContainerState, { pod, memory }: ContainerStatusInput): ApiContainerState {
  switch (container.phase) {
    case 'running':
      return { running: { startedAt: rfc3339(container.startedAt ?? container.createdAt) } }
    case 'exited':
      return { terminated: terminatedState(container, memory) }
    case 'created':
    case 'unknown':
      return { waiting: { reason: initContainersOf(pod).length > 0 ? 'PodInitializing' : 'ContainerCreating' } }
  }
}

function terminatedState(container: ContainerState, memory: PodMemory) {
  const message = container.error ?? memory.terminationMessages.get(container.id)
  const finishedAt = rfc3339(container.finishedAt ?? container.createdAt)
  return {
    exitCode: container.exitCode ?? 0,
    reason: terminatedReason(container),
    ...(message ? { message } : {}),
    // A container that could not start has the time of the try.
    startedAt: container.startedAt ? rfc3339(container.startedAt) : finishedAt,
    finishedAt,
    containerID: `docker://${container.id}`,
  }
}

function terminatedReason(container: ContainerState): string {
  if (container.error) return 'ContainerCannotRun'
  if (container.oomKilled && container.exitCode !== 0) return 'OOMKilled'
  return container.exitCode === 0 ? 'Completed' : 'Error'
}

/** A container that should run and can't is shown as waiting, with the reason of the last try. */
function withWaitingReason(
  status: ContainerStatus,
  container: Container,
  newest: ContainerState | undefined,
  { pod, memory }: ContainerStatusInput,
): ContainerStatus {
  const waiting = memory.waiting.get(container.name)
  if (waiting === undefined || pod.metadata.deletionTimestamp || newest?.phase === 'running') return status
  if (newest !== undefined && !restartsAfter(newest, container, pod)) return status
  const lastState = status.state?.terminated ? status.state : status.lastState
  return { ...status, state: { waiting: { ...waiting } }, ...(lastState ? { lastState } : {}), ready: false, started: false }
}
