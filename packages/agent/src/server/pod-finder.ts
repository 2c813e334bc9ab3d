import { ApiError, badRequest, type ContainerStatus, notFound, type Pod } from '@skiff/api'
import { containerOf, historyOf, liveSandbox, runningContainers } from '../pods/container-history.ts'
import { POD_IP } from '../pods/labels.ts'
import type { RunningAgent } from '../run-agent.ts'
import type { ContainerRuntime, ContainerState } from '../runtime/runtime.ts'
import { reportedStatus } from '../status/container-status.ts'

/** From the names in a request to the container that they mean. Throws ApiErrors in the kubelet's words. */
export class PodFinder {
  readonly #runtime: ContainerRuntime
  #agent: RunningAgent | undefined

  constructor(runtime: ContainerRuntime) {
    this.#runtime = runtime
  }

  attach(agent: RunningAgent): void {
    this.#agent = agent
  }

  /** Throws ServiceUnavailable until there is one. */
  agent(): RunningAgent {
    if (this.#agent === undefined) throw new ApiError('ServiceUnavailable', 'the agent is still starting')
    return this.#agent
  }

  /** All pods of this node, with the newest status. */
  pods(): readonly Pod[] {
    return this.agent()
      .podList()
      .map((pod) => this.#withStatus(pod))
  }

  /** Those of which something runs. */
  runningPods(): readonly Pod[] {
    return this.pods().filter(({ metadata }) => {
      const observed = this.agent().pods.worker(metadata.uid)?.observed
      return observed !== undefined && runningContainers(observed).length > 0
    })
  }

  pod(namespace: string, name: string): Pod {
    const found = this.agent()
      .podList()
      .find(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
    if (found === undefined) throw notFound('pods', name)
    return this.#withStatus(found)
  }

  /** Where what runs of the pod can be reached. The address in its status may be anybody's word, and is never dialled. */
  addressOf(namespace: string, name: string): string {
    const pod = this.pod(namespace, name)
    const worker = this.agent().pods.worker(pod.metadata.uid)
    const sandbox = worker?.observed && liveSandbox(worker.observed)
    const address = sandbox && (pod.spec.hostNetwork ? worker?.status?.podIP : sandbox.labels[POD_IP])
    if (!address) throw badRequest(`pod ${name} can't be reached: it has no network now, since nothing of it runs`)
    return address
  }

  async running(namespace: string, podName: string, name: string): Promise<ContainerState> {
    const [newest] = await this.#history(namespace, podName, name)
    if (newest?.phase === 'running') return newest
    const state = reportedStatus(this.pod(namespace, podName), name)?.state
    throw new ApiError('NotFound', `container not found ("${name}"): it is not running${because(state)}`)
  }

  /** The container whose log is asked for: the newest, or the one before it. */
  async logged(namespace: string, podName: string, name: string, previous: boolean): Promise<ContainerState> {
    const [newest, before] = await this.#history(namespace, podName, name)
    const found = previous ? before : newest
    if (found !== undefined) return found
    if (previous) throw badRequest(`previous terminated container "${name}" in pod "${podName}" not found`)
    const waiting = reportedStatus(this.pod(namespace, podName), name)?.state?.waiting
    throw badRequest(
      `container "${name}" in pod "${podName}" is waiting to start: ${waiting?.message ?? waiting?.reason ?? 'ContainerCreating'}`,
    )
  }

  /** Whether it still runs, as far as the engine's events have told. */
  isRunning({ id, pod, phase }: ContainerState): boolean {
    const observed = this.agent().pods.worker(pod.uid)?.observed
    const now = observed?.containers.find((one) => one.id === id)
    // What was found by asking the engine may not have come to the worker's ears yet.
    return observed !== undefined && (now?.phase ?? phase) === 'running'
  }

  async #history(namespace: string, podName: string, name: string): Promise<readonly ContainerState[]> {
    const pod = this.pod(namespace, podName)
    if (containerOf(pod, name) === undefined) throw badRequest(`container ${name} is not valid for pod ${podName}`)
    return historyOf(await this.#runtime.inspectPod(pod.metadata.uid), name)
  }

  #withStatus(pod: Pod): Pod {
    const status = this.agent().pods.worker(pod.metadata.uid)?.status ?? pod.status
    return status === undefined ? pod : { ...pod, status }
  }
}

function because(state: ContainerStatus['state']): string {
  if (state?.terminated) return `, it ended with exit code ${state.terminated.exitCode}`
  return state?.waiting?.reason ? `, it waits: ${state.waiting.reason}` : ''
}
