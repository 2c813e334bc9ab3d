/** Many Events in one request: a line of JSON each (docs/decisions/0030). What its two ends must agree on. */

import type { Status } from './errors.ts'

export const EVENT_LINES_PATH = '/skiff/v1/events'

/** The server takes no more at once: they are written in one turn of its event loop, which keeps others waiting so long. */
export const MOST_EVENT_LINES = 32

export interface EventLinesAnswer {
  readonly refused: readonly RefusedEventLine[]
}

export interface RefusedEventLine {
  /** Of the request's lines, from 0. */
  readonly line: number
  readonly status: Status
}
