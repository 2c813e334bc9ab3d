import { setTimeout as delay } from 'node:timers/promises'
import type { ContainerState, PodContainers, SandboxState } from '../runtime/runtime.ts'
import { containerOf } from './container-history.ts'
import { HookError, runHook } from './lifecycle-hooks.ts'
import { podIpOf } from './pod-addresses.ts'
import type { StopStep, StopTarget } from './pod-plan.ts'
import type { PodScene } from './pod-tools.ts'
import { removeSandbox } from './remove-sandbox.ts'

/** However long preStop took, the program gets this long after SIGTERM, as with the kubelet. */
const LEAST_GRACE_SECONDS = 2

type Stops = ReadonlyMap<string, Promise<ContainerState | undefined>>

/** Stops them side by side, each after those that it waits for; returns what is there afterwards. */
export async function stopContainers(step: StopStep, scene: PodScene): Promise<PodContainers> {
  const { targets } = step
  const stops = new Map<string, Promise<ContainerState | undefined>>()
  const stopOf = (id: string): Promise<unknown> => stops.get(id) ?? Promise.resolve()
  for (const target of targets) {
    // After this turn: then those that it waits for are in the map too.
    const ownTurn = async () => await Promise.allSettled((target.after ?? []).map(stopOf))
    stops.set(
      target.container.id,
      Promise.resolve().then(() => stopContainer(target, scene, ownTurn)),
    )
  }
  void endSandboxes(step, stops, scene).catch(() => undefined)
  const shown = showEach([...stops.values()], scene)
  const left = await Promise.race([Promise.all(stops.values()), aborted(scene.signal)])
  // Those that go on stopping behind an abort are stopped again, with a shorter grace.
  for (const stop of stops.values()) stop.catch(() => undefined)
  await shown()
  if (left === undefined) return await scene.tools.runtime.inspectPod(scene.pod.metadata.uid)
  const others = scene.observed.containers.filter(({ id }) => !stops.has(id))
  const sandboxes = scene.observed.sandboxes.map((one) => (scene.memory.removals.has(one.id) ? ended(one) : one))
  return { ...scene.observed, sandboxes, containers: [...others, ...left.filter((container) => container !== undefined)] }
}

/**
 * The engine takes some 50 ms to tell that a process has gone, and as long again for the sandbox's: both go on at once. What the
 * containers' ends were is known by then, nothing of it changes.
 */
async function endSandboxes({ targets, lastSandboxes = [] }: StopStep, stops: Stops, scene: PodScene): Promise<void> {
  if (lastSandboxes.length === 0) return
  const allStopped = new AbortController()
  void Promise.allSettled(stops.values()).then(() => allStopped.abort())
  const signal = AbortSignal.any([allStopped.signal, scene.signal])
  const endOf = ({ container }: StopTarget) =>
    Promise.race([stops.get(container.id), scene.tools.runtime.processEnd(container, signal)])
  await Promise.all(targets.map(endOf))
  if (!scene.signal.aborted) await Promise.all(lastSandboxes.map((id) => removeSandbox(id, scene)))
}

function ended(sandbox: SandboxState): SandboxState {
  return { ...sandbox, phase: 'exited', pid: 0 }
}

/**
 * Each that has stopped is told of while others go on, one look after the other. What comes back waits for the look that is
 * under way and ends the showing, so that no older look comes after the last one.
 */
function showEach(stops: readonly Promise<unknown>[], { showProgress }: PodScene): () => Promise<void> {
  let left = stops.length
  let isOver = false
  let look = Promise.resolve()
  const onStop = () => {
    left -= 1
    if (left === 0) return
    look = look.then(() => (isOver ? undefined : showProgress())).catch(() => undefined)
  }
  for (const stop of stops) stop.then(onStop, onStop)
  return async () => {
    isOver = true
    await look
  }
}

/** preStop and the wait for its turn within the grace, SIGTERM, what is left of the grace, SIGKILL. */
export async function stopContainer(
  target: StopTarget,
  scene: PodScene,
  ownTurn?: () => Promise<unknown>,
): Promise<ContainerState | undefined> {
  const { pod, tools } = scene
  const { container: running, graceSeconds, message, forResize } = target
  if (forResize) scene.memory.resizing.add(running.id)
  tools.say(pod, 'Normal', 'Killing', message, running.name)
  const begin = performance.now()
  const leftMs = () => Math.max(0, graceSeconds * 1000 - (performance.now() - begin))
  await runPreStop(target, scene)
  if (ownTurn !== undefined) await atMost(leftMs(), ownTurn())
  scene.memory.probes.set(running.id, { ...scene.memory.probes.get(running.id), isStopping: true })
  const least = Math.min(graceSeconds, LEAST_GRACE_SECONDS)
  return await tools.runtime.stopContainer(running.id, Math.ceil(Math.max(least, leftMs() / 1000)))
}

async function runPreStop({ container: running, graceSeconds }: StopTarget, scene: PodScene): Promise<void> {
  const { pod, tools, observed } = scene
  const container = containerOf(pod, running.name)
  const preStop = container?.lifecycle?.preStop
  if (preStop === undefined || container === undefined || graceSeconds === 0) return
  const podIp = podIpOf(pod, observed, tools)
  const context = { runtime: tools.runtime, pod, container, containerId: running.id, podIp, timeoutMs: graceSeconds * 1000 }
  // A container that has ended needs no more of its hook.
  await Promise.race([runHook(preStop, context), scene.ended(running.id)]).catch((error: unknown) => {
    if (!(error instanceof HookError)) throw error
    tools.say(pod, 'Warning', 'FailedPreStopHook', 'PreStopHook failed', running.name)
  })
}

async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const late = new AbortController()
  await Promise.race([work, delay(ms, undefined, { signal: late.signal }).catch(() => undefined)])
  late.abort()
}

function aborted(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return Promise.resolve(undefined)
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }))
}
