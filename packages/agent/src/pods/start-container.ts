import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Container, Pod } from '@skiff/api'
import { ConfigError } from '../containers/config-error.ts'
import { containerSpec } from '../containers/container-spec.ts'
import { environment } from '../containers/environment.ts'
import { localSeccompProfile } from '../containers/security.ts'
import {
  type ContainerSpec,
  type ContainerState,
  ImageError,
  type PodContainers,
  type PresentImage,
  StartError,
} from '../runtime/runtime.ts'
import { reportedStatus } from '../status/container-status.ts'
import { ephemeralContainersOf, historyOf } from './container-history.ts'
import { HookError, runHook } from './lifecycle-hooks.ts'
import { downwardContext, podIpOf } from './pod-addresses.ts'
import type { PodStep } from './pod-plan.ts'
import type { PodScene } from './pod-tools.ts'
import { pullCredentials } from './pull-credentials.ts'
import { stopContainer } from './stop-containers.ts'

type StartStep = Extract<PodStep, { type: 'start-container' }>

/** A failed image or configuration is tried again after so long, doubling. */
const RETRY = { initialMs: 10_000, maxMs: 300_000 }
const PROGRESS_EVENTS = {
  Pulling: 'Pulling',
  Pulled: 'Pulled',
  'Pulling from peer': 'PullingFromPeer',
  'Local copy used': 'LocalCopyUsed',
} as const
const POST_START_TIMEOUT_MS = 10 * 60_000
const GRACE_AFTER_FAILED_HOOK_SECONDS = 2

/**
 * Image, configuration, container, postStart hook. What goes wrong is told in events and kept as the container's waiting
 * reason, in the kubelet's words; the rest of the pod goes on. Returns what is there afterwards.
 */
export async function startContainer(step: StartStep, scene: PodScene): Promise<PodContainers> {
  const image = await ensureImage(step, scene)
  if (image === undefined) return scene.observed
  const spec = await configure(step, scene, image)
  if (spec === undefined) return scene.observed
  const started = await create(step, scene, spec)
  if (started === undefined) return await scene.tools.runtime.inspectPod(scene.pod.metadata.uid)
  const { observed } = scene
  const now = { ...observed, containers: [...observed.containers.filter(({ id }) => id !== started.id), started] }
  return (await runPostStart(step, scene, started)) ? now : await scene.tools.runtime.inspectPod(scene.pod.metadata.uid)
}

async function ensureImage(step: StartStep, { pod, tools, memory, signal }: PodScene): Promise<PresentImage | undefined> {
  const { container } = step
  const image = container.image ?? ''
  try {
    return await tools.images.ensure({
      image,
      pullPolicy: pullPolicy(container.imagePullPolicy),
      credentials: await pullCredentials(pod, tools.config),
      onProgress: ({ reason, message }) => tools.say(pod, 'Normal', PROGRESS_EVENTS[reason], message, container.name),
      signal,
    })
  } catch (error) {
    if (!(error instanceof ImageError)) throw error
    const { reason, message } = error
    const first = { ErrImageNeverPull: 'ErrImageNeverPull', InvalidImageName: 'InspectFailed' }[reason as string]
    const text = first === undefined ? `Failed to pull image "${image}": ${message}` : message
    tools.say(pod, 'Warning', first ?? 'Failed', text, container.name)
    tools.say(pod, 'Warning', 'Failed', `Error: ${reason}`, container.name)
    memory.waiting.set(container.name, { reason, message })
    memory.failed(container.name, tools.now().getTime(), RETRY)
    return undefined
  }
}

function pullPolicy(policy: string | undefined): 'Always' | 'IfNotPresent' | 'Never' {
  return policy === 'Always' || policy === 'Never' ? policy : 'IfNotPresent'
}

async function configure(step: StartStep, scene: PodScene, image: PresentImage): Promise<ContainerSpec | undefined> {
  const { pod, tools, observed } = scene
  const { container, attempt } = step
  try {
    const downward = downwardContext(pod, observed, tools)
    const env = await environment({
      ...{ pod, container, downward, services: tools.services(), config: tools.config },
      envFile: (file) => tools.volumes.envFile(pod, container, file),
    })
    const mounts = await tools.volumes.mountsOf(pod, container, attempt, env)
    const ofNode = tools.devices.of(pod, container)
    const devices = [...tools.volumes.devicesOf(pod, container), ...ofNode.devices]
    const nodeMemoryBytes = tools.node.memoryBytes
    const extras = { ...(await localSeccomp(container, scene)), ...targetOf(container, scene), ...(await handlerOf(scene)) }
    const allocated = withAllocated(container, scene)
    return containerSpec({
      ...step,
      container: allocated,
      pod,
      image,
      env,
      mounts,
      ...ofNode,
      devices,
      nodeMemoryBytes,
      ownership: tools.ownership,
      ...extras,
    })
  } catch (error) {
    if (error instanceof StartError) refuse(step, scene, 'CreateContainerError', error.message)
    else if (error instanceof ConfigError) refuse(step, scene, 'CreateContainerConfigError', error.message)
    else throw error
    return undefined
  }
}

/** A restart doesn't give a container what the node has just refused it. */
function withAllocated(container: Container, { pod, memory }: PodScene): Container {
  const resources = memory.resize?.refusal && reportedStatus(pod, container.name)?.resources
  return resources ? { ...container, resources } : container
}

async function localSeccomp(container: Container, { pod, tools }: PodScene): Promise<{ localSeccomp?: string }> {
  const name = localSeccompProfile(pod, container)
  if (name === undefined) return {}
  const path = join(tools.seccompDirectory, name)
  const localSeccomp = await readFile(path, 'utf8').catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error)
    throw new ConfigError(`seccomp profile ${name} can't be read on this node (${why}); put it into ${tools.seccompDirectory}`)
  })
  return { localSeccomp }
}

/** Of an ephemeral container that is to see the processes of another one (KEP-277). */
function targetOf(container: Container, { pod, observed }: PodScene): { targetId?: string } {
  const name = ephemeralContainersOf(pod).find((ephemeral) => ephemeral.name === container.name)?.targetContainerName
  if (!name) return {}
  const target = historyOf(observed, name)[0]
  if (target?.phase !== 'running') throw new ConfigError(`unable to find target container "${name}"`)
  return { targetId: target.id }
}

async function handlerOf({ pod, tools }: PodScene): Promise<{ runtimeHandler?: string }> {
  const runtimeHandler = await tools.runtimeHandler(pod)
  return runtimeHandler === undefined ? {} : { runtimeHandler }
}

/** The container waits with this reason and is tried again. */
function refuse({ container }: StartStep, { pod, tools, memory }: PodScene, reason: string, message: string): void {
  tools.say(pod, 'Warning', 'Failed', `Error: ${message}`, container.name)
  memory.waiting.set(container.name, { reason, message })
  memory.failed(container.name, tools.now().getTime(), RETRY)
}

async function create(step: StartStep, scene: PodScene, spec: ContainerSpec): Promise<ContainerState | undefined> {
  const { tools, pod, memory } = scene
  const { name } = step.container
  try {
    const started = await tools.runtime.startContainer(spec)
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
