import type { Container, Probe } from '@skiff/api'
import type { ProbeState } from '../pods/pod-memory.ts'
import type { ContainerRuntime, ContainerState } from '../runtime/runtime.ts'
import type { Semaphore } from '../semaphore.ts'
import type { ProbeResult } from '../stats/agent-meters.ts'
import { type CheckResult, check } from './check.ts'
import { ProbePace } from './probe-pace.ts'

export interface ProbeLoopOptions {
  readonly runtime: ContainerRuntime
  readonly execSlots: Semaphore
  readonly now: () => Date
  readonly random: () => number
  /** The owner keeps the states: they are part of what it knows of the pod. */
  readonly states: Map<string, ProbeState>
  readonly onChange: () => void
  readonly onResult: (result: ProbeResult) => void
  readonly onEvent: (container: Container, reason: 'Unhealthy' | 'ProbeWarning', message: string) => void
}

export type ProbeKind = 'startup' | 'liveness' | 'readiness'

export interface ProbeTarget {
  readonly kind: ProbeKind
  readonly probe: Probe
  readonly container: Container
  readonly running: ContainerState
  readonly podIp: string
}

const TITLES = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' } as const

/**
 * One probe of one running container, asked until it is stopped. On a full host there are hundreds, and whatever one would keep
 * from a question to the next is garbage of the costly kind: that is a timer and nothing else.
 */
export class ProbeLoop {
  readonly #options: ProbeLoopOptions
  readonly #target: ProbeTarget
  readonly #periodMs: number
  readonly #ask = () => void this.#once()
  #pace: ProbePace | undefined
  #successes = 0
  #failures = 0
  #isStopped = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: ProbeLoopOptions, target: ProbeTarget) {
    this.#options = options
    this.#target = target
    this.#periodMs = (target.probe.periodSeconds ?? 10) * 1000
  }

  start(): void {
    this.#timer = setTimeout(this.#ask, Math.max(this.#untilDueMs(), this.#spreadMs()))
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  #untilDueMs(): number {
    const { probe, running } = this.#target
    const startedAt = (running.startedAt ?? running.createdAt).getTime()
    const initialMs = (probe.initialDelaySeconds ?? 0) * 1000
    const leftMs = startedAt + initialMs - this.#options.now().getTime()
    // A clock that was set back since the start keeps nobody waiting.
    return Math.min(Math.max(0, leftMs), initialMs)
  }

  /**
   * A container that is ready before its first probe was so for an earlier agent: nobody waits for the answer, and if all that this
   * one finds were asked together, they would be so in every period. The kubelet spreads them likewise (prober/worker.go).
   */
  #spreadMs(): number {
    return this.#state?.ready === true ? this.#options.random() * this.#periodMs : 0
  }

  get #state(): ProbeState | undefined {
    return this.#options.states.get(this.#target.running.id)
  }

  /** A container that has just started: its pod can do nothing before it passes. */
  get #isAwaited(): boolean {
    return this.#target.kind !== 'liveness' && this.#state?.ready === undefined
  }

  async #once(): Promise<void> {
    this.#pace ??= new ProbePace(this.#periodMs, this.#isAwaited)
    const startMs = performance.now()
    const result = await this.#check()
    if (result === undefined) return
    this.#tellResult(result, (performance.now() - startMs) / 1000)
    if (this.#isStopped) return
    this.#judge(result, this.#pace.noteResult(result.ok))
    if (!this.#isStopped) this.#timer = setTimeout(this.#ask, this.#pace.nextMs())
  }

  async #check(): Promise<CheckResult | undefined> {
    const { runtime, execSlots } = this.#options
    const { probe, container, running, podIp } = this.#target
    try {
      return await check(probe, { runtime, execSlots, container, podUid: running.pod.uid, containerId: running.id, podIp })
    } catch (error) {
      return { ok: false, output: error instanceof Error ? error.message : String(error) }
    }
  }

  #tellResult({ ok }: CheckResult, seconds: number): void {
    const { container, running, kind } = this.#target
    this.#options.onResult({ kind: TITLES[kind], container: container.name, pod: running.pod, ok, seconds })
  }

  /** @param counts as one of the failures that are too many */
  #judge({ ok, output, warning }: CheckResult, counts: boolean): void {
    const { successThreshold = 1, failureThreshold = 3 } = this.#target.probe
    this.#successes = ok ? this.#successes + 1 : 0
    this.#failures = ok ? 0 : this.#failures + (counts ? 1 : 0)
    const isNews = this.#state?.isStopping !== true
    if (!ok && counts && isNews) this.#tell('Unhealthy', `failed: ${output}`)
    if (warning !== undefined) this.#tell('ProbeWarning', `warning: ${warning}`)
    if (this.#successes >= successThreshold) this.#succeeded()
    if (this.#failures >= failureThreshold) this.#failed()
  }

  #tell(reason: 'Unhealthy' | 'ProbeWarning', text: string): void {
    const { container, kind } = this.#target
    this.#options.onEvent(container, reason, `${TITLES[kind]} probe ${text}`)
  }

  #succeeded(): void {
    const { kind } = this.#target
    if (kind === 'startup') this.#note({ started: true })
    if (kind === 'readiness') this.#note({ ready: true })
  }

  #failed(): void {
    const { kind } = this.#target
    if (kind === 'readiness') this.#note({ ready: false })
    else this.#note({ failed: kind })
  }

  #note(change: ProbeState): void {
    const { states, onChange } = this.#options
    const before = this.#state ?? {}
    const after = { ...before, ...change }
    if (before.started === after.started && before.ready === after.ready && before.failed === after.failed) return
    states.set(this.#target.running.id, after)
    onChange()
  }
}
