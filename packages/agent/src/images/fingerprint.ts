import { createHash } from 'node:crypto'
import type { StoredImage } from './image-store.ts'

/**
 * Equal for the same image on any two engines: layers and what they are run with. Ids are not (the containerd image store
 * counts otherwise than the classic one), and the stored configuration's bytes aren't always given.
 */
export function imageFingerprint({ os, architecture, layers, config }: StoredImage): string {
  const { user, env, entrypoint, command, workingDir, stopSignal } = config
  const sorted = {
    volumes: [...config.volumes].sort(),
    exposedPorts: [...config.exposedPorts].sort(),
    labels: Object.entries(config.labels).sort(([a], [b]) => (a < b ? -1 : 1)),
  }
  const content = [os, architecture, layers, user, env, entrypoint, command, workingDir, stopSignal, sorted]
  return `sha256:${createHash('sha256').update(JSON.stringify(content)).digest('hex')}`
}
