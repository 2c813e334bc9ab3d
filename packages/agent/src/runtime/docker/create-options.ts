import type { ContainerCreateOptions, HostConfig } from 'dockerode'
import { CPU_PERIOD_US, LEAST_CPU_QUOTA_US, LEAST_CPU_SHARES } from '../cpu-units.ts'
import {
  type ContainerResources,
  type ContainerSecurity,
  type ContainerSpec,
  LEAST_MEMORY_BYTES,
  type Mount,
  type SandboxSpec,
} from '../runtime.ts'
import type { Labels } from './identity.ts'
import { SANDBOX_IMAGE } from './sandbox-image.ts'
import { sandboxSeccompProfile } from './seccomp.ts'

/** What this host's engine can do; found out, never assumed. */
export interface HostAbilities {
  readonly seccomp: boolean
  /**
   * A daemon inside a container lacks CAP_SYS_RESOURCE: it can't lower a process's OOM score, and can't give what it hasn't
   * got to a privileged container.
   */
  readonly allCapabilities: boolean
  /** The control group that containers are in when nothing else is said; absent: it can't be seen from here. */
  readonly cgroupParent?: string
}

/** As upstream's sandboxes: the last to go when memory is short, for the pod's network dies with them. */
const SANDBOX_OOM_SCORE = -998
const SANDBOX_PIDS = 1024
const LOG_CONFIG = { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '5' } }
const NEVER_RESTART = { Name: 'no', MaximumRetryCount: 0 }

/**
 * The sandbox has the engine's network switched off: it gets an empty namespace, and nothing of the engine's bridges,
 * name server or firewall concerns it. Apps join it.
 */
export function sandboxOptions(spec: SandboxSpec, labels: Labels, host: HostAbilities): ContainerCreateOptions {
  return {
    Image: SANDBOX_IMAGE,
    Labels: { ...labels },
    ...(spec.hostNetwork ? {} : { Hostname: spec.hostname, NetworkDisabled: true }),
    HostConfig: {
      NetworkMode: spec.hostNetwork ? 'host' : 'none',
      IpcMode: spec.hostIpc === true ? 'host' : 'shareable',
      ...(spec.hostPid === true ? { PidMode: 'host' } : {}),
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges', ...(host.seccomp ? [`seccomp=${sandboxSeccompProfile()}`] : [])],
      // A shared process namespace counts the apps' processes elsewhere: each in its own cgroup.
      PidsLimit: SANDBOX_PIDS,
      OomScoreAdj: oomScore(SANDBOX_OOM_SCORE, host),
      RestartPolicy: NEVER_RESTART,
      LogConfig: { Type: 'none', Config: {} },
      ...(spec.runtimeHandler === undefined ? {} : { Runtime: spec.runtimeHandler }),
      ...(spec.sysctls === undefined ? {} : { Sysctls: { ...spec.sysctls } }),
      ...(spec.shmSizeBytes === undefined ? {} : { ShmSize: spec.shmSizeBytes }),
      ...(spec.cgroupParent === undefined ? {} : { CgroupParent: spec.cgroupParent }),
    },
  }
}

/** Joins the sandbox. `NetworkDisabled` here would silently cancel the join, a host name is refused. */
export function containerOptions(spec: ContainerSpec, labels: Labels, host: HostAbilities): ContainerCreateOptions {
  return {
    Image: spec.imageId,
    Labels: { ...labels },
    Env: spec.env.map(({ name, value }) => `${name}=${value}`),
    ...(spec.entrypoint === undefined ? {} : { Entrypoint: [...spec.entrypoint] }),
    ...(spec.command === undefined ? {} : { Cmd: [...spec.command] }),
    ...(spec.workingDir === undefined ? {} : { WorkingDir: spec.workingDir }),
    ...(spec.security.user === undefined ? {} : { User: spec.security.user }),
    Tty: spec.tty,
    OpenStdin: spec.stdin,
    StdinOnce: spec.stdinOnce,
    ...(spec.stopSignal === undefined ? {} : { StopSignal: spec.stopSignal }),
    // An image's own health check would run beside the pod's probes.
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      ...joinedNamespaces(spec),
      ...(spec.runtimeHandler === undefined ? {} : { Runtime: spec.runtimeHandler }),
      ...limits(spec.resources, host),
      ...confinement(spec.security, host),
      Mounts: [...spec.mounts.map(bindMount), ...(spec.tmpfs ?? []).map(tmpfsMount)] as NonNullable<HostConfig['Mounts']>,
      Devices: (spec.devices ?? []).map(({ path, target, permissions }) => ({
        PathOnHost: path,
        PathInContainer: target,
        CgroupPermissions: permissions,
      })),
      // As `docker run --gpus device=...` asks.
      ...(spec.gpus === undefined ? {} : { DeviceRequests: [{ DeviceIDs: [...spec.gpus], Capabilities: [['gpu']] }] }),
      RestartPolicy: NEVER_RESTART,
      LogConfig: LOG_CONFIG,
      ...(spec.cgroupParent === undefined ? {} : { CgroupParent: spec.cgroupParent }),
    },
  }
}

