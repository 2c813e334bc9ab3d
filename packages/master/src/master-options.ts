import type { PodSecurityDefault } from '@skiff/apiserver'
import type { Logger } from 'pino'

export interface MasterOptions {
  /** The master's own directory; made when it isn't there. */
  readonly dataDir: string
  /** The address that HTTPS listens on. Default: all. */
  readonly bind?: string
  /** The address by which agents, pods and people reach the master. Default: that of the default route. */
  readonly advertiseAddress?: string
  /** Default 6443; 0 takes any free one. */
  readonly port?: number
  readonly store?: 'sqlite'
  readonly serviceCidr?: string
  readonly podCidr?: string
  readonly clusterDomain?: string
  readonly defaultTolerationSeconds?: number
  readonly podSecurityDefault?: PodSecurityDefault
  /** A port without TLS for health checks only. */
  readonly insecureHttp?: number
  readonly logger: Logger
  /** Aborting it stops the master. */
  readonly signal: AbortSignal
  readonly clock?: () => Date
  readonly random?: () => number
}

export type ResolvedOptions = Required<Omit<MasterOptions, 'insecureHttp' | 'advertiseAddress'>> & {
  readonly insecureHttp: number | undefined
  readonly advertiseAddress: string | undefined
}

const DEFAULTS = {
  bind: '0.0.0.0',
  port: 6443,
  store: 'sqlite',
  serviceCidr: '10.96.0.0/16',
  podCidr: '10.244.0.0/16',
  clusterDomain: 'cluster.local',
  defaultTolerationSeconds: 5,
  podSecurityDefault: 'warn',
  insecureHttp: undefined,
  advertiseAddress: undefined,
  clock: () => new Date(),
  random: Math.random,
} as const

export function withDefaults(options: MasterOptions): ResolvedOptions {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  return { ...DEFAULTS, ...given } as ResolvedOptions
}
