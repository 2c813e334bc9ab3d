import { type Pod, type PodStatus, podIsTerminal } from '@skiff/api'
import { backoff } from '@skiff/client'
import { podLimitsOf } from '../cgroups/pod-limits.ts'
import type { PodContainers, PodRef } from '../runtime/runtime.ts'
import { reportedStatus } from '../status/container-status.ts'
import { runningContainers } from './container-history.ts'
import type { EngineNews } from './engine-news.ts'
import { executeStep } from './execute-step.ts'
import { noteBackOffs } from './note-back-offs.ts'
import { ObservedPod } from './observed-pod.ts'
import { planOrphan } from './plan-end.ts'
import { planPod } from './plan-pod.ts'
import { downwardContext } from './pod-addresses.ts'
import { isOnlyItsStatus, isOvertaken, labelsDiffer } from './pod-changes.ts'
import { MutablePodMemory } from './pod-memory.ts'
import type { PodPlan, PodStep } from './pod-plan.ts'
import { PodReport } from './pod-report.ts'
import type { PodScene, PodTools } from './pod-tools.ts'
import { waitsForImage } from './start-container.ts'

export interface PodWorkerOptions {
  readonly ref: PodRef
  /** What the engine is known to have of it; absent: it is asked. */
  readonly observed?: PodContainers
  readonly tools: PodTools
  /** Under which uid the API knows the pod; undefined: not yet. */
  readonly apiUid: (pod: Pod) => string | undefined
  readonly random: () => number
  readonly signal: AbortSignal
}

/** A plan that never comes to rest is a mistake of ours; it must not cost a core. */
const MAX_ROUNDS = 64
const EVICTION_GRACE_SECONDS = 1

interface Eviction {
  readonly graceSeconds: number
  /** For the node's sake, not for what the pod did: whoever counts failures needn't count it (KEP-3329). */
  readonly disrupts: boolean
}

/**
 * The one who looks after one pod: newest wish, newest look at the engine, plan, steps, status, and again until there is nothing
 * to do; then it sleeps until something happens. Serial, so nothing of a pod ever happens twice at once.
 */
export class PodWorker {
  readonly #options: PodWorkerOptions
  readonly #memory = new MutablePodMemory()
  readonly #report: PodReport
  readonly #engine: ObservedPod
  #pod: Pod | undefined
  #isAdmitted = false
  readonly #rested = Promise.withResolvers<void>()
  #reclaimed: PromiseWithResolvers<void>[] = []
  #refreshVolumes = false
  /** The containers that the last step has stopped, by name. */
  #justStopped: ReadonlySet<string> = new Set()
  /** One of them is started again next. */
  #isRestarting = false
  #urgent = new AbortController()
  #wake = Promise.withResolvers<void>()
  /** Something beside the engine's news asks for a pass. */
  #isAskedFor = true
  #timer: NodeJS.Timeout | undefined

