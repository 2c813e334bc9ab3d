import { type ApiError, conflict } from '@skiff/api'

/** Whether a uid that a body names ('' names none) is another's than the object's. */
export function isAnothersUid(named: string | undefined, uid: string): named is string {
  return named !== undefined && named !== '' && named !== uid
}

/** The object that is there, or nothing (''), is not what was asked for: a Conflict in upstream's words. */
export function preconditionFailed(
  resource: string,
  name: string,
  { what, asked, is }: { readonly what: 'UID' | 'ResourceVersion'; readonly asked: string; readonly is: string },
): ApiError {
  return conflict(resource, name, `Precondition failed: ${what} in precondition: ${asked}, ${what} in object meta: ${is}`)
}
