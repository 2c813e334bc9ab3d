/** Where a paged list goes on: opaque to clients, bound to the snapshot of its first page. Same form as upstream's. */

import { ApiError, badRequest, type Status } from '@skiff/api'

export interface ContinuePoint {
  /** The snapshot; -1: whatever is newest. */
  readonly revision: number
  /** The last key of the page before, without the prefix. */
  readonly after: string
}

const VERSION = 'meta.k8s.io/v1'

export function encodeContinue({ revision, after }: ContinuePoint): string {
  return Buffer.from(JSON.stringify({ v: VERSION, rv: revision, start: `${after}\u0000` })).toString('base64url')
}

/** Throws BadRequest. */
export function decodeContinue(token: string): ContinuePoint {
  if (!/^[\w-]{2,}$/.test(token))
    throw badRequest('invalid continue token: continue key is not valid: illegal base64 data at input byte 0')
  const { v, rv, start } = parseToken(token)
  if (v !== VERSION)
    throw badRequest(
      `invalid continue token: continue key is not valid: server does not recognize this encoded version ${JSON.stringify(v)}`,
    )
  if (typeof rv !== 'number' || typeof start !== 'string' || !start.endsWith('\u0000') || start.startsWith('/')) {
    throw badRequest('invalid continue token: continue key is not valid: incorrect encoded start resourceVersion')
  }
  return { revision: rv, after: start.slice(0, -1) }
}

function parseToken(token: string): { v?: unknown; rv?: unknown; start?: unknown } {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'))
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Told below.
  }
  throw badRequest('invalid continue token: continue key is not valid: invalid character looking for beginning of value')
}

const TOO_OLD =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
  'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
  'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
  'deleted between the time the first chunk was returned and now may show up in the list.'

/** 410 with a token that goes on at the same place in the newest state. */
export class ContinueExpiredError extends ApiError {
  readonly fresh: string

  constructor(after: string) {
    super('Expired', TOO_OLD)
    this.fresh = encodeContinue({ revision: -1, after })
  }

  override toStatus(): Status {
    return { ...super.toStatus(), metadata: { continue: this.fresh } }
  }
}
