import { join } from 'node:path'
import type { Volume } from '@skiff/api'

/** Where a pod's own files lie: below `<data directory>/pods/<uid>`. */
export interface PodDirectory {
  readonly root: string
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

export function podDirectory(dataDir: string, uid: string): PodDirectory {
  if (!isPodUid(uid)) throw new Error(`${JSON.stringify(uid)} is not a pod's uid`)
  const root = join(podsDirectory(dataDir), uid)
  return {
    root,
    etcHosts: join(root, 'etc-hosts'),
    hostname: join(root, 'hostname'),
    resolvConf: join(root, 'resolv.conf'),
    volume: (volume) => join(root, 'volumes', volumeType(volume), volume.name),
    readyMark: (volume) => join(root, 'ready-volumes', volume.name),
    pin: (volume, container, index) => join(root, 'volume-subpaths', volume, container, String(index)),
    terminationLog: (container, attempt) => join(root, 'containers', container, `termination-log-${attempt}`),
  }
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
