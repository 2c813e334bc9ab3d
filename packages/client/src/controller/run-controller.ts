import { isConflict, isOfAnother } from '@skiff/api'
import type { Log } from '../log.ts'
import type { QueueMeters } from '../metrics/queue-meters.ts'
import type { WorkQueue } from './work-queue.ts'

/** Look at the key again after this delay though nothing failed. */
export interface Requeue {
  readonly requeueAfterMs: number
}

export interface ControllerOptions {
  readonly name: string
  readonly queue: WorkQueue
  /** Makes the world as the object of this key says; called again after its back-off when it throws. */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<void> | Promise<Requeue | undefined>
  readonly concurrency?: number
  /** Where its work is counted. */
  readonly meters?: QueueMeters
  readonly logger: Log
  readonly signal: AbortSignal
}

/** Works off the queue until the signal aborts; resolves once the work under way has ended. Never rejects. */
export async function runController(options: ControllerOptions): Promise<void> {
  options.meters?.watch(options.name, options.queue)
  const workers = Array.from({ length: options.concurrency ?? 1 }, () => work(options))
  await Promise.all(workers)
  options.queue.close()
}

async function work(options: ControllerOptions): Promise<void> {
  const { queue, signal } = options
  for (;;) {
    const key = await queue.next(signal)
    if (key === undefined) return
    const startMs = performance.now()
    await reconcileOnce(key, options)
    options.meters?.noteWork(options.name, (performance.now() - startMs) / 1000)
    queue.done(key)
  }
}

async function reconcileOnce(key: string, options: ControllerOptions): Promise<void> {
  const { queue, reconcile, signal } = options
  try {
    const result = await reconcile(key, signal)
    queue.forget(key)
    if (result) queue.addAfter(key, result.requeueAfterMs)
  } catch (error) {
    if (signal.aborted) return
    retryLater(key, error, options)
  }
}

function retryLater(key: string, error: unknown, { name, queue, logger, meters }: ControllerOptions): void {
  // Both are the normal way to learn that the cache was behind.
  const level = isConflict(error) || isOfAnother(error) ? 'debug' : 'warn'
  logger[level]({ controller: name, key, failures: queue.failures(key) + 1, err: error }, 'failed, will retry')
  meters?.noteRetry(name)
  queue.addRateLimited(key)
}
