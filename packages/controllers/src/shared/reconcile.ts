import { createEventRecorder, type EventRecorder, type Informer, runController, WorkQueue } from '@skiff/client'
import type { ControllerContext } from './context.ts'
import { synced } from './informers.ts'

export interface Reconciler {
  readonly name: string
  /** Read once before the first key is worked on. */
  readonly reads: readonly Pick<Informer<never>, 'start' | 'synced'>[]
  /** Registers what adds keys to the queue. */
  readonly watch: (queue: WorkQueue) => void
  readonly reconcile: (
    key: string,
    signal: AbortSignal,
  ) => Promise<void> | Promise<{ readonly requeueAfterMs: number } | undefined>
  readonly concurrency?: number
}

/** Works on keys until the signal aborts. Never rejects. */
export async function runReconciler(context: ControllerContext, reconciler: Reconciler): Promise<void> {
  const { name, reads, watch, reconcile, concurrency = 1 } = reconciler
  const { logger, meters, signal } = context
  const queue = new WorkQueue()
  watch(queue)
  try {
    await synced(reads)
  } catch {
    return // aborted before everything was read
  }
  await runController({ name, queue, reconcile, concurrency, meters, logger: logger.child({ controller: name }), signal })
}

/** @param component as upstream's event sources are named: `replicaset-controller` */
export function recorderFor(context: ControllerContext, component: string): EventRecorder {
  const { client, clock, random, logger } = context
  return createEventRecorder({ client, component, clock, random, logger })
}
