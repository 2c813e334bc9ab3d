/** Removes objects of kinds that expire (Events) some time after their last write. */

import { KeyNotFoundError, RevisionConflictError } from '@skiff/store'
import type { Logger } from 'pino'
import type { Registry } from './registry.ts'
import type { ResourceRegistry } from './resource-registry.ts'

const SWEEP_INTERVAL_MS = 60_000

interface Expiry {
  readonly registry: Registry
  readonly clock: () => Date
  readonly logger: Logger
  readonly signal: AbortSignal
}

/** Sweeps every minute until `signal` is aborted: entries don't know when they were written, their objects do. */
export function startExpiry({ registry, clock, logger, signal }: Expiry): void {
  const sweep = async () => {
    try {
      for (const resource of registry.all()) await removeExpired(resource, clock())
    } catch (error) {
      logger.error({ err: error }, 'expired objects were not removed')
    }
  }
  const timer = setInterval(() => void sweep(), SWEEP_INTERVAL_MS)
  timer.unref()
  signal.addEventListener('abort', () => clearInterval(timer), { once: true })
}

/** Returns how many were removed. */
export async function removeExpired(resource: ResourceRegistry, now: Date): Promise<number> {
  const { ttlSeconds } = resource.definition
  if (ttlSeconds === undefined) return 0
  const { store, cache } = resource.shared
  let removed = 0
  for (const entry of store.list(resource.prefixOf('')).entries) {
    const object = cache.get(entry)
    if (now.getTime() - lastWrittenMs(object) < ttlSeconds * 1000) continue
    try {
      await store.delete(entry.key, entry.modRevision)
      cache.drop(entry)
      removed += 1
    } catch (error) {
      // Written or deleted meanwhile: the next sweep looks again.
      if (!(error instanceof RevisionConflictError || error instanceof KeyNotFoundError)) throw error
    }
  }
  return removed
}

/** The newest of the times that an Event carries. */
function lastWrittenMs(object: Readonly<Record<string, unknown>> & { metadata: { creationTimestamp: string } }): number {
  const series = object.series as { lastObservedTime?: string } | undefined
  const times = [object.metadata.creationTimestamp, object.lastTimestamp, object.eventTime, series?.lastObservedTime]
  return Math.max(...times.map((time) => (typeof time === 'string' ? Date.parse(time) : 0)))
}
