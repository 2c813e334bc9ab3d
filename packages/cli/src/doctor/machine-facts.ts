/** What the checks are about: this machine as it is, read once. */
import type { NodeName } from '@skiff/agent'

export interface EngineFacts {
  readonly version: string
  readonly liveRestore: boolean
  readonly cgroupVersion: '1' | '2'
  readonly cgroupDriver: string
  readonly dataRoot: string
}

/** One socket that listens on this machine. */
export interface Listener {
  readonly protocol: 'tcp' | 'udp'
  /** `0.0.0.0` and `::` are every address. */
  readonly address: string
  readonly port: number
  /** The program's name and pid, where this user may see it. */
  readonly program?: string
}

export interface RouteFact {
  readonly dst: string
  readonly dev?: string
  readonly protocol?: string
}

export interface CertificateFact {
  readonly file: string
  readonly validTo: Date
}

export interface DiskFact {
  readonly path: string
  readonly freeBytes: number
  readonly totalBytes: number
}

/** A process that is a master with this machine's data, or a service that is started again and again to be one. */
export interface MasterFact {
  readonly name: string
}

export interface MachineFacts {
  readonly now: Date
  readonly root: boolean
  readonly home: string
  readonly dockerHost: string
  readonly engine: EngineFacts | { readonly problem: string }
  /** Where the agent's programs are looked for, as `$PATH` is written, and those that are not there. */
  readonly path: string
  readonly missingPrograms: readonly string[]
  /** What `nft list ruleset` said when it failed; undefined: it works. */
  readonly nftProblem?: string
  readonly ipForward: boolean
  readonly listeners: readonly Listener[]
  readonly routes: readonly RouteFact[]
  readonly ranges: {
    readonly serviceCidr: string
    readonly podCidr: string
    readonly dnsAddress: string
    readonly inUse: boolean
  }
  /** Directories and keys of ours that others may read or write, or that this user can't. */
  readonly badPermissions: readonly { readonly path: string; readonly mode: string }[]
  readonly disks: readonly DiskFact[]
  readonly certificates: readonly CertificateFact[]
  /** The time this build was made: no clock that is right is before it. */
  readonly builtAt: Date
  /** Components that run on this machine. */
  readonly running: { readonly master: boolean; readonly agent: boolean }
  /** More than one want the same data. */
  readonly masters: readonly MasterFact[]
  /** Undefined: no agent of this machine has joined, or its master doesn't answer. */
  readonly nodeName?: NodeName
  /** Undefined: nothing on this machine has a master. */
  readonly master?: { readonly server: string; readonly problem?: string; readonly clockSkewMs?: number }
  /** Undefined: the master isn't here, or doesn't answer. */
  readonly nodes?: readonly { readonly name: string; readonly ready: boolean; readonly message: string }[]
}
