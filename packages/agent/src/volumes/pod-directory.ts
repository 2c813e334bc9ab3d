import { join } from 'node:path'
import type { Volume } from '@skiff/api'

/** Where a pod's own files lie: below `<data directory>/pods/<uid>`. */
export interface PodDirectory {
  readonly root: string
  /** Holds the volumes that have secrets in them; may be the same. */
  readonly secrets: string
  readonly etcHosts: string
  readonly hostname: string
  readonly resolvConf: string
  /** The volume's own directory, of those that the agent makes. */
  readonly volume: (volume: Volume) => string
  /** Says that the volume is made and has its owner: that is done once, for the pod may change it later. */
  readonly readyMark: (volume: Volume) => string
  /** Where a subPath is held fast for a container. */
  readonly pin: (volume: string, container: string, index: number) => string
  readonly terminationLog: (container: string, attempt: number) => string
}

/** @param memory where volumes with secrets in them lie: on no disk, if the host allows it */
export function podDirectory(dataDir: string, uid: string, memory?: string): PodDirectory {
  if (!isPodUid(uid)) throw new Error(`${JSON.stringify(uid)} is not a pod's uid`)
  const root = join(podsDirectory(dataDir), uid)
  const secrets = memory === undefined ? root : join(memory, uid)
  return {
    root,
    etcHosts: join(root, 'etc-hosts'),
    hostname: join(root, 'hostname'),
    resolvConf: join(root, 'resolv.conf'),
    secrets,
    volume: (volume) => join(isSecret(volume) ? secrets : root, 'volumes', volumeType(volume), volume.name),
    readyMark: (volume) => join(root, 'ready-volumes', volume.name),
    pin: (volume, container, index) => join(root, 'volume-subpaths', volume, container, String(index)),
    terminationLog: (container, attempt) => join(root, 'containers', container, `termination-log-${attempt}`),
  }
}

function isSecret({ secret, projected }: Volume): boolean {
  return (secret ?? projected) !== undefined
}

/** A file system in memory of the whole agent: a mount for each pod would cost each pod's start. */
export function memoryDirectory(dataDir: string): string {
  return join(dataDir, 'memory')
}

export function podsDirectory(dataDir: string): string {
  return join(dataDir, 'pods')
}

/** What is found on containers' labels is removed here: it must never name more than one pod's directory. */
export function isPodUid(text: string): boolean {
  return /^[a-zA-Z0-9][a-zA-Z0-9-]*$/.test(text)
}

/** `configMap`, `hostPath`, ... as a pod's spec calls it. */
export function volumeType(volume: Volume): string {
  return Object.keys(volume).find((key) => key !== 'name') ?? 'emptyDir'
}
