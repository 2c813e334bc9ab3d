import type { ContainerInspectInfo } from 'dockerode'
import { CONTAINER_NAME } from '../../pods/labels.ts'
import type { ContainerLimits, ContainerPhase, ContainerSpec, ContainerState, SandboxState } from '../runtime.ts'
import { seenFromHere } from './engine-paths.ts'
import { attemptOf, podOf } from './identity.ts'

export function sandboxStateOf(info: ContainerInspectInfo): SandboxState {
  return {
    id: info.Id,
    pod: podOf(info.Config.Labels),
    attempt: attemptOf(info.Name),
    phase: phaseOf(info),
    labels: info.Config.Labels,
    pid: info.State.Pid,
    createdAt: new Date(info.Created),
    ...instant('startedAt', info.State.StartedAt),
  }
}

export function containerStateOf(info: ContainerInspectInfo): ContainerState {
  const phase = phaseOf(info)
  return {
    id: info.Id,
    pod: podOf(info.Config.Labels),
    name: info.Config.Labels[CONTAINER_NAME] ?? '',
    attempt: attemptOf(info.Name),
    sandboxId: joinedContainer(info),
    phase,
    labels: info.Config.Labels,
    pid: info.State.Pid,
    image: info.Config.Image,
    imageId: info.Image,
    createdAt: new Date(info.Created),
    ...instant('startedAt', info.State.StartedAt),
    ...(phase === 'exited' ? ending(info) : {}),
    limits: limitsOf(info),
    logPath: seenFromHere(info.LogPath),
    tty: info.Config.Tty,
  }
}

/** Of a container that was just made, without asking for it. */
export function createdState(id: string, spec: ContainerSpec, labels: Readonly<Record<string, string>>): ContainerState {
  const { pod, name, attempt, sandboxId, imageId, resources, tty } = spec
  const { cpuShares = 0, cpuQuotaUs = 0, memoryBytes = 0 } = resources
  return {
    ...{ id, pod, name, attempt, sandboxId, labels, imageId, tty },
    phase: 'created',
    pid: 0,
    image: imageId,
    createdAt: new Date(),
    limits: { cpuShares, cpuQuotaUs, memoryBytes },
    logPath: '',
  }
}

/** A container that could not start stays `created` for the engine, with the reason: for us it has ended. */
function phaseOf(info: ContainerInspectInfo): ContainerPhase {
  switch (info.State.Status) {
    case 'running':
    case 'paused':
    case 'restarting':
      return 'running'
    case 'created':
      return couldNotStart(info) ? 'exited' : 'created'
    case 'exited':
    case 'dead':
    case 'removing':
      return 'exited'
    default:
      return 'unknown'
  }
}

export function couldNotStart(info: ContainerInspectInfo): boolean {
  return info.State.Status === 'created' && (info.State.Error !== '' || info.State.ExitCode !== 0)
}

function ending(info: ContainerInspectInfo): Pick<ContainerState, 'finishedAt' | 'exitCode' | 'oomKilled' | 'error'> {
  const finished = instant('finishedAt', info.State.FinishedAt)
  return {
    ...finished,
    ...(finished.finishedAt === undefined ? { finishedAt: new Date(info.Created) } : {}),
    exitCode: info.State.ExitCode,
    oomKilled: wasKilledForMemory(info),
    ...(info.State.Error === '' ? {} : { error: info.State.Error }),
  }
}

/** cgroup v1 tells all containers of a pod when its own limit is exceeded, and the engine takes each of them for killed. */
function wasKilledForMemory({ HostConfig, State }: ContainerInspectInfo): boolean {
  const sharesItsGroup = (HostConfig.CgroupParent ?? '') !== ''
  return State.OOMKilled && (!sharesItsGroup || State.ExitCode === SIGKILL_EXIT_CODE)
}

const SIGKILL_EXIT_CODE = 137

function limitsOf({ HostConfig }: ContainerInspectInfo): ContainerLimits {
  const { CpuShares = 0, CpuQuota = 0, Memory = 0 } = HostConfig
  return { cpuShares: CpuShares, cpuQuotaUs: Math.max(0, CpuQuota), memoryBytes: Memory }
}

/** Go's zero time stands for "never". */
function instant<K extends string>(key: K, text: string): { readonly [P in K]?: Date } {
  if (text === '' || text.startsWith('0001-')) return {}
  return { [key]: new Date(text) } as { readonly [P in K]?: Date }
}

function joinedContainer(info: ContainerInspectInfo): string {
  const mode = info.HostConfig.NetworkMode ?? ''
  return mode.startsWith('container:') ? mode.slice('container:'.length) : ''
}