  constructor(options: PodWorkerOptions) {
    this.#options = options
    this.#engine = new ObservedPod({ ...options, memory: this.#memory, onFound: (observed) => this.#adopt(observed) })
    this.#report = new PodReport({
      ...options,
      memory: this.#memory,
      pod: () => this.#pod,
      // At once, whatever the worker is at: it may wait long for an image, or for containers to end.
      onProbed: () => {
        this.#publish()
        this.wake()
      },
    })
  }

  /** The pod as the API has it now; undefined: it is not there any more, and what runs of it must go. */
  update(pod: Pod | undefined): void {
    const before = this.#pod
    this.#pod = pod
    if (isOvertaken(before, pod)) this.#urgent.abort()
    if (pod && before && before.metadata.resourceVersion !== pod.metadata.resourceVersion) {
      if (isOnlyItsStatus(before, pod)) return void this.#wakeUnlessWritten(pod)
      if (labelsDiffer(before, pod)) this.#relabelled()
    }
    this.wake()
  }

  /** What it has written itself is no news. */
  async #wakeUnlessWritten(pod: Pod): Promise<void> {
    if (!(await this.#report.hasWritten(pod))) this.wake()
  }

  #relabelled(): void {
    this.#refreshVolumes = true
    this.#memory.wasRelabelled = true
    this.#retryConfigErrors()
  }

  /** Something happened to one of its containers. */
  tell(news: EngineNews): void {
    if (this.#engine.tell(news)) this.#wake.resolve()
  }

  /** The engine's events may have been missed. */
  lookAgain(): void {
    this.#engine.doubt()
    this.wake()
  }

  /** What the engine shows is not what the worker saw last. */
  compare(now: PodContainers): void {
    if (this.#engine.isOtherThan(now)) this.lookAgain()
  }

  /** A ConfigMap or Secret that it uses has changed. */
  configChanged(): void {
    this.#refreshVolumes = true
    this.#retryConfigErrors()
    this.#memory.retries.delete('volumes')
    this.wake()
  }

  /** What they named and didn't find may be there now. */
  #retryConfigErrors(): void {
    for (const [name, { reason }] of this.#memory.waiting) {
      if (reason === 'CreateContainerConfigError') this.#memory.retries.delete(name)
    }
  }

  /** Another pod has given up something: a resize that waits for room may have it now. */
  roomCame(): void {
    if (this.#memory.resize?.refusal?.reason !== 'Deferred') return
    this.#memory.retries.delete('resize')
    this.wake()
  }

  /** An image came to this host. */
  imagesChanged(): void {
    if (this.#pod === undefined || !waitsForImage(this.#pod, this.#memory.waiting)) return
    for (const name of this.#memory.waiting.keys()) this.#memory.retries.delete(name)
    this.wake()
  }

  /** The node takes back what the pod uses beyond its share: it is stopped fast, and has failed. */
  evict(message: string, { graceSeconds, disrupts }: Eviction = { graceSeconds: EVICTION_GRACE_SECONDS, disrupts: false }): void {
    if (this.#pod === undefined || this.#memory.failure !== undefined || podIsTerminal(this.#pod)) return
    this.#memory.failure = { reason: 'Evicted', message, graceSeconds, disrupts }
    this.#options.tools.say(this.#pod, 'Warning', 'Evicted', message)
    this.#urgent.abort()
    this.wake()
  }

  /** Takes away the containers of a pod that has ended, with their logs. Resolves when that is done. */
  async reclaim(): Promise<void> {
    const done = Promise.withResolvers<void>()
    this.#reclaimed.push(done)
    this.#memory.isReclaimed = true
    this.wake()
    await done.promise
  }

  /** Stops what runs, for the host goes down. Resolves when nothing runs any more. */
  async rest(mostSeconds: number): Promise<void> {
    this.#memory.restSeconds = mostSeconds
    this.#urgent.abort()
    this.wake()
    await this.#rested.promise
  }

  get priority(): number {
    return this.#pod?.spec.priority ?? 0
  }

  wake(): void {
    this.#isAskedFor = true
    this.#wake.resolve()
  }

  /** What the pod's newest status is, also when it is not written yet. */
  get status(): PodStatus | undefined {
    return this.#pod && this.observed ? this.#report.status(this.#pod, this.observed) : this.#pod?.status
  }

  get observed(): PodContainers | undefined {
    return this.#engine.latest
  }

  /** Works until the pod is gone from the API and from the engine, or the agent ends. */
  async run(): Promise<void> {
    const { signal, tools, random, ref } = this.#options
    const retry = backoff({ initialMs: 500, maxMs: 30_000, jitter: 0.5, random })
    const end = () => {
      this.#urgent.abort()
      this.wake()
    }
    signal.addEventListener('abort', end, { once: true })
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers<void>()
      try {
        if (this.#hasReason() && (await this.#pass()) === 'gone') break
        retry.reset()
      } catch (error) {
        tools.logger.warn({ pod: `${ref.namespace}/${ref.name}`, err: error }, 'pod was not brought up to date, trying again')
        this.#engine.doubt()
        this.#sleepUntil(tools.now().getTime() + retry.nextMs())
      }
      await this.#wake.promise
    }
    signal.removeEventListener('abort', end)
    clearTimeout(this.#timer)
    this.#report.stop()
    this.#rested.resolve()
    this.#endReclaim()
  }

  /** News of what the worker has done itself are none. */
  #hasReason(): boolean {
    const isAskedFor = this.#isAskedFor
    this.#isAskedFor = false
    return isAskedFor || this.#engine.hasNews()
  }

  #endReclaim(): void {
    for (const { resolve } of this.#reclaimed) resolve()
    this.#reclaimed = []
  }

  /** One pass: until there is nothing to do, or the pod is gone. */
  async #pass(): Promise<'resting' | 'gone'> {
    clearTimeout(this.#timer)
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (this.#options.signal.aborted) return 'resting'
      const before = this.observed
      const observed = await this.#engine.look()
      await this.#admit(observed)
      await this.#refresh(observed)
      // What the steps of the last round have changed is told already, but for what they have stopped.
      const isNews = round === 0 || observed !== before || this.#justStopped.size > 0
      this.#isRestarting = this.#startsAgain(observed)
      this.#justStopped = new Set()
      if (isNews) this.#publish()
      const plan = this.#plan(observed)
      if (this.#pod) noteBackOffs(plan.backingOff, this.#pod, { memory: this.#memory, say: this.#options.tools.say })
      if (plan.steps.length === 0) {
        if (plan.backingOff.length > 0) this.#publish()
        if (this.#memory.restSeconds !== undefined) this.#rested.resolve()
        this.#endReclaim()
        this.#sleepUntil(this.#nextWake(plan))
        return 'resting'
      }
      if ((await this.#execute(plan.steps)) === 'gone') return 'gone'
    }
    throw new Error(`the plan did not come to rest in ${MAX_ROUNDS} rounds`)
  }

  /** Decided once, before anything of the pod is made. */
  async #admit({ containers, sandboxes }: PodContainers): Promise<void> {
    const pod = this.#pod
    if (this.#isAdmitted || pod === undefined || pod.metadata.deletionTimestamp || podIsTerminal(pod)) return
    const { admission, say, now } = this.#options.tools
    this.#memory.cameAt ??= now()
    const isHere = containers.length + sandboxes.length > 0
    const rejection = await admission.rejection(pod, isHere)
    if (isHere) await this.#meetCgroup(pod)
    this.#isAdmitted = true
    if (rejection === undefined) return
    this.#memory.rejection = rejection
    say(pod, 'Warning', rejection.reason, rejection.message)
  }

  /** What an earlier agent gave the pod is what it has, whatever its spec asks for by now. */
  async #meetCgroup({ metadata, spec }: Pod): Promise<void> {
    const wanted = podLimitsOf(spec)
    const held = wanted && (await this.#options.tools.cgroups.limits(metadata.uid, wanted))
    if (held !== undefined) this.#memory.podLimits = held
  }

  /** What the API knows of containers that outlived an agent is taken over, so that a ready pod stays ready. */
  #adopt(observed: PodContainers): void {
    for (const { id, name } of runningContainers(observed)) {
      const reported = this.#pod && reportedStatus(this.#pod, name)
      if (reported?.containerID !== `docker://${id}`) continue
      this.#memory.probes.set(id, { started: reported.started ?? false, ready: reported.ready })
    }
  }

  async #refresh(observed: PodContainers): Promise<void> {
    const { tools } = this.#options
    const pod = this.#pod
    const renewAt = tools.tokens.renewAt(this.#options.ref.uid)
    const due = this.#refreshVolumes || (renewAt !== undefined && renewAt <= tools.now().getTime())
    if (!due || pod === undefined || pod.metadata.deletionTimestamp || !this.#memory.volumesMounted) return
    this.#refreshVolumes = false
    try {
      await tools.volumes.refresh(pod, downwardContext(pod, observed, tools))
    } catch (error) {
      tools.say(pod, 'Warning', 'FailedMount', error instanceof Error ? error.message : String(error))
    }
  }

  #plan(observed: PodContainers): PodPlan {
    if (this.#pod === undefined) return planOrphan(observed)
    const pod = this.#report.newest(this.#pod)
    const alive = { ...pod, metadata: this.#pod.metadata, spec: this.#pod.spec }
    const now = this.#options.tools.now().getTime()
    return planPod({ pod: alive, observed, memory: this.#memory, now, steady: performance.now() })
  }

  async #execute(steps: readonly PodStep[]): Promise<'continue' | 'gone'> {
    this.#urgent = new AbortController()
    const { signal } = this.#urgent
    for (const step of steps) {
      if (signal.aborted || this.#options.signal.aborted) return 'continue'
      try {
        await this.#executeOne(step, signal)
      } catch (error) {
        this.#isRestarting = false
        this.#engine.doubt()
        if (signal.aborted) return 'continue'
        throw error
      }
      this.#isRestarting = false
      if (step.type === 'stop-containers') this.#justStopped = new Set(step.targets.map(({ container }) => container.name))
      this.#publish()
      if (step.type === 'finish-deletion') return 'gone'
    }
    return this.#pod === undefined && steps.at(-1)?.type === 'clean-up' ? 'gone' : 'continue'
  }

  #startsAgain(observed: PodContainers): boolean {
    const stopped = this.#justStopped
    if (stopped.size === 0) return false
    return this.#plan(observed).steps.some((step) => step.type === 'start-container' && stopped.has(step.container.name))
  }

  async #executeOne(step: PodStep, signal: AbortSignal): Promise<void> {
    const { tools } = this.#options
    if (step.type === 'write-final-status') return await this.#report.writeFinal(this.observed)
    if (step.type === 'fail-pod') {
      const { reason, message } = step
      this.#memory.failure = { reason, message }
      if (this.#pod) tools.say(this.#pod, 'Normal', reason, message)
      return
    }
    const scene = this.#scene(signal)
    const writing = step.type === 'clean-up' && step.finalStatus ? this.#report.writeFinal(this.observed) : undefined
    const [observed] = await Promise.all([executeStep(step, scene), writing])
    await this.#engine.note(observed)
  }

  #scene(signal: AbortSignal): PodScene {
    const { tools, ref } = this.#options
    const observed = this.observed ?? { pod: ref, sandboxes: [], containers: [] }
    const ended = (containerId: string) => this.#engine.ended(containerId)
    const base = { observed, memory: this.#memory, ended, signal, showProgress: () => this.#showProgress() }
    if (this.#pod !== undefined) return { ...base, pod: this.#pod, tools }
    // Nobody asks for it any more: there is no object that events could be about.
    return { ...base, pod: stubOf(ref), tools: { ...tools, say: () => undefined } }
  }

  async #showProgress(): Promise<void> {
    await this.#engine.glance()
    this.#publish()
  }

  /** A container that is stopped to be started again is never told to have ended, as the kubelet does both at once. */
  #publish(): void {
    if (this.#justStopped.size > 0 || this.#isRestarting) return
    this.#report.publish(this.observed)
  }

  #nextWake(plan: PodPlan): number {
    const renewAt = this.#options.tools.tokens.renewAt(this.#options.ref.uid) ?? Number.POSITIVE_INFINITY
    return Math.min(plan.wakeAt ?? Number.POSITIVE_INFINITY, renewAt)
  }

  #sleepUntil(time: number): void {
    if (!Number.isFinite(time)) return
    const ms = Math.max(0, time - this.#options.tools.now().getTime())
    this.#timer = setTimeout(() => this.wake(), Math.min(ms, LONGEST_TIMER_MS))
  }
}

/** setTimeout knows no longer ones. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

function stubOf({ name, namespace, uid }: PodRef): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, uid, resourceVersion: '', creationTimestamp: '' },
    spec: { containers: [] },
  }
}
