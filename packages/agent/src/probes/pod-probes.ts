import type { Container, Pod, Probe } from '@skiff/api'
import { containerOf, runningContainers } from '../pods/container-history.ts'
import type { ProbeState } from '../pods/pod-memory.ts'
import type { ContainerState, PodContainers } from '../runtime/runtime.ts'
import { type ProbeKind, ProbeLoop, type ProbeLoopOptions } from './probe-loop.ts'

/** The probes of one pod: a loop for each that is due, started and stopped as its containers come and go. */
export class PodProbes {
  readonly #options: ProbeLoopOptions
  readonly #loops = new Map<string, ProbeLoop>()

  constructor(options: ProbeLoopOptions) {
    this.#options = options
  }

  /** Makes the loops fit what runs now. */
  sync(pod: Pod, observed: PodContainers, podIp: string): void {
    const wanted = new Map(runningContainers(observed).flatMap((running) => this.#wantedOf(pod, running, podIp)))
    for (const [key, loop] of this.#loops) {
      if (wanted.has(key)) continue
      loop.stop()
      this.#loops.delete(key)
    }
    for (const [key, make] of wanted) {
      if (this.#loops.has(key)) continue
      const loop = make()
      this.#loops.set(key, loop)
      loop.start()
    }
  }

  stop(): void {
    for (const loop of this.#loops.values()) loop.stop()
    this.#loops.clear()
  }

  #wantedOf(pod: Pod, running: ContainerState, podIp: string): [string, () => ProbeLoop][] {
    const container = containerOf(pod, running.name)
    if (container === undefined) return []
    return dueProbes(pod, container, this.#options.states.get(running.id) ?? {}).map(([kind, probe]) => {
      const make = () => new ProbeLoop(this.#options, { kind, probe, container, running, podIp })
      return [`${running.id}/${kind}`, make]
    })
  }
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
