import type { PodContainers } from '../runtime/runtime.ts'
import { containerOf } from './container-history.ts'
import { HookError, runHook } from './lifecycle-hooks.ts'
import { podIpOf } from './pod-addresses.ts'
import type { StopTarget } from './pod-plan.ts'
import type { PodScene } from './pod-tools.ts'

/** However long preStop took, the program gets this long after SIGTERM, as with the kubelet. */
const LEAST_GRACE_SECONDS = 2

/** Stops them side by side; returns what is there afterwards. */
export async function stopContainers(targets: readonly StopTarget[], scene: PodScene): Promise<PodContainers> {
  const stops = targets.map((target) => stopContainer(target, scene))
  await Promise.race([Promise.all(stops), aborted(scene.signal)])
  // Those that go on stopping behind an abort are stopped again, with a shorter grace.
  for (const stop of stops) stop.catch(() => undefined)
  return await scene.tools.runtime.inspectPod(scene.pod.metadata.uid)
}

/** preStop within the grace, SIGTERM, what is left of the grace, SIGKILL. */
export async function stopContainer(target: StopTarget, scene: PodScene): Promise<void> {
  const { pod, tools, observed } = scene
  const { container: running, graceSeconds, message } = target
  tools.say(pod, 'Normal', 'Killing', message, running.name)
  const container = containerOf(pod, running.name)
  const preStop = container?.lifecycle?.preStop
  const begin = performance.now()
  if (preStop !== undefined && container !== undefined && graceSeconds > 0) {
    const podIp = podIpOf(pod, observed, tools)
    const context = { runtime: tools.runtime, pod, container, containerId: running.id, podIp, timeoutMs: graceSeconds * 1000 }
    await runHook(preStop, context).catch((error: unknown) => {
      if (!(error instanceof HookError)) throw error
      tools.say(pod, 'Warning', 'FailedPreStopHook', 'PreStopHook failed', running.name)
    })
  }
  const spent = (performance.now() - begin) / 1000
  const least = Math.min(graceSeconds, LEAST_GRACE_SECONDS)
  await tools.runtime.stopContainer(running.id, Math.ceil(Math.max(least, graceSeconds - spent)))
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
