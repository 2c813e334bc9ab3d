/** Keeps the kernel's routes equal to what the informers say: one pass at a time, changes in between coalesced. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { EndpointSlice, Service } from '@skiff/api'
import type { Informer } from '@skiff/client'
import type { Logger } from 'pino'
import type { KernelRoutes } from './kernel/kernel-routes.ts'
import { buildRouteTable } from './route-table.ts'

/** Changes that come within this time of one another are one pass. */
const COALESCE_MS = 10
const RETRY_DELAY_MS = 1_000

export interface ProgramRoutesOptions {
  readonly kernel: KernelRoutes
  readonly services: Informer<Service>
  readonly slices: Informer<EndpointSlice>
  readonly slicesOf: (namespace: string, service: string) => readonly EndpointSlice[]
  readonly nodeName: string
  readonly onProgrammed: (endpointsRevision: string) => void
  readonly logger: Logger
  readonly signal: AbortSignal
}

export async function programRoutes(options: ProgramRoutesOptions): Promise<void> {
  const { services, slices, signal, logger } = options
  const changes = createChangeFlag(signal)
  const stopListening = [services.onChange(changes.raise), slices.onChange(changes.raise)]
  changes.raise()
  try {
    while (await changes.lowered()) {
      const delay = (await programOnce(options)) ? COALESCE_MS : RETRY_DELAY_MS
      await sleep(delay, undefined, { signal, ref: true }).catch(() => undefined)
    }
  } finally {
    for (const stop of stopListening) stop()
    logger.debug('stopped programming routes')
  }

  async function programOnce({ kernel, nodeName, slicesOf, onProgrammed }: ProgramRoutesOptions): Promise<boolean> {
    // Read before the table is built: what is acknowledged may be older than what is programmed, never newer.
    const revision = slices.revision()
    try {
      await kernel.apply(buildRouteTable({ services: services.list(), slicesOf, nodeName }))
      onProgrammed(revision)
      return true
    } catch (err) {
      logger.error({ err }, 'the Service routes could not be programmed; trying again')
      changes.raise()
      return false
    }
  }
}

/** A flag that several may raise and one waits for. */
function createChangeFlag(signal: AbortSignal): { raise: () => void; lowered: () => Promise<boolean> } {
  let raised = false
  let wake = () => {}
  signal.addEventListener('abort', () => wake())
  return {
    raise() {
      raised = true
      wake()
    },
    /** Resolves once it was raised, lowering it; false when the signal ended the wait. */
    async lowered() {
      if (!raised && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve))
      raised = false
      return !signal.aborted
    },
  }
}
