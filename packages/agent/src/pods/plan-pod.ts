import { isDeepStrictEqual } from 'node:util'
import { type Container, isSidecar, type Pod } from '@skiff/api'
import { looserOf, type PodLimits, podLimitsOf } from '../cgroups/pod-limits.ts'
import type { ContainerState, PodContainers, SandboxState } from '../runtime/runtime.ts'
import { isStarted, reportedStatus } from '../status/container-status.ts'
import { currentPhase } from '../status/pod-status.ts'
import {
  containerOf,
  currentRound,
  ephemeralContainersOf,
  historyOf,
  initContainersOf,
  isOfEarlierRound,
  liveSandbox,
  restartsAfter,
  restartsAll,
  runningContainers,
  sidecarsOf,
  succeeded,
} from './container-history.ts'
import { graceOf } from './grace.ts'
import { CONTAINER_HASH, containerHash, POD_IP } from './labels.ts'
import { planDeletion, planEnd, planRest, stopAll } from './plan-end.ts'
import { changedLimits, podAwaitsResize, requestNeedsRestart, resizeNeedsRestart } from './plan-resize.ts'
import { POD_ITSELF, type PodMemory } from './pod-memory.ts'
import type { BackingOff, PodPlan, PodStep } from './pod-plan.ts'
import { type RestartBackOff, restartBackOff } from './restart-back-off.ts'

export interface PodPlanInput {
  readonly pod: Pod
  readonly observed: PodContainers
  readonly memory: PodMemory
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Milliseconds of a clock that nobody sets. */
  readonly steady: number
}

/** What must start again has no time to end well, and runs no preStop (KEP-5532). */
const AT_ONCE_SECONDS = 0

/** Dead containers of one name that are kept for `lastState` and `logs --previous`. */
const DEAD_CONTAINERS_KEPT = 1

/**
 * The next steps towards what the pod's spec asks for, from what the engine shows. Pure; the worker executes the steps, looks
 * again and plans again until there is nothing to do.
 */
export function planPod(input: PodPlanInput): PodPlan {
  if (input.pod.metadata.deletionTimestamp) return planDeletion(input)
  if (input.memory.restSeconds !== undefined) return planRest(input, input.memory.restSeconds)
  const phase = currentPhase(input)
  if (phase === 'Succeeded' || phase === 'Failed' || input.memory.failure || input.memory.rejection) return planEnd(input)
  if (deadlineOf(input) <= input.now) return { steps: [DEADLINE_EXCEEDED], backingOff: [] }
  const plan = new PlanBuilder(input)
  plan.wakeAt(deadlineOf(input))
  planLife(plan, input)
  return plan.build()
}

const DEADLINE_EXCEEDED: PodStep = {
  type: 'fail-pod',
  reason: 'DeadlineExceeded',
  message: 'Pod was active on the node longer than the specified deadline',
}

function deadlineOf({ pod: { spec, status }, memory }: PodPlanInput): number {
  const begin = status?.startTime ? new Date(status.startTime) : memory.cameAt
  if (spec.activeDeadlineSeconds === undefined || begin === undefined) return Number.POSITIVE_INFINITY
  return begin.getTime() + spec.activeDeadlineSeconds * 1000
}

/** Collects steps, times to wake, and containers in back-off. */
class PlanBuilder {
  readonly steps: PodStep[] = []
  readonly backingOff: BackingOff[] = []
  readonly input: PodPlanInput
  #wakeAt = Number.POSITIVE_INFINITY

  constructor(input: PodPlanInput) {
    this.input = input
  }

  wakeAt(time: number): void {
    this.#wakeAt = Math.min(this.#wakeAt, time)
  }

  /** True while a failed try has to wait; the plan then wakes when it is over. */
  mustWait(what: string): boolean {
    const retryAt = this.input.memory.retries.get(what)?.retryAt ?? 0
    if (retryAt <= this.input.now) return false
    this.wakeAt(retryAt)
    return true
  }

