import type { WorkQueue } from '../controller/work-queue.ts'
import type { MetricFamily } from './exposition.ts'
import { Counter, Histogram } from './meters.ts'

const WORK_BOUNDS_S = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60]

/** What a process's controllers have to do and how long it takes them, under client-go's names. */
export class QueueMeters {
  readonly #queues = new Map<string, WorkQueue>()
  readonly #seconds = new Histogram(
    'workqueue_work_duration_seconds',
    'How long processing an item from the work queue took.',
    WORK_BOUNDS_S,
  )
  readonly #retries = new Counter('workqueue_retries_total', 'Items that failed and come again.')

  watch(name: string, queue: WorkQueue): void {
    this.#queues.set(name, queue)
  }

  noteWork(name: string, seconds: number): void {
    this.#seconds.observe(seconds, { name })
  }

  noteRetry(name: string): void {
    this.#retries.increment({ name })
  }

  families(): readonly MetricFamily[] {
    const samples = [...this.#queues].map(([name, { size }]) => ({ labels: { name }, value: size }))
    const depth: MetricFamily = { name: 'workqueue_depth', help: 'Items that wait for work.', type: 'gauge', samples }
    return [depth, this.#seconds.family(), this.#retries.family()]
  }
}
