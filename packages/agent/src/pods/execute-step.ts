import { isConflict, isNotFound, PODS } from '@skiff/api'
import { sandboxSpec } from '../containers/container-spec.ts'
import { sandboxHostname } from '../containers/pod-files.ts'
import { hasUnreadRequests } from '../network/unread-requests.ts'
import { type ContainerState, HostPortInUseError, type PodContainers, StartError } from '../runtime/runtime.ts'
import { MountError } from '../volumes/volume-errors.ts'
import { liveSandbox } from './container-history.ts'
import { drain } from './drain.ts'
import { hostPortsOf } from './host-ports.ts'
import { mayBeServed } from './may-be-served.ts'
import { downwardContext, podIpOf } from './pod-addresses.ts'
import { podCgroup } from './pod-cgroup.ts'
import type { PodStep } from './pod-plan.ts'
import type { PodScene } from './pod-tools.ts'
import { prepareContainers } from './prepare-containers.ts'
import { removeSandbox } from './remove-sandbox.ts'
import { admitResize, resizeContainer } from './resize-container.ts'
import { resizePod } from './resize-pod.ts'
import { startContainer } from './start-container.ts'
import { stopContainers } from './stop-containers.ts'

/** Volumes, sandboxes and the network are tried again after so long, doubling. */
const RETRY = { initialMs: 500, maxMs: 60_000 }

/** The steps that need more than the scene: they are the worker's own. */
export type WorkerStep = Extract<PodStep, { type: 'write-final-status' | 'fail-pod' }>

/**
 * Does one step and returns what is there afterwards. Failures that the pod's owner must hear of become events and a later
 * try; anything else is thrown.
 */
export async function executeStep(step: Exclude<PodStep, WorkerStep>, scene: PodScene): Promise<PodContainers> {
  const { tools, observed, pod, memory } = scene
  switch (step.type) {
    case 'mount-volumes':
      return await mountVolumes(scene)
    case 'start-sandbox':
      return await startSandbox(step, scene)
    case 'plumb':
      return await plumb(step, scene)
    case 'start-container':
      return await startContainer(step, scene)
    case 'admit-resize':
      await admitResize(scene)
      return observed
    case 'resize-container':
      return await resizeContainer(step, scene)
    case 'resize-pod':
      await resizePod(step, scene)
      return observed
    case 'stop-containers':
      return await stopContainers(step, scene)
    case 'remove-container':
      await tools.runtime.removeContainer(step.id)
      await tools.logLinks.forget(observed.containers.filter(({ id }) => id === step.id))
      return { ...observed, containers: observed.containers.filter(({ id }) => id !== step.id) }
    case 'remove-sandbox':
      await removeSandbox(step.id, scene)
      return { ...observed, sandboxes: observed.sandboxes.filter(({ id }) => id !== step.id) }
    case 'drain':
      memory.drained = true
      if (!mayBeServed(pod, tools.services(), memory)) return observed
      await drain(pod, { client: tools.client, hasUnread: () => hasUnread(scene), signal: scene.signal }).catch(
        (error: unknown) => tools.logger.debug({ err: error }, 'drain ended early'),
      )
      return observed
    case 'release':
      await release(scene)
      return observed
    case 'clean-up':
      return await cleanUp(step, scene)
    case 'finish-deletion':
      await finishDeletion(scene)
      return observed
  }
}

/** In the network of the host it can't be told whose a connection is. */
function hasUnread({ pod, observed }: PodScene): boolean {
  const sandbox = liveSandbox(observed)
  return !pod.spec.hostNetwork && sandbox !== undefined && hasUnreadRequests(sandbox.pid)
}

async function mountVolumes({ pod, observed, tools, memory }: PodScene): Promise<PodContainers> {
  try {
    await tools.volumes.mount(pod, downwardContext(pod, observed, tools))
    memory.volumesMounted = true
    memory.succeeded('volumes')
  } catch (error) {
    if (!(error instanceof MountError)) throw error
    tools.say(pod, 'Warning', 'FailedMount', error.message)
    memory.failed('volumes', tools.now().getTime(), RETRY)
  }
  return observed
}

