/**
 * API errors as every part of Skiff throws, sends and tests them: one union of reasons, one table to HTTP codes,
 * one class. Shapes as in k8s.io/apimachinery's metav1.Status.
 */

export interface StatusCause {
  reason?: string
  message?: string
  field?: string
}

export interface StatusDetails {
  name?: string
  group?: string
  kind?: string
  uid?: string
  causes?: StatusCause[]
  retryAfterSeconds?: number
}

export interface Status {
  kind: 'Status'
  apiVersion: 'v1'
  metadata: Record<string, unknown>
  status: 'Success' | 'Failure'
  message?: string
  reason?: string
  details?: StatusDetails
  code?: number
}

export const CODE_OF_REASON = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  /** Upstream's own errors that it gives no reason: its patches, and what its storage refuses. */
  Unknown: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
} as const

export type StatusReason = keyof typeof CODE_OF_REASON

export class ApiError extends Error {
  override name = 'ApiError'
  readonly reason: StatusReason
  readonly code: number
  readonly details: StatusDetails | undefined

  constructor(reason: StatusReason, message: string, options: { details?: StatusDetails; cause?: unknown; code?: number } = {}) {
    super(message, { cause: options.cause })
    this.reason = reason
    this.code = options.code ?? CODE_OF_REASON[reason]
    this.details = options.details
  }

  toStatus(): Status {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      ...(this.reason === 'Unknown' ? {} : { reason: this.reason }),
      ...(this.details ? { details: this.details } : {}),
      code: this.code,
    }
  }
}

/** `resource` is the plural with its group when there is one: `pods`, `deployments.apps`. */
export function notFound(resource: string, name: string): ApiError {
  return new ApiError('NotFound', `${resource} "${name}" not found`, { details: resourceDetails(resource, name) })
}

export function alreadyExists(resource: string, name: string, message = `${resource} "${name}" already exists`): ApiError {
  return new ApiError('AlreadyExists', message, { details: resourceDetails(resource, name) })
}

export function conflict(resource: string, name: string, why = OBJECT_MODIFIED): ApiError {
  return new ApiError('Conflict', `Operation cannot be fulfilled on ${resource} "${name}": ${why}`, {
    details: resourceDetails(resource, name),
  })
}

const OBJECT_MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again'

export function forbidden(resource: string, name: string, why: string): ApiError {
  const message = name === '' ? `${resource} is forbidden: ${why}` : `${resource} "${name}" is forbidden: ${why}`
  return new ApiError('Forbidden', message, { details: resourceDetails(resource, name) })
}

export function badRequest(message: string): ApiError {
  return new ApiError('BadRequest', message)
}

export function expired(message: string): ApiError {
  return new ApiError('Expired', message)
}

function resourceDetails(resource: string, name: string): StatusDetails {
  const dot = resource.indexOf('.')
  const details: StatusDetails = { kind: dot < 0 ? resource : resource.slice(0, dot) }
  if (name !== '') details.name = name
  if (dot >= 0) details.group = resource.slice(dot + 1)
  return details
}

function hasReason(error: unknown, ...reasons: StatusReason[]): boolean {
  return error instanceof ApiError && reasons.includes(error.reason)
}

export const isNotFound = (error: unknown): boolean => hasReason(error, 'NotFound')
/** The server can't be reached, or not now. */
export const isUnavailable = (error: unknown): boolean => hasReason(error, 'ServiceUnavailable')
export const isAlreadyExists = (error: unknown): boolean => hasReason(error, 'AlreadyExists')
export const isConflict = (error: unknown): boolean => hasReason(error, 'Conflict')
export const isExpired = (error: unknown): boolean => hasReason(error, 'Expired', 'Gone')
export const isInvalid = (error: unknown): boolean => hasReason(error, 'Invalid')
export const isForbidden = (error: unknown): boolean => hasReason(error, 'Forbidden')
export const isUnauthorized = (error: unknown): boolean => hasReason(error, 'Unauthorized')

/** Refuses a patch that says the uid of a former object of the name: another has it by now. */
export const isOfAnother = (error: unknown): boolean =>
  error instanceof ApiError &&
  error.reason === 'Invalid' &&
  (error.details?.causes ?? []).some(({ field }) => field === 'metadata.uid')
