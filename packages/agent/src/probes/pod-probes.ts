import { setTimeout as delay } from 'node:timers/promises'
import type { Container, Pod, Probe } from '@skiff/api'
import { containerOf, runningContainers } from '../pods/container-history.ts'
import type { ProbeState } from '../pods/pod-memory.ts'
import type { ContainerRuntime, ContainerState, PodContainers } from '../runtime/runtime.ts'
import type { Semaphore } from '../semaphore.ts'
import type { ProbeResult } from '../stats/agent-meters.ts'
import { type CheckResult, check } from './check.ts'
import { ProbePace } from './probe-pace.ts'

export interface PodProbesOptions {
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

type ProbeKind = 'startup' | 'liveness' | 'readiness'

const TITLES = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' } as const

/** The probes of one pod: a loop for each that is due, started and stopped as its containers come and go. */
export class PodProbes {
  readonly #options: PodProbesOptions
  readonly #loops = new Map<string, AbortController>()

  constructor(options: PodProbesOptions) {
    this.#options = options
  }

  /** Makes the loops fit what runs now. */
  sync(pod: Pod, observed: PodContainers, podIp: string): void {
    const wanted = new Map(runningContainers(observed).flatMap((running) => this.#wantedOf(pod, running, podIp)))
    for (const [key, loop] of this.#loops) {
      if (wanted.has(key)) continue
      loop.abort()
      this.#loops.delete(key)
    }
    for (const [key, start] of wanted) {
      if (!this.#loops.has(key)) this.#loops.set(key, start())
    }
  }

  stop(): void {
    for (const loop of this.#loops.values()) loop.abort()
    this.#loops.clear()
  }

  #wantedOf(pod: Pod, running: ContainerState, podIp: string): [string, () => AbortController][] {
    const container = containerOf(pod, running.name)
    if (container === undefined) return []
    return dueProbes(pod, container, this.#options.states.get(running.id) ?? {}).map(([kind, probe]) => {
      const start = () => this.#start({ kind, probe, container, running, podIp })
      return [`${running.id}/${kind}`, start]
    })
  }

  #start(loop: ProbeLoop): AbortController {
    const stop = new AbortController()
    void this.#run(loop, stop.signal)
    return stop
  }

  async #run(loop: ProbeLoop, signal: AbortSignal): Promise<void> {
    try {
      await delay(Math.max(this.#untilDueMs(loop), this.#spreadMs(loop)), undefined, { signal })
      await this.#repeat(loop, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  #untilDueMs({ probe, running }: ProbeLoop): number {
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
  #spreadMs({ probe, running }: ProbeLoop): number {
    const { states, random } = this.#options
    return states.get(running.id)?.ready === true ? random() * periodMs(probe) : 0
  }

  async #repeat(loop: ProbeLoop, signal: AbortSignal): Promise<void> {
    const { probe } = loop
    const pace = new ProbePace(periodMs(probe), this.#isAwaited(loop))
    let successes = 0
    let failures = 0
    while (!signal.aborted) {
      const result = await this.#check(loop)
      if (signal.aborted || result === undefined) return
      const counts = pace.noteResult(result.ok)
      successes = result.ok ? successes + 1 : 0
      failures = result.ok ? 0 : failures + (counts ? 1 : 0)
      const isNews = this.#options.states.get(loop.running.id)?.isStopping !== true
      if (!result.ok && counts && isNews) this.#tell(loop, 'Unhealthy', `failed: ${result.output}`)
      if (result.warning !== undefined) this.#tell(loop, 'ProbeWarning', `warning: ${result.warning}`)
      if (successes >= (probe.successThreshold ?? 1)) this.#succeeded(loop)
      if (failures >= (probe.failureThreshold ?? 3)) this.#failed(loop)
      await delay(pace.nextMs(), undefined, { signal })
    }
  }

  #tell({ container, kind }: ProbeLoop, reason: 'Unhealthy' | 'ProbeWarning', text: string): void {
    this.#options.onEvent(container, reason, `${TITLES[kind]} probe ${text}`)
  }

  /** A container that has just started: its pod can do nothing before it passes. */
  #isAwaited({ kind, running }: ProbeLoop): boolean {
    return kind !== 'liveness' && this.#options.states.get(running.id)?.ready === undefined
  }

  async #check(loop: ProbeLoop): Promise<CheckResult | undefined> {
    const startMs = performance.now()
    const result = await this.#ask(loop)
    if (result === undefined) return undefined
    const { container, running, kind } = loop
    const seconds = (performance.now() - startMs) / 1000
    this.#options.onResult({ kind: TITLES[kind], container: container.name, pod: running.pod, ok: result.ok, seconds })
    return result
  }

  async #ask({ probe, container, running, podIp }: ProbeLoop): Promise<CheckResult | undefined> {
    const { runtime, execSlots } = this.#options
    try {
      return await check(probe, { runtime, execSlots, container, podUid: running.pod.uid, containerId: running.id, podIp })
    } catch (error) {
      return { ok: false, output: error instanceof Error ? error.message : String(error) }
    }
  }

  #succeeded({ kind, running }: ProbeLoop): void {
    if (kind === 'startup') this.#note(running.id, { started: true })
    if (kind === 'readiness') this.#note(running.id, { ready: true })
  }

  #failed({ kind, running }: ProbeLoop): void {
    if (kind === 'readiness') this.#note(running.id, { ready: false })
    else this.#note(running.id, { failed: kind })
  }

  #note(containerId: string, change: ProbeState): void {
    const { states, onChange } = this.#options
    const before = states.get(containerId) ?? {}
    const after = { ...before, ...change }
    if (before.started === after.started && before.ready === after.ready && before.failed === after.failed) return
    states.set(containerId, after)
    onChange()
  }
}

interface ProbeLoop {
  readonly kind: ProbeKind
  readonly probe: Probe
  readonly container: Container
  readonly running: ContainerState
  readonly podIp: string
}

function periodMs({ periodSeconds = 10 }: Probe): number {
  return periodSeconds * 1000
}

/** The startup probe alone until it has passed; none of the deadly ones once the pod leaves or one of them gave up. */
function dueProbes(pod: Pod, container: Container, state: ProbeState): [ProbeKind, Probe][] {
  const { startupProbe, livenessProbe, readinessProbe } = container
  const leaving = pod.metadata.deletionTimestamp !== undefined || state.failed !== undefined
  if (startupProbe && !state.started) return leaving ? [] : [['startup', startupProbe]]
  const due: [ProbeKind, Probe][] = []
  if (livenessProbe && !leaving) due.push(['liveness', livenessProbe])
  if (readinessProbe) due.push(['readiness', readinessProbe])
  return due
}
