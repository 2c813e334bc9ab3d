/** Container statuses from the spec and from what the engine shows, as the kubelet converts them. */

import {
  type ContainerState as ApiContainerState,
  type Container,
  type ContainerStatus,
  isSidecar,
  type Pod,
  rfc3339,
} from '@skiff/api'
import {
  allContainersOf,
  ephemeralContainersOf,
  historyOf,
  initContainersOf,
  isEphemeralContainer,
  isOfEarlierRound,
  restartsAfter,
  succeeded,
} from '../pods/container-history.ts'
import { IMAGE_REF } from '../pods/labels.ts'
import { awaitsResize } from '../pods/plan-resize.ts'
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
  readonly ephemeral: readonly ContainerStatus[]
}

export function containerStatuses(input: ContainerStatusInput): ContainerStatuses {
  const of = (container: Container) => containerStatus(container, input)
  const { pod } = input
  return { init: initContainersOf(pod).map(of), app: pod.spec.containers.map(of), ephemeral: ephemeralContainersOf(pod).map(of) }
}

function containerStatus(container: Container, input: ContainerStatusInput): ContainerStatus {
  // One that was only made is nobody's business yet.
  const [newest, previous] = historyOf(input.observed, container.name).filter(({ phase }) => phase !== 'created')
  const status = newest === undefined ? unseenStatus(container, input.pod) : seenStatus(container, newest, previous, input)
  const shown = newest !== undefined && startsAgain(newest, input) ? awaitingStart(status, input.pod) : status
  return withWaitingReason(shown, container, newest, input)
}

/** With all others of its pod. */
function startsAgain(ended: ContainerState, { pod, observed, memory }: ContainerStatusInput): boolean {
  if (ended.phase !== 'exited' || pod.metadata.deletionTimestamp || memory.failure !== undefined) return false
  return !isEphemeralContainer(pod, ended.name) && isOfEarlierRound(ended, pod, observed)
}

function awaitingStart(status: ContainerStatus, pod: Pod): ContainerStatus {
  return { ...status, state: { waiting: { reason: notYet(pod) } }, lastState: status.state ?? {}, ready: false, started: false }
}

function notYet(pod: Pod): string {
  return initContainersOf(pod).length > 0 ? 'PodInitializing' : 'ContainerCreating'
}

/** No container yet, or none any more: what the API last heard of an ended one stays true. */
function unseenStatus(container: Container, pod: Pod): ContainerStatus {
  const fresh = {
    name: container.name,
    state: { waiting: { reason: notYet(pod) } },
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
  const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {}
  const all = [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses]
  return all.find((status) => status.name === name)
}

function seenStatus(
  container: Container,
  newest: ContainerState,
  previous: ContainerState | undefined,
  input: ContainerStatusInput,
): ContainerStatus {
  return {
    name: container.name,
    state: stateOf(newest, input),
    lastState: previous ? stateOf(previous, input) : {},
    ready: isContainerReady(container, newest, input),
    restartCount: newest.attempt,
    image: container.image ?? newest.image,
    imageID: `docker://${newest.labels[IMAGE_REF] ?? newest.imageId}`,
    containerID: `docker://${newest.id}`,
    started: isStarted(container, newest, input.memory),
    ...resourcesOf(container, newest, input.pod),
  }
}

/** What the container has; as long as it hasn't got what its spec asks for by now, that is what was said of it last. */
function resourcesOf(
  container: Container,
  seen: ContainerState,
  pod: Pod,
): Pick<ContainerStatus, 'resources' | 'allocatedResources'> {
  const reported = reportedStatus(pod, container.name)
  const isBehind = seen.phase === 'running' && awaitsResize(container, seen, { pod, reported })
  const { limits, requests } = (isBehind ? reported?.resources : container.resources) ?? {}
  return {
    resources: { ...(limits === undefined ? {} : { limits }), ...(requests === undefined ? {} : { requests }) },
    ...(requests === undefined ? {} : { allocatedResources: requests }),
  }
}

/** Init containers are by ending well; those that were only added to look into the pod never are, as upstream has it. */
function isContainerReady(container: Container, seen: ContainerState, { pod, memory }: ContainerStatusInput): boolean {
  if (isEphemeralContainer(pod, container.name)) return false
  const isInit = initContainersOf(pod).some(({ name }) => name === container.name)
  if (isInit && !isSidecar(container)) return succeeded(seen)
  return isStarted(container, seen, memory) && isReady(container, seen, memory)
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
      return { terminated: terminatedState(container, pod, memory) }
    case 'created':
    case 'unknown':
      return { waiting: { reason: notYet(pod) } }
  }
}

/** All last words of a pod together: a status must not grow beyond what the API takes. */
const MAX_POD_MESSAGES_BYTES = 12 * 1024

function terminatedState(container: ContainerState, pod: Pod, memory: PodMemory) {
  const words = container.error ?? memory.terminationMessages.get(container.id) ?? ''
  const share = Math.floor(MAX_POD_MESSAGES_BYTES / allContainersOf(pod).length)
  const message = Buffer.from(words).subarray(0, share).toString('utf8')
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
  { pod, memory, observed }: ContainerStatusInput,
): ContainerStatus {
  const waiting = memory.waiting.get(container.name)
  if (waiting === undefined || pod.metadata.deletionTimestamp || newest?.phase === 'running') return status
  const isOver = (ended: ContainerState) => !restartsAfter(ended, container, pod) || podHasEnded(pod, observed, memory)
  if (newest !== undefined && !isOfEarlierRound(newest, pod, observed) && isOver(newest)) return status
  const lastState = status.state?.terminated ? status.state : status.lastState
  return { ...status, state: { waiting: { ...waiting } }, ...(lastState ? { lastState } : {}), ready: false, started: false }
}

/** Nothing of it is started again: its sidecars only as long as another container is left to run. */
function podHasEnded(pod: Pod, observed: PodContainers, memory: PodMemory): boolean {
  if (memory.failure !== undefined) return true
  return pod.spec.containers.every((container) => {
    const [newest] = historyOf(observed, container.name)
    if (newest?.phase !== 'exited' || isOfEarlierRound(newest, pod, observed)) return false
    return !restartsAfter(newest, container, pod)
  })
}
