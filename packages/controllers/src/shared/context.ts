import type { ApiClient, QueueMeters } from '@skiff/client'
import type { Logger } from 'pino'
import type { SharedInformers } from './informers.ts'

/** What every controller is given. */
export interface ControllerContext {
  readonly client: ApiClient
  readonly informers: SharedInformers
  readonly logger: Logger
  /** Where their work is counted. */
  readonly meters: QueueMeters
  readonly clock: () => Date
  readonly random: () => number
  readonly signal: AbortSignal
}
