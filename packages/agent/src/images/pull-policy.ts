import type { ImageRequest } from '../runtime/runtime.ts'

/** As the API has filled it in; a static pod's may be missing. */
export function pullPolicyOf(policy: string | undefined): ImageRequest['pullPolicy'] {
  return policy === 'Always' || policy === 'Never' ? policy : 'IfNotPresent'
}
