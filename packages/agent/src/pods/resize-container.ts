import { hasPodResources, type Pod } from '@skiff/api'
import { memoryLimit } from '../containers/resources.ts'
import { type ContainerState, type PodContainers, UpdateError } from '../runtime/runtime.ts'
import { cgroupFinder } from '../stats/cgroup.ts'
import { readCgroupUsage } from '../stats/cgroup-usage.ts'
import { containerOf } from './container-history.ts'
import { resizeOf } from './plan-pod.ts'
import { changedLimits } from './plan-resize.ts'
import type { ResizeAnswer } from './pod-memory.ts'
import type { PodStep } from './pod-plan.ts'
import type { PodScene } from './pod-tools.ts'

/** A resize that found no room, or that the engine refused, is tried again after so long. */
const RETRY = { initialMs: 10_000, maxMs: 60_000 }

/** Notes the node's answer for this generation of the pod, and tells of it when it is a new one. */
export async function admitResize({ pod, tools, memory }: PodScene): Promise<void> {
  const hasNoGroup = hasPodResources(pod.spec) && memory.podLimits === undefined
  const { timesRoomCame } = tools.admission
  const refusal = hasNoGroup ? NO_GROUP : await tools.admission.resizeRefusal(pod)
  const before = memory.resize?.refusal
  memory.resize = { generation: pod.metadata.generation ?? 0, ...(refusal === undefined ? {} : { refusal }) }
  if (refusal === undefined) {
    tools.say(pod, 'Normal', 'ResizeStarted', `Pod resize started: ${resizeDetails(pod)}`)
    memory.succeeded('resize')
    return
  }
  memory.failed('resize', tools.now().getTime(), RETRY)
  if (tools.admission.timesRoomCame !== timesRoomCame) memory.retries.delete('resize')
  if (before?.message === refusal.message) return
  const details = resizeDetails(pod, refusal.message)
  tools.say(pod, 'Warning', `Resize${refusal.reason}`, `Pod resize ${refusal.reason}: ${details}`)
}

/** Processes can't be moved into another group behind the engine's back. */
const NO_GROUP: NonNullable<ResizeAnswer['refusal']> = {
  reason: 'Infeasible',
  message: 'a pod that began without resources of its own has no control group that could limit it: replace the pod',
}

export async function resizeContainer(
  { running, limits }: Extract<PodStep, { type: 'resize-container' }>,
  scene: PodScene,
): Promise<PodContainers> {
  const { pod, observed, tools } = scene
  const { name } = running
  const below = limits.memoryBytes === undefined ? undefined : belowUsage(pod, running)
  if (below !== undefined) {
    noteResizeError(scene, name, below)
    return observed
  }
  try {
    await tools.runtime.updateContainer(running.id, limits)
  } catch (error) {
    if (!(error instanceof UpdateError)) throw error
    noteResizeError(scene, name, error.message)
    return observed
  }
  const after = await tools.runtime.inspectPod(pod.metadata.uid)
  const seen = after.containers.find(({ id }) => id === running.id)
  const container = containerOf(pod, name)
  if (seen?.phase === 'running' && container !== undefined && changedLimits(container, seen, pod) !== undefined) {
    noteResizeError(scene, name, 'the engine did not take the new limits')
    return after
  }
  noteResized(scene, name)
  sayResizeCompleted(scene)
  return after
}

/** @param name of the container, or `POD_ITSELF`, as below */
export function noteResizeError({ pod, tools, memory }: PodScene, name: string, message: string): void {
  memory.resizeErrors.set(name, message)
  memory.failed(resizeOf({ name }), tools.now().getTime(), RETRY)
  tools.say(pod, 'Warning', 'ResizeError', `Pod resize error: ${resizeDetails(pod, message)}`)
}

export function noteResized({ memory }: PodScene, name: string): void {
  memory.resizeErrors.delete(name)
  memory.succeeded(resizeOf({ name }))
}

export function sayResizeCompleted({ pod, tools }: PodScene): void {
  tools.say(pod, 'Normal', 'ResizeCompleted', `Pod resize completed: ${resizeDetails(pod)}`)
}

function resizeDetails(pod: Pod, error?: string): string {
  const containers = pod.spec.containers.map(({ name }) => ({ name, resources: containerOf(pod, name)?.resources ?? {} }))
  return JSON.stringify({ containers, generation: pod.metadata.generation ?? 0, ...(error === undefined ? {} : { error }) })
}

/** A limit that the kernel would only reach by ending the container's processes is not even tried (KEP-1287). */
function belowUsage(pod: Pod, { pid, id, name }: ContainerState): string | undefined {
  const container = containerOf(pod, name)
  const limit = container === undefined ? 0 : memoryLimit(container, pod)
  if (limit === 0) return undefined
  const cgroup = cgroupFinder()(pid, id)
  const usage = cgroup === undefined ? 0 : readCgroupUsage(cgroup).memory.usageBytes
  if (usage <= limit) return undefined
  return `attempting to set container "${name}" memory limit (${limit}) below current usage (${usage})`
}
