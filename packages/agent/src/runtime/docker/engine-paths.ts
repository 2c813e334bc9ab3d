import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/**
 * Where an agent reads a file of the engine's. In a container of its own it has other files than the engine, but the
 * host's processes (docker-compose.yml, `pid: host`), the first of which shows the host's.
 */
export function seenFromHere(path: string): string {
  if (path === '' || existsSync(dirname(path))) return path
  const folder = onHost(dirname(path))
  return existsSync(folder) ? join(folder, basename(path)) : path
}

/** What `seenFromHere` gave, as it is called on the host. */
export function asOnHost(path: string): string {
  return path.startsWith(`${onHost('')}/`) ? path.slice(onHost('').length) : path
}

/** The host's own file of that path, for one with its processes and its rights. */
export function onHost(path: string): string {
  return `/proc/1/root${path}`
}
