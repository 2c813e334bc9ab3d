import type { Secret } from '@skiff/api'
import type { UserInfo } from '../../http/request-context.ts'
import { BOOTSTRAP_USER_PREFIX, BOOTSTRAPPERS_GROUP } from '../users.ts'
import { field, sameSecret, tokenHasExpired } from './token-secret.ts'

/** As kubeadm and others make them by hand; `skiff token create` makes none, because the secret stands in them as it is. */
const BOOTSTRAP_SECRET_TYPE = 'bootstrap.kubernetes.io/token'

export function bootstrapSecretName(id: string): string {
  return `bootstrap-token-${id}`
}

/** The user of upstream's bootstrap token, when it may be used to authenticate and its secret part is right. */
export function userOfBootstrapSecret(
  stored: Secret,
  presented: { readonly id: string; readonly secret: string },
  now: Date,
): UserInfo | undefined {
  const usable = field(stored, 'usage-bootstrap-authentication') === 'true' && field(stored, 'token-id') === presented.id
  if (stored.type !== BOOTSTRAP_SECRET_TYPE || !usable || tokenHasExpired(stored, now)) return undefined
  const secret = field(stored, 'token-secret') ?? ''
  if (secret === '' || !sameSecret(secret, presented.secret)) return undefined
  return { name: BOOTSTRAP_USER_PREFIX + presented.id, groups: [BOOTSTRAPPERS_GROUP, ...extraGroups(stored)] }
}

/** Only below `system:bootstrappers:`: a Secret must not make anybody a master. */
function extraGroups(stored: Secret): string[] {
  const groups = (field(stored, 'auth-extra-groups') ?? '').split(',').map((group) => group.trim())
  return groups.filter((group) => /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/.test(group))
}
