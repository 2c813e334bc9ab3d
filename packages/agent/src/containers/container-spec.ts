import type { Container, Pod } from '@skiff/api'
import { graceOf } from '../pods/grace.ts'
import * as labels from '../pods/labels.ts'
import type { ContainerSpec, Mount, PodRef, PresentImage, SandboxSpec } from '../runtime/runtime.ts'
import { expand } from './expand.ts'
import { containerResources } from './resources.ts'
import { containerSecurity } from './security.ts'

/** Who the containers belong to, beside their pod. */
export interface Ownership {
  readonly cluster: string
  readonly node: string
}

export interface ContainerSpecInput {
  readonly pod: Pod
  readonly container: Container
  readonly sandboxId: string
  readonly attempt: number
  readonly backOffSeconds: number
  readonly round?: number
  readonly image: PresentImage
  readonly env: ReadonlyMap<string, string>
  readonly mounts: readonly Mount[]
  readonly devices: NonNullable<ContainerSpec['devices']>
  readonly gpus?: readonly string[]
  readonly nodeMemoryBytes: number
  readonly ownership: Ownership
  readonly localSeccomp?: string
  readonly targetId?: string
  readonly runtimeHandler?: string
  readonly cgroupParent?: string
}

/** What the engine is asked to run. Pure. Throws ConfigError where the pod's security rules can't be kept. */
export function containerSpec(input: ContainerSpecInput): ContainerSpec {
  const { pod, container, image, env } = input
  const expanded = (words: readonly string[] | undefined) => words?.map((word) => expand(word, (name) => env.get(name)))
  const entrypoint = expanded(container.command)
  const command = expanded(container.args)
  return {
    pod: podRef(pod),
    name: container.name,
    attempt: input.attempt,
    sandboxId: input.sandboxId,
    shareProcessNamespace: pod.spec.shareProcessNamespace ?? false,
    hostNetwork: pod.spec.hostNetwork ?? false,
    hostPid: pod.spec.hostPID ?? false,
    hostIpc: pod.spec.hostIPC ?? false,
    ...(input.targetId === undefined ? {} : { targetId: input.targetId }),
    ...(input.runtimeHandler === undefined ? {} : { runtimeHandler: input.runtimeHandler }),
    ...(input.cgroupParent === undefined ? {} : { cgroupParent: input.cgroupParent }),
    ...(container.lifecycle?.stopSignal ? { stopSignal: container.lifecycle.stopSignal } : {}),
    imageId: image.id,
    labels: containerLabels(input),
    ...(entrypoint?.length ? { entrypoint } : {}),
    ...(command?.length ? { command } : {}),
    ...(container.workingDir ? { workingDir: container.workingDir } : {}),
    env: [...env].map(([name, value]) => ({ name, value })),
    mounts: input.mounts,
    devices: input.devices,
    ...(input.gpus === undefined ? {} : { gpus: input.gpus }),
    resources: containerResources(pod, container, input.nodeMemoryBytes),
    security: containerSecurity({ ...input, image: image.config }),
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
  }
}

function containerLabels(input: ContainerSpecInput): Record<string, string> {
  const { pod, container, attempt, backOffSeconds, image, ownership } = input
  return {
    ...podLabels(pod, ownership),
    [labels.CONTAINER_NAME]: container.name,
    [labels.DOCKER_TYPE]: 'container',
    [labels.RESTART_COUNT]: String(attempt),
    [labels.CONTAINER_HASH]: labels.containerHash(container),
    [labels.TERMINATION_MESSAGE_PATH]: container.terminationMessagePath ?? '/dev/termination-log',
    [labels.TERMINATION_MESSAGE_POLICY]: container.terminationMessagePolicy ?? 'File',
    [labels.RESTART_BACK_OFF]: String(backOffSeconds),
    ...(input.round ? { [labels.ROUND]: String(input.round) } : {}),
    [labels.IMAGE_REF]: image.imageRef,
    [labels.GRACE_PERIOD]: String(graceOf(pod)),
    ...(input.gpus === undefined ? {} : { [labels.GPUS]: input.gpus.join(',') }),
  }
}

function podLabels(pod: Pod, { cluster, node }: Ownership): Record<string, string> {
  return {
    [labels.POD_NAME]: pod.metadata.name,
    [labels.POD_NAMESPACE]: pod.metadata.namespace ?? '',
    [labels.POD_UID]: pod.metadata.uid,
    [labels.CLUSTER]: cluster,
    [labels.NODE]: node,
  }
}

export function podRef(pod: Pod): PodRef {
  return { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name, uid: pod.metadata.uid }
}

export interface SandboxSpecInput {
  readonly pod: Pod
  readonly attempt: number
  readonly hostname: string
  readonly ip: string
  readonly ownership: Ownership
  readonly runtimeHandler?: string
  readonly cgroupParent?: string
}

export function sandboxSpec(input: SandboxSpecInput): SandboxSpec {
  const { pod, attempt, hostname, ip, ownership, runtimeHandler, cgroupParent } = input
  const wanted = pod.spec.securityContext?.sysctls ?? []
  const sysctls = Object.fromEntries(wanted.map(({ name, value }) => [name.replaceAll('/', '.'), value]))
  return {
    pod: podRef(pod),
    attempt,
    hostname,
    labels: {
      ...podLabels(pod, ownership),
      [labels.DOCKER_TYPE]: 'podsandbox',
      [labels.CONTAINER_NAME]: 'POD',
      [labels.POD_IP]: ip,
    },
    hostNetwork: pod.spec.hostNetwork ?? false,
    hostPid: pod.spec.hostPID ?? false,
    hostIpc: pod.spec.hostIPC ?? false,
    ...(Object.keys(sysctls).length > 0 ? { sysctls } : {}),
    ...(runtimeHandler === undefined ? {} : { runtimeHandler }),
    ...(cgroupParent === undefined ? {} : { cgroupParent }),
  }
}