  build(): PodPlan {
    const { steps, backingOff } = this
    return Number.isFinite(this.#wakeAt) ? { steps, backingOff, wakeAt: this.#wakeAt } : { steps, backingOff }
  }
}

function planLife(plan: PlanBuilder, { pod, observed, memory }: PodPlanInput): void {
  const sandbox = liveSandbox(observed)
  if (sandbox === undefined) {
    planSandbox(plan)
    return
  }
  removeLeftovers(plan, sandbox)
  if (!memory.volumesMounted) {
    if (!plan.mustWait('volumes')) plan.steps.push({ type: 'mount-volumes' })
    return
  }
  if (!pod.spec.hostNetwork && memory.plumbedSandbox !== sandbox.id) {
    const ip = sandbox.labels[POD_IP] ?? ''
    if (!plan.mustWait('network')) plan.steps.push({ type: 'plumb', sandboxId: sandbox.id, pid: sandbox.pid, ip })
    return
  }
  planContainers(plan, sandbox)
}

/** No sandbox: what still runs has lost its network and goes too, then a new one comes if anything is left to run. */
function planSandbox(plan: PlanBuilder): void {
  const { pod, observed, memory } = plan.input
  if (runningContainers(observed).length > 0) {
    plan.steps.push(stopAll(pod, observed, graceOf(pod)))
    return
  }
  for (const dead of observed.sandboxes) plan.steps.push({ type: 'remove-sandbox', id: dead.id })
  if (!pod.spec.containers.some((container) => isStillToRun(container, pod, observed))) return
  if (plan.mustWait('volumes') || plan.mustWait('sandbox')) return
  const attempt = Math.max(-1, ...observed.sandboxes.map((sandbox) => sandbox.attempt)) + 1
  plan.steps.push({ type: 'start-sandbox', attempt, mountVolumes: !memory.volumesMounted, prepare: firstContainers(plan.input) })
}

/** Of a pod that has never run. */
function firstContainers({ pod, observed }: PodPlanInput): readonly Container[] {
  if (observed.containers.length > 0) return []
  const [init] = initContainersOf(pod)
  const first = init === undefined ? pod.spec.containers : [init]
  return first.filter(({ name }) => reportedStatus(pod, name)?.containerID === undefined)
}

function isStillToRun(container: Container, pod: Pod, observed: PodContainers): boolean {
  const [newest] = historyOf(observed, container.name)
  return newest === undefined || restartsAfter(newest, container, pod) || isOfEarlierRound(newest, pod, observed)
}

function removeLeftovers(plan: PlanBuilder, live: SandboxState): void {
  const { observed } = plan.input
  for (const sandbox of observed.sandboxes) {
    if (sandbox.id !== live.id) plan.steps.push({ type: 'remove-sandbox', id: sandbox.id })
  }
  for (const name of new Set(observed.containers.map((container) => container.name))) {
    const [, ...older] = historyOf(observed, name)
    for (const dead of older.slice(DEAD_CONTAINERS_KEPT)) plan.steps.push({ type: 'remove-container', id: dead.id })
  }
}

function planContainers(plan: PlanBuilder, sandbox: SandboxState): void {
  const { pod, observed } = plan.input
  const stragglers = runningContainers(observed).filter((container) => container.sandboxId !== sandbox.id)
  if (stragglers.length > 0) {
    plan.steps.push(stopAll(pod, { ...observed, containers: stragglers }, graceOf(pod)))
    return
  }
  const overtaken = runningContainers(observed).filter((container) => isOfEarlierRound(container, pod, observed))
  if (overtaken.length > 0) {
    plan.steps.push(stopAll(pod, { ...observed, containers: overtaken }, AT_ONCE_SECONDS))
    return
  }
  planRoomierPod(plan)
  // Before all others: they are for looking into a pod, also into one that doesn't get on.
  for (const container of ephemeralContainersOf(pod)) planEphemeral(plan, container, sandbox)
  const initialized = appsHaveStarted(plan.input, sandbox) || planInitContainers(plan, sandbox)
  if (!initialized) return
  if (planSidecarsEnd(plan)) return
  for (const sidecar of sidecarsOf(pod)) planContainer(plan, sidecar, sandbox)
  for (const container of pod.spec.containers) planContainer(plan, container, sandbox)
  planTighterPod(plan)
}

/** What the pod as a whole asks for and hasn't got, where the node agrees and no earlier try is too recent. */
function duePodLimits(plan: PlanBuilder): PodLimits | undefined {
  const { pod, memory } = plan.input
  const isDue = podAwaitsResize(pod, memory) && !plan.mustWait(resizeOf({ name: POD_ITSELF })) && resizeIsAdmitted(plan)
  return isDue ? podLimitsOf(pod.spec) : undefined
}

/** Before its containers may have more, the pod must. */
function planRoomierPod(plan: PlanBuilder): void {
  const [wanted, held] = [duePodLimits(plan), plan.input.memory.podLimits]
  if (wanted === undefined || held === undefined) return
  const limits = looserOf(wanted, held)
  if (!isDeepStrictEqual(limits, held)) plan.steps.push({ type: 'resize-pod', limits })
}

/** The pod gives up what is asked back once its containers have: the kernel allows none more than its pod. */
function planTighterPod(plan: PlanBuilder): void {
  const { pod, memory, observed } = plan.input
  const limits = duePodLimits(plan)
  if (limits === undefined || memory.podLimits === undefined || plan.steps.length > 0) return
  const isDue = runningContainers(observed).every((running) => {
    const container = containerOf(pod, running.name)
    return container === undefined || changedLimits(container, running, pod) === undefined
  })
  if (isDue) plan.steps.push({ type: 'resize-pod', limits })
}

/** Once: what the API or the engine has seen of it is not started again. */
function planEphemeral(plan: PlanBuilder, container: Container, sandbox: SandboxState): void {
  const { pod, observed } = plan.input
  const [newest] = historyOf(observed, container.name)
  const isNew = newest === undefined && reportedStatus(pod, container.name)?.containerID === undefined
  if (isNew || newest?.phase === 'created') planStart(plan, container, sandbox, { attempt: 0, backOffSeconds: 0 })
}

function appsHaveStarted(input: PodPlanInput, sandbox: SandboxState): boolean {
  return input.pod.spec.containers.some((container) => newestOfThisRun(input, container, sandbox) !== undefined)
}

/** One after the other, each to its end; sidecars only until they have started. Says whether all of it is done. */
function planInitContainers(plan: PlanBuilder, sandbox: SandboxState): boolean {
  for (const container of initContainersOf(plan.input.pod)) {
    planContainer(plan, container, sandbox)
    if (!isPassed(plan.input, container, sandbox)) return false
  }
  return true
}

function isPassed(input: PodPlanInput, container: Container, sandbox: SandboxState): boolean {
  const newest = newestOfThisRun(input, container, sandbox)
  if (newest === undefined) return false
  return isSidecar(container) ? isStarted(container, newest, input.memory) : succeeded(newest)
}

/** Sidecars stop, the last one first, when no other container is left to run. */
function planSidecarsEnd(plan: PlanBuilder): boolean {
  const { pod, observed } = plan.input
  if (sidecarsOf(pod).length === 0) return false
  const over = pod.spec.containers.every(({ name }, index) => {
    const [newest] = historyOf(observed, name)
    const container = pod.spec.containers[index]
    if (newest?.phase !== 'exited' || container === undefined || isOfEarlierRound(newest, pod, observed)) return false
    return !restartsAfter(newest, container, pod)
  })
  if (over) plan.steps.push(...planEnd(plan.input).steps)
  return over
}

function planContainer(plan: PlanBuilder, container: Container, sandbox: SandboxState): void {
  const [newest] = historyOf(plan.input.observed, container.name)
  switch (newest?.phase) {
    case undefined:
      planStart(plan, container, sandbox, firstStart(plan.input.pod, container))
      break
    case 'created':
      planStart(plan, container, sandbox, { attempt: newest.attempt, backOffSeconds: 0 })
      break
    case 'running':
      planRunning(plan, container, newest)
      break
    case 'exited':
      planEnded(plan, container, newest, sandbox)
      break
    case 'unknown':
      break
  }
}

/** The first container of that name here; if the API knows of lost ones, the count goes on from theirs. */
function firstStart(pod: Pod, container: Container): { attempt: number; backOffSeconds: number } {
  const known = reportedStatus(pod, container.name)
  const attempt = known?.containerID === undefined ? 0 : known.restartCount + 1
  return { attempt, backOffSeconds: 0 }
}

function planRunning(plan: PlanBuilder, container: Container, running: ContainerState): void {
  const message = reasonToRestart(plan.input, container, running)
  if (message === undefined) {
    planResize(plan, container, running)
    return
  }
  const graceSeconds = graceOfProbe(plan.input, container, running) ?? graceOf(plan.input.pod)
  plan.steps.push({ type: 'stop-containers', targets: [{ container: running, graceSeconds, message }] })
}

function planResize(plan: PlanBuilder, container: Container, running: ContainerState): void {
  const { pod } = plan.input
  const limits = changedLimits(container, running, pod)
  const forRequest = requestNeedsRestart(container, running, reportedStatus(pod, container.name))
  if ((limits === undefined && !forRequest) || plan.mustWait(resizeOf(container))) return
  if (!resizeIsAdmitted(plan)) return
  if (limits === undefined || forRequest || resizeNeedsRestart(container, limits)) {
    const message = `Container ${container.name} resize requires restart`
    const graceSeconds = graceOf(pod)
    plan.steps.push({ type: 'stop-containers', targets: [{ container: running, graceSeconds, message, forResize: true }] })
  } else {
    plan.steps.push({ type: 'resize-container', running, limits })
  }
}

/** Whether the node agrees to what this generation of the pod asks for. It is asked where it hasn't been, or may say otherwise by now. */
function resizeIsAdmitted(plan: PlanBuilder): boolean {
  const { pod, memory } = plan.input
  const answer = memory.resize?.generation === (pod.metadata.generation ?? 0) ? memory.resize : undefined
  const mustAsk = answer === undefined || (answer.refusal?.reason === 'Deferred' && !plan.mustWait('resize'))
  if (mustAsk && !plan.steps.some(({ type }) => type === 'admit-resize')) plan.steps.push({ type: 'admit-resize' })
  return answer !== undefined && answer.refusal === undefined
}

/** Its place among the tries that may have to wait. */
export function resizeOf({ name }: Pick<Container, 'name'>): string {
  return `resize ${name}`
}

function reasonToRestart({ pod, memory }: PodPlanInput, container: Container, running: ContainerState): string | undefined {
  const failed = memory.probes.get(running.id)?.failed
  if (failed !== undefined) return `Container ${container.name} failed ${failed} probe, will be restarted`
  if (wasChanged(pod, container, running)) return `Container ${container.name} definition changed, will be restarted`
  return undefined
}

/** An init container that has done its work, or is at it, is not sent back for another image. */
function wasChanged(pod: Pod, container: Container, existing: ContainerState): boolean {
  const isPlainInit = containerKind(pod, container) === 'init' && !isSidecar(container)
  if (isPlainInit && (existing.phase === 'running' || succeeded(existing))) return false
  const hash = existing.labels[CONTAINER_HASH]
  return hash !== undefined && hash !== containerHash(container)
}

function graceOfProbe({ memory }: PodPlanInput, container: Container, running: ContainerState): number | undefined {
  switch (memory.probes.get(running.id)?.failed) {
    case 'liveness':
      return container.livenessProbe?.terminationGracePeriodSeconds
    case 'startup':
      return container.startupProbe?.terminationGracePeriodSeconds
    case undefined:
      return undefined
  }
}

function planEnded(plan: PlanBuilder, container: Container, ended: ContainerState, sandbox: SandboxState): void {
  const { pod, now, memory, observed } = plan.input
  const ofThisSandbox = inSandbox(ended, sandbox) !== undefined
  const overtaken = isOfEarlierRound(ended, pod, observed)
  const changed = wasChanged(pod, container, ended)
  const resized = memory.resizing.has(ended.id)
  // Init containers run again, also those that succeeded, when the sandbox is a new one.
  const runsAgain = ofThisSandbox || containerKind(pod, container) === 'app' ? restartsAfter(ended, container, pod) : true
  if (!runsAgain && !changed && !overtaken) return
  const backOff = restartBackOff(ended, killedByProbe(plan.input, container, ended))
  const attempt = ended.attempt + 1
  if (!ofThisSandbox || (overtaken && !restartsAll(ended, pod))) {
    // It ended with its sandbox, as when the engine restarts, or for another container's sake: nothing that it did itself, so nothing that it waits for.
    planStart(plan, container, sandbox, { attempt, backOffSeconds: backOff.delaySeconds })
    return
  }
  const waitMs = waitLeft(plan.input, ended, backOff)
  if (!changed && !resized && waitMs > 0) {
    plan.wakeAt(now + waitMs)
    plan.backingOff.push({ type: 'restart', container: container.name, delaySeconds: backOff.delaySeconds, ended, waitMs })
    return
  }
  // Another image is another program: what the old one did is not held against it.
  planStart(plan, container, sandbox, { attempt, backOffSeconds: changed ? 0 : backOff.nextDelaySeconds })
}

/** By the engine's times when it is first asked, within the delay; from then on a clock that is set changes nothing. */
function waitLeft({ now, steady, memory }: PodPlanInput, ended: ContainerState, backOff: RestartBackOff): number {
  const due = memory.restartsDue.get(ended.id)
  return due === undefined ? Math.min(backOff.restartAt - now, backOff.delaySeconds * 1000) : due - steady
}

/** What restartBackOff needs to know of a container that the agent itself has killed; undefined: it ended on its own. */
function killedByProbe({ observed, memory }: PodPlanInput, { name }: Container, ended: ContainerState) {
  if (memory.probes.get(ended.id)?.failed === undefined) return undefined
  return { before: historyOf(observed, name).find(({ attempt }) => attempt < ended.attempt) }
}

function containerKind(pod: Pod, { name }: Container): 'init' | 'app' {
  return containerOf(pod, name) !== undefined && initContainersOf(pod).some((init) => init.name === name) ? 'init' : 'app'
}

function planStart(
  plan: PlanBuilder,
  container: Container,
  sandbox: SandboxState,
  start: { readonly attempt: number; readonly backOffSeconds: number },
): void {
  if (plan.mustWait(container.name)) {
    plan.backingOff.push({ type: 'retry', container: container.name })
    return
  }
  const round = currentRound(plan.input.pod, plan.input.observed)
  plan.steps.push({ type: 'start-container', container, sandboxId: sandbox.id, ...start, ...(round > 0 ? { round } : {}) })
}

/** Neither of an earlier sandbox, nor of before all containers were to start again. */
function newestOfThisRun(
  { pod, observed }: PodPlanInput,
  { name }: Container,
  sandbox: SandboxState,
): ContainerState | undefined {
  const newest = inSandbox(historyOf(observed, name)[0], sandbox)
  return newest === undefined || isOfEarlierRound(newest, pod, observed) ? undefined : newest
}

function inSandbox(container: ContainerState | undefined, sandbox: SandboxState): ContainerState | undefined {
  return container?.sandboxId === sandbox.id ? container : undefined
}
