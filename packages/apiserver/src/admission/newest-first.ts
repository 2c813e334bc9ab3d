import type { ObjectMeta } from '@skiff/api'

/** For sorting: of several that call themselves the default, the newest counts; of two made in one second, the first by name. */
export function newestFirst(a: { readonly metadata: ObjectMeta }, b: { readonly metadata: ObjectMeta }): number {
  const age = Date.parse(b.metadata.creationTimestamp ?? '') - Date.parse(a.metadata.creationTimestamp ?? '')
  return age || (a.metadata.name < b.metadata.name ? -1 : 1)
}