function joinedNamespaces(spec: ContainerSpec): HostConfig {
  const sandbox = `container:${spec.sandboxId}`
  return {
    NetworkMode: sandbox,
    IpcMode: spec.hostIpc === true ? 'host' : sandbox,
    ...processNamespace(spec, sandbox),
    // Otherwise the host's name would be the sandbox's configured one.
    ...(spec.hostNetwork ? { UTSMode: 'host' } : {}),
  }
}

function processNamespace(spec: ContainerSpec, sandbox: string): HostConfig {
  if (spec.hostPid === true) return { PidMode: 'host' }
  if (spec.shareProcessNamespace) return { PidMode: sandbox }
  return spec.targetId === undefined ? {} : { PidMode: `container:${spec.targetId}` }
}

/** Also what an update of a running container sends. */
export function limits(resources: ContainerResources, host: HostAbilities): HostConfig {
  const { cpuShares, cpuQuotaUs, cpuPeriodUs = CPU_PERIOD_US, memoryBytes, pidsLimit, oomScoreAdj } = resources
  const memory = memoryBytes === undefined || memoryBytes === 0 ? undefined : Math.max(memoryBytes, LEAST_MEMORY_BYTES)
  return {
    ...(cpuShares === undefined ? {} : { CpuShares: Math.max(LEAST_CPU_SHARES, cpuShares) }),
    ...(cpuQuotaUs === undefined ? {} : { CpuQuota: Math.max(cpuQuotaUs, LEAST_CPU_QUOTA_US), CpuPeriod: cpuPeriodUs }),
    // Equal: no swap. The engine's default would allow as much swap as memory.
    ...(memory === undefined ? {} : { Memory: memory, MemorySwap: memory }),
    ...(pidsLimit === undefined ? {} : { PidsLimit: pidsLimit }),
    ...(oomScoreAdj === undefined ? {} : { OomScoreAdj: oomScore(oomScoreAdj, host) }),
  }
}

function oomScore(wanted: number, host: HostAbilities): number {
  return host.allCapabilities ? wanted : Math.max(0, wanted)
}

function confinement(security: ContainerSecurity, host: HostAbilities): HostConfig {
  if (security.privileged && !host.allCapabilities) return nearlyPrivileged(security)
  const options = [
    ...(security.noNewPrivileges ? ['no-new-privileges'] : []),
    ...(security.seccomp === undefined ? [] : [`seccomp=${security.seccomp}`]),
    ...(security.apparmor === undefined ? [] : [`apparmor=${security.apparmor}`]),
    ...(security.seLinux ?? []).map((label) => `label=${label}`),
  ]
  return {
    Privileged: security.privileged,
    ReadonlyRootfs: security.readOnlyRootFilesystem,
    CapAdd: [...(security.capAdd ?? [])],
    CapDrop: [...(security.capDrop ?? [])],
    GroupAdd: [...(security.supplementalGroups ?? [])],
    SecurityOpt: options,
    ...(security.unmaskedProc === true ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
  }
}

/** All that the daemon itself has, as newer engines do by themselves; not the host's devices, which it may still make. */
function nearlyPrivileged({ readOnlyRootFilesystem, supplementalGroups = [] }: ContainerSecurity): HostConfig {
  return {
    ReadonlyRootfs: readOnlyRootFilesystem,
    CapAdd: ['ALL'],
    CapDrop: ['SYS_RESOURCE'],
    GroupAdd: [...supplementalGroups],
    SecurityOpt: ['seccomp=unconfined', 'apparmor=unconfined', 'label=disable'],
    MaskedPaths: [],
    ReadonlyPaths: [],
    DeviceCgroupRules: ['a *:* rwm'],
  }
}

/**
 * Never `Binds`: those make a missing source on the host, as root. Without a propagation Docker takes `rprivate`, or
 * `rslave` for a folder that holds its own data (`/`), of which it refuses any other.
 */
function bindMount({ source, target, readOnly, propagation, recursion }: Mount) {
  const options = {
    ...(propagation === undefined ? {} : { Propagation: propagation }),
    ...(recursion === 'forced' ? { ReadOnlyForceRecursive: true } : {}),
    ...(recursion === 'none' ? { ReadOnlyNonRecursive: true } : {}),
  }
  return {
    Type: 'bind',
    Source: source,
    Target: target,
    ReadOnly: readOnly,
    ...(Object.keys(options).length === 0 ? {} : { BindOptions: options }),
  }
}

function tmpfsMount(tmpfs: NonNullable<ContainerSpec['tmpfs']>[number]) {
  return {
    Type: 'tmpfs',
    Target: tmpfs.target,
    TmpfsOptions: {
      ...(tmpfs.sizeBytes === undefined ? {} : { SizeBytes: tmpfs.sizeBytes }),
      ...(tmpfs.mode === undefined ? {} : { Mode: tmpfs.mode }),
    },
  }
}
