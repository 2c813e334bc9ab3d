import { amountsOfContainers, hasPodResources, type Pod, type PodStatus, podIsTerminal, podQosClass, rfc3339 } from '@skiff/api'
import {
  ephemeralContainersOf,
  initContainersOf,
  isRestartingAll,
  liveSandbox,
  runningContainers,
} from '../pods/container-history.ts'
import { POD_IP } from '../pods/labels.ts'
import { podAwaitsResize } from '../pods/plan-resize.ts'
import type { PodMemory, WaitingReason } from '../pods/pod-memory.ts'
import type { PodContainers } from '../runtime/runtime.ts'
import { containerStatuses } from './container-status.ts'
import { withoutMissing } from './missing-containers.ts'
import { podConditions } from './pod-conditions.ts'
import { type PodPhase, podPhase } from './pod-phase.ts'

export interface PodStatusInput {
  readonly pod: Pod
  readonly observed: PodContainers
  readonly memory: PodMemory
  readonly nodeIp: string
  readonly now: Date
}

/** The whole `status` of a pod as this node sees it. Pure: the same input gives the same status. */
export function podStatus(input: PodStatusInput): PodStatus {
  const { pod, observed, memory, nodeIp, now } = input
  if (memory.rejection) return rejectedStatus(pod, memory.rejection, now)
  // It ended before this agent's time, and nothing of it is left here to say more.
  if (pod.status !== undefined && podIsTerminal(pod) && observed.containers.length === 0) return pod.status
  const statuses = memory.isOver ? withoutMissing(containerStatuses(input)) : containerStatuses(input)
  const phase = currentPhase(input)
  const podIp = podIpOf(input)
  const generation = pod.metadata.generation
  const failure = memory.failure ?? reportedFailure(pod)
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase,
    ...(failure ? { reason: failure.reason, message: failure.message } : {}),
    conditions: podConditions({ ...input, statuses, phase, sandboxReady: sandboxIsReady(input) }),
    hostIP: nodeIp,
    hostIPs: [{ ip: nodeIp }],
    ...(podIp === undefined ? {} : { podIP: podIp, podIPs: [{ ip: podIp }] }),
    startTime: pod.status?.startTime ?? rfc3339(memory.cameAt ?? now),
    ...(initContainersOf(pod).length > 0 ? { initContainerStatuses: [...statuses.init] } : {}),
    containerStatuses: [...statuses.app],
    ...(ephemeralContainersOf(pod).length > 0 ? { ephemeralContainerStatuses: [...statuses.ephemeral] } : {}),
    qosClass: pod.status?.qosClass ?? podQosClass(pod.spec),
    ...resourcesOf(input),
  }
}

/** What the pod as a whole has; as long as that isn't what its spec asks for, what was said of it last. */
function resourcesOf({ pod, memory }: PodStatusInput): Pick<PodStatus, 'resources' | 'allocatedResources'> {
  const { spec, status } = pod
  if (!hasPodResources(spec)) return {}
  if (podAwaitsResize(pod, memory)) {
    const { resources, allocatedResources } = status ?? {}
    return { ...(resources && { resources }), ...(allocatedResources && { allocatedResources }) }
  }
  const { limits, requests } = spec.resources ?? {}
  return {
    resources: { ...(limits && { limits }), ...(requests && { requests }) },
    allocatedResources: { ...amountsOfContainers(spec, 'requests'), ...requests },
  }
}

/** Nothing of it was ever made, so there is nothing to say of its containers. */
function rejectedStatus(pod: Pod, { reason, message }: WaitingReason, now: Date): PodStatus {
  const { conditions, startTime, qosClass } = pod.status ?? {}
  const { generation } = pod.metadata
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase: 'Failed',
    reason,
    message: `Pod was rejected: ${message}`,
    ...(conditions === undefined ? {} : { conditions }),
    startTime: startTime ?? rfc3339(now),
    qosClass: qosClass ?? podQosClass(pod.spec),
  }
}

/** The phase, which never leaves Succeeded or Failed again. */
export function currentPhase(input: Pick<PodStatusInput, 'pod' | 'observed' | 'memory'>): PodPhase {
  const { pod, observed, memory } = input
  const reported = pod.status?.phase
  if (reported === 'Succeeded' || reported === 'Failed') return reported
  const computed = podPhase(pod, containerStatuses(input), memory.failure !== undefined || stoppedForDeletion(pod, observed))
  if (memory.failure !== undefined) return runningContainers(observed).length > 0 ? computed : 'Failed'
  if (memory.isOver) return computed === 'Succeeded' ? 'Succeeded' : 'Failed'
  const goesOn = pod.metadata.deletionTimestamp === undefined && isRestartingAll(pod, observed)
  return goesOn && computed !== 'Pending' ? 'Running' : computed
}

function stoppedForDeletion(pod: Pod, observed: PodContainers): boolean {
  return pod.metadata.deletionTimestamp !== undefined && runningContainers(observed).length === 0
}

function reportedFailure(pod: Pod): { reason: string; message: string } | undefined {
  const { phase, reason, message } = pod.status ?? {}
  return phase === 'Failed' && reason ? { reason, message: message ?? '' } : undefined
}

function sandboxIsReady({ pod, observed, memory }: PodStatusInput): boolean {
  const sandbox = liveSandbox(observed)
  if (sandbox === undefined) return false
  if (pod.spec.hostNetwork === true || memory.plumbedSandbox === sandbox.id) return true
  // Containers are only started in a sandbox that has its address: an earlier agent saw to it.
  return runningContainers(observed).some(({ sandboxId }) => sandboxId === sandbox.id)
}

/** An address once had is shown to the end, as the kubelet does. */
function podIpOf({ pod, observed, nodeIp }: PodStatusInput): string | undefined {
  if (pod.spec.hostNetwork) return nodeIp
  return liveSandbox(observed)?.labels[POD_IP] || pod.status?.podIP
}
