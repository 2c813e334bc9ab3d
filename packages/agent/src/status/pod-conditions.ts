/** The conditions that the agent writes; those of others (readiness gates, disruption) stay as they are. */

import { type ContainerStatus, isSidecar, type Pod, type PodCondition, rfc3339 } from '@skiff/api'
import { containerOf, initContainersOf, isRestartingAll, runningContainers } from '../pods/container-history.ts'
import { awaitsResize, podAwaitsResize } from '../pods/plan-resize.ts'
import { POD_ITSELF, type PodMemory } from '../pods/pod-memory.ts'
import type { PodContainers } from '../runtime/runtime.ts'
import { type ContainerStatuses, reportedStatus } from './container-status.ts'
import { type PodPhase, wasInitialized } from './pod-phase.ts'

export interface ConditionsInput {
  readonly pod: Pod
  readonly statuses: ContainerStatuses
  readonly phase: PodPhase
  readonly sandboxReady: boolean
  readonly observed: PodContainers
  readonly memory: PodMemory
  readonly now: Date
}

type Judgement = Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>

export function podConditions(input: ConditionsInput): PodCondition[] {
  const containersReady = judgeContainersReady(input)
  const own = [
    { type: 'PodReadyToStartContainers', status: input.sandboxReady ? 'True' : 'False' },
    judgeInitialized(input),
    judgeReady(input.pod, containersReady),
    containersReady,
    { type: 'PodScheduled', status: 'True' },
    ...judgeResize(input),
    ...judgeDisruption(input),
    ...judgeRestartOfAll(input),
  ]
  const known = input.pod.status?.conditions ?? []
  const others = known.filter(({ type }) => !PASSING_CONDITIONS.includes(type) && !own.some((one) => one.type === type))
  return [...own.map((judgement) => toCondition(judgement, input)), ...others]
}

/** They are there only while they have something to say. */
export const PASSING_CONDITIONS: readonly string[] = ['PodResizePending', 'PodResizeInProgress', 'AllContainersRestarting']

function judgeResize({ pod, observed, memory }: ConditionsInput): Judgement[] {
  const refusal = memory.resize?.generation === (pod.metadata.generation ?? 0) ? memory.resize.refusal : undefined
  if (refusal !== undefined) return [{ type: 'PodResizePending', status: 'True', ...refusal }]
  const behind = runningContainers(observed).filter((running) => {
    const container = containerOf(pod, running.name)
    return container !== undefined && awaitsResize(container, running, { pod, reported: reportedStatus(pod, running.name) })
  })
  const names = behind.map(({ name }) => name)
  if (memory.podLimits !== undefined && podAwaitsResize(pod, memory)) names.unshift(POD_ITSELF)
  if (names.length === 0) return []
  const errors = names.flatMap((name) => memory.resizeErrors.get(name) ?? [])
  const why = errors.length > 0 ? { reason: 'Error', message: errors.join('; ') } : {}
  return [{ type: 'PodResizeInProgress', status: 'True', ...why }]
}

function judgeDisruption({ memory: { failure } }: ConditionsInput): Judgement[] {
  if (failure?.disrupts !== true) return []
  return [{ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message: failure.message }]
}

function judgeRestartOfAll({ pod, observed }: ConditionsInput): Judgement[] {
  return isRestartingAll(pod, observed) ? [{ type: 'AllContainersRestarting', status: 'True' }] : []
}

function toCondition(judgement: Judgement, { pod, now }: ConditionsInput): PodCondition {
  const known = pod.status?.conditions?.find(({ type }) => type === judgement.type)
  const unchanged = known?.status === judgement.status
  const generation = pod.metadata.generation
  return {
    ...judgement,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    lastTransitionTime: (unchanged ? known.lastTransitionTime : undefined) ?? rfc3339(now),
  }
}

function judgeInitialized({ pod, statuses, phase }: ConditionsInput): Judgement {
  if (phase === 'Succeeded') return { type: 'Initialized', status: 'True', reason: 'PodCompleted' }
  const incomplete = initContainersOf(pod).filter((container, index) => {
    const status = statuses.init[index]
    return isSidecar(container) ? !status?.started : !status?.ready
  })
  if (incomplete.length === 0 || wasInitialized(statuses)) return { type: 'Initialized', status: 'True' }
  return {
    type: 'Initialized',
    status: 'False',
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: ${nameList(incomplete)}`,
  }
}

function judgeContainersReady({ pod, statuses, phase }: ConditionsInput): Judgement {
  if (phase === 'Succeeded') return { type: 'ContainersReady', status: 'False', reason: 'PodCompleted' }
  if (phase === 'Failed') return { type: 'ContainersReady', status: 'False', reason: 'PodFailed' }
  const sidecars = statuses.init.filter((_, index) => isSidecarAt(pod, index))
  const unready = [...sidecars, ...statuses.app].filter((status: ContainerStatus) => !status.ready)
  if (unready.length === 0) return { type: 'ContainersReady', status: 'True' }
  return {
    type: 'ContainersReady',
    status: 'False',
    reason: 'ContainersNotReady',
    message: `containers with unready status: ${nameList(unready)}`,
  }
}

function judgeReady(pod: Pod, containersReady: Judgement): Judgement {
  if (containersReady.status !== 'True') return { ...containersReady, type: 'Ready' }
  const problems = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => gateProblem(pod, conditionType))
  if (problems.length === 0) return { type: 'Ready', status: 'True' }
  return { type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady', message: problems.join(', ') }
}

function gateProblem(pod: Pod, conditionType: string): string[] {
  const condition = pod.status?.conditions?.find(({ type }) => type === conditionType)
  if (condition === undefined) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`]
  if (condition.status === 'True') return []
  return [`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`]
}

function isSidecarAt(pod: Pod, index: number): boolean {
  const container = initContainersOf(pod)[index]
  return container !== undefined && isSidecar(container)
}

function nameList(named: readonly { readonly name: string }[]): string {
  return `[${named.map(({ name }) => name).join(' ')}]`
}
