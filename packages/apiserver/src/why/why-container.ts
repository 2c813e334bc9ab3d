import { type Container, type ContainerStatus, humanDuration, type Pod } from '@skiff/api'
import { type Finding, inNamespace, sentence } from './finding.ts'
import { eventsOf, lastSeen, type Surroundings } from './surroundings.ts'
import { cureOfImage, registryWords } from './why-image.ts'

type Cause = Omit<Finding, 'about'>

interface Scene {
  readonly pod: Pod
  readonly around: Surroundings
  readonly container: Container
  readonly status: ContainerStatus
}

/** Kubernetes' bounds of signals in exit codes. */
const SIGNALLED = 128
const SIGNALS: Readonly<Record<number, string>> = { 6: 'SIGABRT', 9: 'SIGKILL', 11: 'SIGSEGV', 15: 'SIGTERM' }

/** Why one container of a pod doesn't run, or runs and isn't ready. Undefined: nothing is wrong with it. */
export function whyContainer(scene: Scene): Cause | undefined {
  const { waiting, terminated, running } = scene.status.state ?? {}
  if (waiting) return whyWaiting(scene, waiting.reason ?? '', waiting.message ?? '')
  if (terminated) return whyEnded(scene)
  if (running && scene.status.ready !== true) return whyNotReady(scene)
  return undefined
}

function whyWaiting(scene: Scene, reason: string, message: string): Cause {
  const { container } = scene
  const { image = '', name } = container
  switch (reason) {
    case 'ErrImagePull':
    case 'ImagePullBackOff':
    case 'RegistryUnavailable':
      return {
        cause: sentence(`The image ${image} of container ${name} can't be had: ${registryWords(message)}`),
        cure: cureOfImage(image, message),
      }
    case 'ErrImageNeverPull':
      return {
        cause: `The image ${image} of container ${name} is not on the node, and imagePullPolicy: Never forbids to fetch it.`,
        cure: `Build or load it on that node, or set imagePullPolicy: IfNotPresent, which also takes it from other nodes.`,
      }
    case 'InvalidImageName':
    case 'InspectFailed':
      return {
        cause: sentence(`"${image}" of container ${name} is no name of an image: ${message}`),
        cure: 'Names look like name:tag or registry.example.com/team/name:tag, in lower case.',
      }
    case 'CreateContainerConfigError':
      return {
        cause: sentence(`Container ${name} can't be set up: ${message}`),
        cure: 'Create what it refers to, or mark the reference optional: true. The pod goes on by itself then.',
      }
    case 'CrashLoopBackOff':
      return crashLoop(scene)
    case 'PodInitializing':
      return { cause: `Container ${name} waits for the pod's init containers to end.`, cure: '' }
    case 'ContainerCreating':
    case '':
      return beingCreated(scene)
    default:
      return {
        cause: sentence(`Container ${name} can't be started (${reason}): ${message || 'the agent gives no details'}`),
        cure: cureOfStart(message, container),
      }
  }
}

function crashLoop(scene: Scene): Cause {
  const { container, status } = scene
  const end = status.lastState?.terminated
  const times = `${status.restartCount} restart${status.restartCount === 1 ? '' : 's'} so far`
  const how = end === undefined ? 'ends again and again' : `ends again and again, the last time ${endOf(end)}`
  return {
    cause: `Container ${container.name} ${how} (${times}).${saidLast(end?.message)}`,
    cure: cureOfEnd(scene, end?.exitCode ?? 1, end?.reason, true),
  }
}

function whyEnded(scene: Scene): Cause | undefined {
  const { container, status, pod } = scene
  const end = status.state?.terminated
  if (end === undefined) return undefined
  const restarts = pod.spec.restartPolicy ?? 'Always'
  if (end.exitCode === 0 && restarts !== 'Always') return undefined
  const next = restarts === 'Never' ? 'and restartPolicy: Never leaves it so' : 'and is about to be restarted'
  return {
    cause: `Container ${container.name} ended ${endOf(end)}, ${next}.${saidLast(end.message)}`,
    cure: cureOfEnd(scene, end.exitCode, end.reason, false),
  }
}

function endOf({
  exitCode,
  reason,
  signal,
}: {
  readonly exitCode: number
  readonly reason?: string
  readonly signal?: number
}): string {
  if (reason === 'OOMKilled') return 'because it used more memory than its limit (OOMKilled)'
  const name = SIGNALS[signal ?? exitCode - SIGNALLED]
  return name === undefined ? `with exit code ${exitCode}` : `with exit code ${exitCode} (${name})`
}

function saidLast(message: string | undefined): string {
  const last = message?.trim().split('\n').at(-1) ?? ''
  return last === '' ? '' : ` Its last words: ${sentence(last)}`
}

