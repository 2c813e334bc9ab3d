import { ApiError, CODE_OF_REASON, type Status, type StatusReason } from '@skiff/api'

/** The error that an answer outside 2xx tells of: its Status body, or what its code means. */
export function errorOfResponse(status: number, body: Buffer): ApiError {
  const told = parseStatus(body)
  if (told !== undefined) return errorOfStatus(told, status)
  const text = body.toString('utf8', 0, 300).trim()
  return new ApiError(reasonOfCode(status), text === '' ? `the server answered ${status}` : text, { code: status })
}

/** The error that a Status object tells of, from a body or from an ERROR event of a watch. */
export function errorOfStatus(status: Status, httpCode: number): ApiError {
  const code = status.code ?? httpCode
  const reason = isReason(status.reason) ? status.reason : reasonOfCode(code)
  return new ApiError(reason, status.message ?? `the server answered ${code}`, {
    code,
    ...(status.details === undefined ? {} : { details: status.details }),
  })
}

function parseStatus(body: Buffer): Status | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status'
      ? (value as Status)
      : undefined
  } catch {
    return undefined
  }
}

function isReason(reason: string | undefined): reason is StatusReason {
  return reason !== undefined && Object.hasOwn(CODE_OF_REASON, reason)
}

function reasonOfCode(code: number): StatusReason {
  const known = Object.entries(CODE_OF_REASON).find(([, value]) => value === code)
  if (known !== undefined) return known[0] as StatusReason
  if (code === 502) return 'ServiceUnavailable'
  return code >= 500 ? 'InternalError' : 'BadRequest'
}
