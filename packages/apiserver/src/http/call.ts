/** What a verb gets and what it answers: nothing here knows sockets. */

import type { Registry } from '../registry/registry.ts'
import type { TableColumns } from '../registry/resource-definition.ts'
import type { ResourceRegistry } from '../registry/resource-registry.ts'
import type { StoredObject } from '../registry/stored-object.ts'
import type { Admission, RequestInfo, UserInfo } from './request-context.ts'

export interface Call {
  readonly info: RequestInfo
  readonly user: UserInfo
  readonly registry: ResourceRegistry
  /** All kinds: for what a request changes beside its own. */
  readonly registries: Registry
  readonly admission: Admission
  readonly contentType: string
  readonly userAgent: string
  readonly body: Buffer
  readonly now: Date
  readonly warn: (text: string) => void
}

export type Answer =
  | { readonly type: 'object'; readonly status: number; readonly stored: StoredObject; readonly resource: ResourceRegistry }
  | { readonly type: 'list'; readonly status: number; readonly list: ListAnswer; readonly resource: ResourceRegistry }
  /** Anything else that is JSON: a Status, a Scale, a review. */
  | { readonly type: 'value'; readonly status: number; readonly value: object; readonly columns?: TableColumns }

export interface ListAnswer {
  readonly items: readonly StoredObject[]
  readonly resourceVersion: string
  readonly continue?: string
  readonly remainingItemCount?: number
}

export function objectAnswer(call: Call, status: number, stored: StoredObject): Answer {
  return { type: 'object', status, stored, resource: call.registry }
}

/** `columns` when it can be shown as a Table. */
export function valueAnswer(status: number, value: object, columns?: TableColumns): Answer {
  return { type: 'value', status, value, ...(columns === undefined ? {} : { columns }) }
}
