import type { Pod } from '@skiff/api'
import { type ContainerSpec, type ContainerState, type PodContainers, StartError } from '../runtime/runtime.ts'
import { HookError, runHook } from './lifecycle-hooks.ts'
import { podIpOf } from './pod-addresses.ts'
import type { PodScene } from './pod-tools.ts'
import { takePrepared } from './prepare-containers.ts'
import { refuse, type StartStep, specifyContainer } from './specify-container.ts'
import { stopContainer } from './stop-containers.ts'

const POST_START_TIMEOUT_MS = 10 * 60_000
const GRACE_AFTER_FAILED_HOOK_SECONDS = 2

/**
 * Image, configuration, container, postStart hook. What goes wrong is told in events and kept as the container's waiting
 * reason, in the kubelet's words; the rest of the pod goes on. Returns what is there afterwards.
 */
export async function startContainer(step: StartStep, scene: PodScene): Promise<PodContainers> {
  const wanted = takePrepared(step, scene) ?? (await newlyWanted(step, scene))
  if (wanted === undefined) return scene.observed
  wanted.tell?.()
  const started = await create(step, scene, wanted)
  if (started === undefined) return await scene.tools.runtime.inspectPod(scene.pod.metadata.uid)
  const { observed } = scene
  const now = { ...observed, containers: [...observed.containers.filter(({ id }) => id !== started.id), started] }
  return (await runPostStart(step, scene, started)) ? now : await scene.tools.runtime.inspectPod(scene.pod.metadata.uid)
}

interface Wanted {
  readonly spec: ContainerSpec
  /** Of the container that was created for it. */
  readonly id?: string
  readonly tell?: () => void
}

async function newlyWanted(step: StartStep, scene: PodScene): Promise<Wanted | undefined> {
  const spec = await specifyContainer(step, scene)
  return spec && { spec }
}

async function create(step: StartStep, scene: PodScene, { spec, id }: Wanted): Promise<ContainerState | undefined> {
  const { tools, pod, memory } = scene
  const { name } = step.container
  try {
    const started = await tools.runtime.startContainer(spec, id)
    tools.logLinks.show(started)
    tools.say(pod, 'Normal', 'Created', `Created container ${name}`, name)
    memory.succeeded(name)
    // Before anyone can see the container as started.
    if (step.container.lifecycle?.postStart) memory.starting.add(started.id)
    tools.say(pod, 'Normal', 'Started', `Started container ${name}`, name)
    return started
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    await noteStartError(step, scene, error)
    return undefined
  }
}

/** A container that was made but could not start counts as one that ended, and is restarted by the rules of its pod. */
async function noteStartError(step: StartStep, scene: PodScene, error: StartError): Promise<void> {
  const { tools, pod, memory } = scene
  const { name } = step.container
  const after = await tools.runtime.inspectPod(pod.metadata.uid)
  const failed = after.containers.find((container) => container.name === name && container.attempt === step.attempt)
  if (failed === undefined) return refuse(step, scene, error.reason, error.message)
  const daemonSays = `Error response from daemon: ${error.message}`
  tools.say(pod, 'Normal', 'Created', `Created container ${name}`, name)
  tools.say(pod, 'Warning', 'Failed', `Error: failed to start container "${name}": ${daemonSays}`, name)
  memory.waiting.set(name, { reason: error.reason, message: `failed to start container "${failed.id}": ${daemonSays}` })
}

/** Says whether the container may stay. */
async function runPostStart(step: StartStep, scene: PodScene, started: ContainerState): Promise<boolean> {
  const { pod, tools, memory, observed } = scene
  const { container } = step
  const hook = container.lifecycle?.postStart
  if (hook === undefined) return true
  const podIp = podIpOf(pod, observed, tools)
  try {
    const { runtime } = tools
    await runHook(hook, { runtime, pod, container, containerId: started.id, podIp, timeoutMs: POST_START_TIMEOUT_MS })
    return true
  } catch (error) {
    if (!(error instanceof HookError)) throw error
    tools.say(pod, 'Warning', 'FailedPostStartHook', error.message, container.name)
    await stopContainer(
      { container: started, graceSeconds: GRACE_AFTER_FAILED_HOOK_SECONDS, message: 'FailedPostStartHook' },
      scene,
    )
    memory.waiting.set(container.name, { reason: 'PostStartHookError', message: error.message })
    return false
  } finally {
    memory.starting.delete(started.id)
  }
}

/** Whether a waiting reason may go away when an image arrives. */
export function waitsForImage(pod: Pod, waiting: ReadonlyMap<string, { readonly reason: string }>): boolean {
  const reasons = ['ErrImagePull', 'ImagePullBackOff', 'ErrImageNeverPull', 'RegistryUnavailable', 'ImageInspectError']
  return pod.spec.containers.length > 0 && [...waiting.values()].some(({ reason }) => reasons.includes(reason))
}
