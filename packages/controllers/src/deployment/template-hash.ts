import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { PodTemplateSpec } from '@skiff/api'

export const TEMPLATE_HASH_LABEL = 'pod-template-hash'

/** The letters of generated names: no vowels and nothing that looks like another letter. */
const LETTERS = 'bcdfghjklmnpqrstvwxz2456789'
const HASH_LENGTH = 10

/** The same for the same template, so that a controller that runs twice makes one ReplicaSet. `collisions` makes it another. */
export function templateHash(template: PodTemplateSpec, collisions = 0): string {
  const digest = createHash('sha256')
    .update(`${collisions}\n${canonicalJson(template)}`)
    .digest()
  return [...digest.subarray(0, HASH_LENGTH)].map((byte) => LETTERS[byte % LETTERS.length]).join('')
}

/** Whether two templates are the same but for the hash label. */
export function sameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return isDeepStrictEqual(withoutHash(a), withoutHash(b))
}

function withoutHash(template: PodTemplateSpec | undefined): unknown {
  const { [TEMPLATE_HASH_LABEL]: _, ...labels } = template?.metadata?.labels ?? {}
  const { creationTimestamp: __, ...metadata } = template?.metadata ?? {}
  return { spec: template?.spec, metadata: { ...metadata, labels } }
}

/** JSON with sorted keys: equal values give equal text. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (part === null || typeof part !== 'object' || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}
