import type { RuntimeInfo } from '../runtime.ts'

/** The fields of the engine's `/info` that matter; typed here because dockerode leaves it open. */
interface EngineInfo {
  readonly ServerVersion: string
  readonly OperatingSystem: string
  readonly KernelVersion: string
  readonly Architecture: string
  readonly NCPU: number
  readonly MemTotal: number
  readonly CgroupVersion?: string
  readonly CgroupDriver: string
  readonly DockerRootDir: string
  readonly LiveRestoreEnabled: boolean
  readonly SecurityOptions?: readonly string[]
  readonly Runtimes?: Readonly<Record<string, unknown>>
}

/** Engine 25 (API 1.44) brought it, over mount_setattr of this kernel. */
const RECURSIVE_READ_ONLY = { engine: [25, 0], kernel: [5, 12] } as const

export function runtimeInfoOf(info: EngineInfo): RuntimeInfo {
  return {
    // Debian appends `+dfsg1`.
    version: `docker://${info.ServerVersion.replace(/\+.*$/, '')}`,
    operatingSystem: info.OperatingSystem,
    kernelVersion: info.KernelVersion,
    architecture: info.Architecture === 'aarch64' || info.Architecture === 'arm64' ? 'arm64' : 'amd64',
    cpus: info.NCPU,
    memoryBytes: info.MemTotal,
    cgroupVersion: info.CgroupVersion === '2' ? 2 : 1,
    cgroupDriver: info.CgroupDriver === 'systemd' ? 'systemd' : 'cgroupfs',
    dataRoot: info.DockerRootDir,
    liveRestore: info.LiveRestoreEnabled,
    appArmor: (info.SecurityOptions ?? []).some((option) => option.startsWith('name=apparmor')),
    nvidia: 'nvidia' in (info.Runtimes ?? {}),
    rootless: (info.SecurityOptions ?? []).some((option) => option.startsWith('name=rootless')),
    recursiveReadOnly:
      isAtLeast(info.ServerVersion, RECURSIVE_READ_ONLY.engine) && isAtLeast(info.KernelVersion, RECURSIVE_READ_ONLY.kernel),
  }
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split(/[.-]/).map(Number)
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}
