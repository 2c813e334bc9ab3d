import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Container, Pod } from '@skiff/api'
import { ConfigError } from '../containers/config-error.ts'
import { containerSpec } from '../containers/container-spec.ts'
import { environment } from '../containers/environment.ts'
import { localSeccompProfile } from '../containers/security.ts'
import { pullPolicyOf } from '../images/pull-policy.ts'
import { type ContainerSpec, ImageError, type PresentImage, StartError } from '../runtime/runtime.ts'
import { reportedStatus } from '../status/container-status.ts'
import { ephemeralContainersOf, historyOf } from './container-history.ts'
import { downwardContext } from './pod-addresses.ts'
import { sandboxCgroup } from './pod-cgroup.ts'
import type { PodStep } from './pod-plan.ts'
import type { PodScene } from './pod-tools.ts'
import { pullCredentials } from './pull-credentials.ts'

export type StartStep = Extract<PodStep, { type: 'start-container' }>

/** A failed image or configuration is tried again after so long, doubling. */
const RETRY = { initialMs: 10_000, maxMs: 300_000 }
const PROGRESS_EVENTS = {
  Pulling: 'Pulling',
  Pulled: 'Pulled',
  'Pulling from peer': 'PullingFromPeer',
  'Local copy used': 'LocalCopyUsed',
} as const

/**
 * What the engine is to run, its image present. undefined: it is not to be had, which is told in events and kept as the
 * container's waiting reason. @param policy instead of the container's own
 */
export async function specifyContainer(
  step: StartStep,
  scene: PodScene,
  policy = step.container.imagePullPolicy,
): Promise<ContainerSpec | undefined> {
  const image = await ensureImage(step, scene, policy)
  return image && (await configure(step, scene, image))
}

async function ensureImage(
  { container }: StartStep,
  scene: PodScene,
  policy: string | undefined,
): Promise<PresentImage | undefined> {
  const { pod, tools, memory, signal } = scene
  const image = container.image ?? ''
  try {
    return await tools.images.ensure({
      image,
      pullPolicy: pullPolicyOf(policy),
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
    const extras = {
      ...(await localSeccomp(container, scene)),
      ...targetOf(container, scene),
      ...(await handlerOf(scene)),
      ...(await sandboxCgroup(scene)),
    }
    return containerSpec({
      ...step,
      container: withAllocated(container, scene),
      pod: podWithAllocated(scene),
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

/** As `withAllocated`, for what the pod has of its own. */
function podWithAllocated({ pod, memory }: PodScene): Pod {
  if (memory.resize?.refusal === undefined) return pod
  const { resources: _asked, ...spec } = pod.spec
  const { resources } = pod.status ?? {}
  return { ...pod, spec: resources === undefined ? spec : { ...spec, resources } }
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
export function refuse({ container }: StartStep, { pod, tools, memory }: PodScene, reason: string, message: string): void {
  tools.say(pod, 'Warning', 'Failed', `Error: ${message}`, container.name)
  memory.waiting.set(container.name, { reason, message })
  memory.failed(container.name, tools.now().getTime(), RETRY)
}
