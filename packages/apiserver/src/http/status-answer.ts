import { ApiError, type Status } from '@skiff/api'
import { WriteFailedError } from '@skiff/store'
import type { Logger } from 'pino'

/** The one funnel from whatever was thrown to what a client is told. What isn't an ApiError is our own fault: 500 and a log line. */
export function statusOf(error: unknown, logger: Logger, request: { readonly method: string; readonly path: string }): Status {
  if (error instanceof ApiError) return error.toStatus()
  if (error instanceof WriteFailedError) {
    logger.error({ err: error, ...request }, 'a write was not stored')
    return new ApiError('ServiceUnavailable', error.message).toStatus()
  }
  const limit = bodyLimitStatus(error)
  if (limit !== undefined) return limit
  logger.error({ err: error, ...request }, 'a request failed unexpectedly')
  return new ApiError('InternalError', 'Internal error occurred: see the log of the API server').toStatus()
}

/** fastify's own refusals. */
function bodyLimitStatus(error: unknown): Status | undefined {
  const code = (error as { code?: unknown } | undefined)?.code
  const status = (error as { statusCode?: unknown } | undefined)?.statusCode
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new ApiError('RequestEntityTooLarge', 'Request entity too large: limit is 3145728').toStatus()
  }
  if (typeof status !== 'number' || status < 400 || status >= 500) return undefined
  return new ApiError('BadRequest', error instanceof Error ? error.message : 'bad request', { code: status }).toStatus()
}

export function success(details: Status['details']): Status {
  return { ...SUCCESS, ...(details === undefined ? {} : { details }) }
}

/** What is created without being shown (Binding, Eviction) says only its code. */
export function successfullyCreated(): Status {
  return { ...SUCCESS, code: 201 }
}

const SUCCESS = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' } as const
