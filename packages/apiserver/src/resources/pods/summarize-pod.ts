import {
  type Container,
  type ContainerState,
  type ContainerStatus,
  conditionIsTrue,
  findCondition,
  isSidecar,
  type Pod,
  podIsReady,
  podIsTerminal,
} from '@skiff/api'
import { ageCell } from '../cells.ts'

/** What `kubectl get pods` says of a pod, by kubectl's old rules (k8s.io/kubernetes/pkg/printers/internalversion). */
export interface PodSummary {
  readonly ready: number
  readonly total: number
  readonly reason: string
  /** `3 (5m ago)` */
  readonly restarts: string
}

export function summarizePod(pod: Pod, now: Date): PodSummary {
  const init = summarizeInit(pod)
  const initialized = conditionIsTrue(pod.status?.conditions, 'Initialized')
  const main = init.reason !== undefined && !initialized ? undefined : summarizeMain(pod)
  const counted = main ? [...main.counted, ...init.sidecars] : (pod.status?.initContainerStatuses ?? [])
  const sidecars = (pod.spec.initContainers ?? []).filter(isSidecar).length
  return {
    ready: init.ready + (main?.ready ?? 0),
    total: (pod.spec.containers ?? []).length + sidecars,
    reason: overriddenByDeletion(pod, main?.reason ?? init.reason ?? baseReason(pod)),
    restarts: restartsText(counted, now),
  }
}

function baseReason({ status }: Pod): string {
  if (findCondition(status?.conditions, 'PodScheduled')?.reason === 'SchedulingGated') return 'SchedulingGated'
  return status?.reason || status?.phase || 'Unknown'
}

interface InitSummary {
  readonly ready: number
  /** Set while init containers have not finished. */
  readonly reason: string | undefined
  readonly sidecars: readonly ContainerStatus[]
}

function summarizeInit(pod: Pod): InitSummary {
  const specs = new Map((pod.spec.initContainers ?? []).map((container) => [container.name, container]))
  const sidecars: ContainerStatus[] = []
  let ready = 0
  for (const [index, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const sidecar = isSidecarStatus(specs.get(status.name))
    if (sidecar) sidecars.push(status)
    if (status.state?.terminated?.exitCode === 0) continue
    if (sidecar && status.started) {
      if (status.ready) ready += 1
      continue
    }
    return { ready, sidecars, reason: initReason(status.state, index, specs.size) }
  }
  return { ready, sidecars, reason: undefined }
}

function isSidecarStatus(container: Container | undefined): boolean {
  return container !== undefined && isSidecar(container)
}

function initReason(state: ContainerState | undefined, index: number, total: number): string {
  if (state?.terminated) return `Init:${terminatedReason(state.terminated)}`
  const waiting = state?.waiting?.reason ?? ''
  return waiting !== '' && waiting !== 'PodInitializing' ? `Init:${waiting}` : `Init:${index}/${total}`
}

function terminatedReason({ reason, signal, exitCode }: NonNullable<ContainerState['terminated']>): string {
  if (reason) return reason
  return signal ? `Signal:${signal}` : `ExitCode:${exitCode}`
}

function summarizeMain(pod: Pod): { ready: number; reason: string; counted: readonly ContainerStatus[] } {
  const statuses = pod.status?.containerStatuses ?? []
  let ready = 0
  let reason = baseReason(pod)
  // From the last container to the first: the first one has the last word.
  for (const { state, ready: isReady } of statuses.toReversed()) {
    if (state?.waiting?.reason) reason = state.waiting.reason
    else if (state?.terminated) reason = terminatedReason(state.terminated)
    else if (isReady && state?.running) ready += 1
  }
  if (reason === 'Completed' && ready > 0) reason = podIsReady(pod) ? 'Running' : 'NotReady'
  return { ready, reason, counted: statuses }
}

function overriddenByDeletion(pod: Pod, reason: string): string {
  if (pod.metadata.deletionTimestamp === undefined) return reason
  if (pod.status?.reason === 'NodeLost') return 'Unknown'
  return podIsTerminal(pod) ? reason : 'Terminating'
}

function restartsText(statuses: readonly ContainerStatus[], now: Date): string {
  const restarts = statuses.reduce((sum, { restartCount }) => sum + (restartCount ?? 0), 0)
  const ends = statuses.flatMap(({ lastState }) => lastState?.terminated?.finishedAt ?? [])
  const last = ends.sort((a, b) => Date.parse(a) - Date.parse(b)).at(-1)
  return restarts === 0 || last === undefined ? String(restarts) : `${restarts} (${ageCell(last, now)} ago)`
}
