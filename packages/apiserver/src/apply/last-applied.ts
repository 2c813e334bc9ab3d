import type { KubeObject, TypeSchema } from '@skiff/api'
import { isJsonObject, type JsonObject } from '../patch/json-value.ts'
import { compareObjects } from './compare-objects.ts'
import { EMPTY_SET, type FieldSet, subtractSets } from './field-set.ts'
import { fieldSetOf } from './field-set-of.ts'

/** The manager of `kubectl apply --server-side`, which takes over from `kubectl apply` without asking. */
export const KUBECTL_MANAGER = 'kubectl'

const ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration'

/** What client-side apply says it wrote, as far as it is still so. */
export function lastAppliedFields(live: KubeObject, schema: TypeSchema): FieldSet {
  const applied = lastApplied(live)
  if (applied === undefined) return EMPTY_SET
  const { changed, removed } = compareObjects(applied, live, schema)
  return subtractSets(subtractSets(fieldSetOf(applied, schema), changed), removed)
}

function lastApplied(live: KubeObject): JsonObject | undefined {
  const text = live.metadata.annotations?.[ANNOTATION]
  if (text === undefined) return undefined
  try {
    const parsed: unknown = JSON.parse(text)
    return isJsonObject(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}

/** Keeps the annotation true, where there is one, so that client-side apply can be used again. */
export function refreshLastApplied(object: KubeObject, config: KubeObject): void {
  if (object.metadata.annotations?.[ANNOTATION] === undefined) return
  const { [ANNOTATION]: _, ...annotations } = config.metadata.annotations ?? {}
  const text = JSON.stringify({ ...config, metadata: { ...config.metadata, annotations } })
  object.metadata.annotations = { ...object.metadata.annotations, [ANNOTATION]: `${text}\n` }
}