function cureOfEnd({ container, pod }: Scene, exitCode: number, reason: string | undefined, restarted: boolean): string {
  const logs = `kubectl logs ${pod.metadata.name} -c ${container.name}${restarted ? ' --previous' : ''}${inNamespace(pod.metadata.namespace)}`
  if (reason === 'OOMKilled')
    return `Raise resources.limits.memory (now ${container.resources?.limits?.memory ?? 'the node’s memory'}), or let the program use less.`
  if (exitCode === 0) return 'A container of a Deployment should go on running: let its program stay in the foreground.'
  if (exitCode === 126 || exitCode === 127)
    return `The command is not in the image or can't be executed: correct command and args. If it began, see what it said: ${logs}`
  return `See what it said: ${logs}`
}

function whyNotReady(scene: Scene): Cause {
  const { container, pod, around, status } = scene
  const event = eventsOf(around, pod).find(
    ({ reason, message = '', involvedObject }) =>
      reason === 'Unhealthy' &&
      /^(Readiness|Startup) probe/.test(message) &&
      (involvedObject.fieldPath ?? container.name).includes(container.name),
  )
  if (event !== undefined) {
    const ago = humanDuration(Math.max(0, around.now.getTime() - lastSeen(event)))
    return {
      cause: sentence(`Container ${container.name} runs, but is not ready (${ago} ago): ${event.message}`),
      cure: cureOfProbe(container, event.message ?? ''),
    }
  }
  if (container.startupProbe && status.started !== true)
    return { cause: `Container ${container.name} runs; its startup probe hasn't succeeded yet.`, cure: '' }
  const probe = container.readinessProbe
  if (probe === undefined) return { cause: `Container ${container.name} runs, and its readiness is about to be told.`, cure: '' }
  const wait = probe.initialDelaySeconds ? ` It is first asked after ${probe.initialDelaySeconds} s.` : ''
  return { cause: `Container ${container.name} runs; its readiness probe hasn't succeeded yet.${wait}`, cure: '' }
}

function cureOfProbe(container: Container, message: string): string {
  const probe = message.startsWith('Startup') ? container.startupProbe : container.readinessProbe
  const target = probe?.httpGet
    ? `http://<pod>:${probe.httpGet.port}${probe.httpGet.path ?? '/'}`
    : probe?.tcpSocket
      ? `port ${probe.tcpSocket.port}`
      : undefined
  if (/connection refused/i.test(message))
    return `Nothing listens at ${target ?? 'that port'}: the program must listen on 0.0.0.0 (not 127.0.0.1) and on the port that the probe names.`
  if (/statuscode: 404/.test(message))
    return `The program answers, but not at ${target ?? 'that path'}: correct the probe's path.`
  if (/deadline exceeded|timeout|timed out/i.test(message))
    return `It took longer than timeoutSeconds: ${probe?.timeoutSeconds ?? 1}. Raise that, or see why the program is slow.`
  return 'The program says of itself that it is not ready: see its logs, or correct the probe.'
}

/** Nothing was heard of it yet: the pod's events say what the agent is at. */
function beingCreated({ container, pod, around }: Scene): Cause {
  const [latest] = eventsOf(around, pod).filter(({ reason }) => reason !== 'Scheduled' && reason !== 'Unhealthy')
  if (latest === undefined)
    return { cause: `Container ${container.name} is about to be created on node ${pod.spec.nodeName}.`, cure: '' }
  const { type, reason = '', message = '' } = latest
  if (type !== 'Warning') return { cause: sentence(`Container ${container.name} is being created: ${message}`), cure: '' }
  return {
    cause: sentence(`The pod can't be set up on node ${pod.spec.nodeName}: ${message}`),
    cure: cureOfSetUp(reason, message),
  }
}

function cureOfSetUp(reason: string, message: string): string {
  if (reason === 'HostPortConflict') return 'Stop what listens on that port of the node, or choose another hostPort.'
  if (/no space left/i.test(message)) return 'The node\'s disk is full: make room ("docker system prune" there).'
  if (/configmap|secret/i.test(message))
    return 'Create what the volume refers to, or mark it optional: true. The pod goes on by itself then.'
  if (reason === 'FailedMount')
    return 'Mend what the volume needs on that node, or correct the volume. The pod goes on by itself then.'
  return 'Run "skiff doctor" on that node. The agent goes on trying.'
}

function cureOfStart(message: string, container: Container): string {
  if (/executable file not found|no such file or directory|permission denied/i.test(message)) {
    return `Correct command and args of container ${container.name}: the image has no such program${/permission denied/i.test(message) ? ' that may be executed' : ''}.`
  }
  if (/port is already allocated|address already in use/i.test(message))
    return 'Stop what listens on that port of the node, or choose another.'
  if (/no space left/i.test(message)) return 'The node\'s disk is full: make room ("docker system prune" there).'
  return `Correct what the message names in container ${container.name}. The agent goes on trying.`
}
