/** Keeps the kernel's routes equal to what the informers say: one pass at a time, changes in between coalesced. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { EndpointSlice, Service } from '@skiff/api'
import type { Informer } from '@skiff/client'
import type { Logger } from 'pino'
import type { ChangeFlag } from './change-flag.ts'
import type { KernelRoutes } from './kernel/kernel-routes.ts'
import { buildRouteTable } from './route-table.ts'

/** Changes that come within this time of one another are one pass. */
const COALESCE_MS = 10
const RETRY_DELAY_MS = 1_000

export interface ProgramRoutesOptions {
  readonly kernel: Pick<KernelRoutes, 'apply'>
  readonly services: Pick<Informer<Service>, 'list' | 'onChange'>
  readonly slices: Pick<Informer<EndpointSlice>, 'onChange' | 'revision'>
  readonly slicesOf: (namespace: string, service: string) => readonly EndpointSlice[]
  readonly nodeName: string
  /** Raised whenever the kernel's routes may have to change; others may raise it too. */
  readonly changes: ChangeFlag
  readonly onProgrammed: (endpointsRevision: string) => void
  readonly logger: Logger
  readonly signal: AbortSignal
}

/** Resolves when the signal ends it. */
export async function programRoutes(options: ProgramRoutesOptions): Promise<void> {
  const { services, slices, changes, signal, logger } = options
  const stopListening = [services.onChange(changes.raise), slices.onChange(changes.raise)]
  changes.raise()
  try {
    while (await changes.lowered()) {
      const isProgrammed = await programOnce(options)
      if (!isProgrammed) changes.raise()
      await sleep(isProgrammed ? COALESCE_MS : RETRY_DELAY_MS, undefined, { signal }).catch(() => undefined)
    }
  } finally {
    for (const stop of stopListening) stop()
    logger.debug('stopped programming routes')
  }
}

async function programOnce({
  kernel,
  services,
  slices,
  slicesOf,
  nodeName,
  onProgrammed,
  logger,
}: ProgramRoutesOptions): Promise<boolean> {
  // Read before the table is built: what is acknowledged may be older than what is programmed, never newer.
  const revision = slices.revision()
  try {
    await kernel.apply(buildRouteTable({ services: services.list(), slicesOf, nodeName }))
  } catch (err) {
    logger.error({ err }, 'the Service routes could not be programmed; trying again')
    return false
  }
  onProgrammed(revision)
  return true
}
