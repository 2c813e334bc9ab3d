import type { ObjectMeta } from '@skiff/api'

/** As the API gives it to any object of the namespace `default`. */
export function metadata(name: string): ObjectMeta {
  return { name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }
}
