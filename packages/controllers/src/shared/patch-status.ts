import { isDeepStrictEqual } from 'node:util'
import type { KindInfo, ObjectMeta } from '@skiff/api'
import type { ApiClient } from '@skiff/client'

interface HasStatus {
  readonly metadata: ObjectMeta
  readonly status?: object
}

/**
 * Makes the object's status what it should be, and returns the object as it then is; no request when it is so already. A Conflict
 * when the object is no longer what the status was worked out from: the next reconcile knows better.
 */
export async function patchStatus<T extends HasStatus>(client: ApiClient, info: KindInfo, object: T, status: object): Promise<T> {
  const before = object.status ?? {}
  if (isDeepStrictEqual(before, status)) return object
  const removed = Object.fromEntries(
    Object.keys(before)
      .filter((field) => !(field in status))
      .map((field) => [field, null]),
  )
  const { name, namespace, uid, resourceVersion } = object.metadata
  const ref = { name, subresource: 'status', ...(namespace === undefined ? {} : { namespace }) }
  return await client.patch<T>(info, ref, {
    type: 'merge',
    body: { metadata: { uid, resourceVersion }, status: { ...removed, ...status } },
  })
}

/** As Kubernetes writes counters: zero, absent and empty fields are left out. */
export function withoutZeros<T extends object>(status: T): Partial<T> {
  const isSaid = ([, value]: [string, unknown]) =>
    value !== undefined && value !== 0 && !(Array.isArray(value) && value.length === 0)
  return Object.fromEntries(Object.entries(status).filter(isSaid)) as Partial<T>
}