async function startSandbox(step: Extract<PodStep, { type: 'start-sandbox' }>, scene: PodScene): Promise<PodContainers> {
  const mounting = step.mountVolumes ? mountVolumes(scene) : Promise.resolve(scene.observed)
  let preparing: Promise<readonly ContainerState[]> | undefined
  const prepare = (sandboxId: string) => {
    const isMounted = mounting.then(() => scene.memory.volumesMounted)
    preparing = isMounted.then(
      (can) => (can ? prepareContainers(step.prepare, sandboxId, scene) : []),
      () => [],
    )
  }
  const [started] = await Promise.all([createSandbox(step.attempt, scene, prepare), mounting])
  const prepared = (await preparing) ?? []
  const others = started.containers.filter(({ id }) => !prepared.some((one) => one.id === id))
  return { ...started, containers: [...others, ...prepared] }
}

async function createSandbox(attempt: number, scene: PodScene, onCreated: (id: string) => void): Promise<PodContainers> {
  const { pod, observed, tools, memory } = scene
  const ip = podIpOf(pod, observed, tools)
  try {
    const hostname = pod.spec.hostNetwork ? '' : sandboxHostname(pod, tools.dns)
    const runtimeHandler = await tools.runtimeHandler(pod)
    const spec = sandboxSpec({
      ...{ pod, attempt, hostname, ip, ownership: tools.ownership },
      ...(runtimeHandler === undefined ? {} : { runtimeHandler }),
      ...(await podCgroup(scene)),
    })
    const started = await tools.runtime.startSandbox(spec, onCreated)
    memory.succeeded('sandbox')
    const now = { ...observed, sandboxes: [...observed.sandboxes.filter(({ id }) => id !== started.id), started] }
    if (pod.spec.hostNetwork) return now
    return await plumb({ type: 'plumb', sandboxId: started.id, pid: started.pid, ip }, { ...scene, observed: now })
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    tools.say(pod, 'Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${error.message}`)
    memory.failed('sandbox', tools.now().getTime(), RETRY)
    return await tools.runtime.inspectPod(pod.metadata.uid)
  }
}

async function plumb(
  step: Extract<PodStep, { type: 'plumb' }>,
  { pod, observed, tools, memory }: PodScene,
): Promise<PodContainers> {
  const ip = step.ip || podIpOf(pod, observed, tools)
  try {
    await tools.network.plumb({ podUid: pod.metadata.uid, pid: step.pid, ip, hostPorts: hostPortsOf(pod) })
    memory.plumbedSandbox = step.sandboxId
    memory.succeeded('network')
    return observed
  } catch (error) {
    const reason = error instanceof HostPortInUseError ? 'HostPortConflict' : 'FailedCreatePodSandBox'
    const message = error instanceof Error ? error.message : String(error)
    tools.say(pod, 'Warning', reason, `Failed to set up the pod's network: ${message}`)
    memory.failed('network', tools.now().getTime(), RETRY)
    // The sandbox may have died meanwhile.
    return await tools.runtime.inspectPod(pod.metadata.uid)
  }
}

async function release({ pod, tools }: PodScene): Promise<void> {
  await Promise.all([tools.network.unplumb(pod.metadata.uid), tools.cgroups.remove(pod.metadata.uid)])
  tools.network.release(pod.metadata.uid)
}

/** Nothing runs any more that could use its files; its address is free once nothing is left that has it. */
async function cleanUp(
  { containers, sandboxes }: Extract<PodStep, { type: 'clean-up' }>,
  scene: PodScene,
): Promise<PodContainers> {
  const { pod, tools, observed } = scene
  const { runtime, tokens, volumes, deletedLogs, logLinks } = tools
  const { uid } = pod.metadata
  tokens.forget(uid)
  const removeContainers = async () => {
    await deletedLogs.keep(observed)
    await Promise.all(containers.map((id) => runtime.removeContainer(id)))
    await logLinks.forget(observed.containers.filter(({ id }) => containers.includes(id)))
  }
  await Promise.all([removeContainers(), ...sandboxes.map((id) => removeSandbox(id, scene)), volumes.remove(uid)])
  await release(scene)
  return {
    ...observed,
    containers: observed.containers.filter(({ id }) => !containers.includes(id)),
    sandboxes: observed.sandboxes.filter(({ id }) => !sandboxes.includes(id)),
  }
}

async function finishDeletion({ pod, tools }: PodScene): Promise<void> {
  const { name, namespace = '', uid } = pod.metadata
  try {
    await tools.client.delete(PODS, { name, namespace }, { gracePeriodSeconds: 0, uid })
  } catch (error) {
    // It is gone already, or another pod has its name by now.
    if (!isNotFound(error) && !isConflict(error)) throw error
  }
}
