import { SECRETS, type Secret } from '@skiff/api'
import type { UserInfo } from '../../http/request-context.ts'
import type { ObjectReader } from '../../registry/resource-definition.ts'
import { bootstrapSecretName, userOfBootstrapSecret } from './bootstrap-secret.ts'
import type { ServiceAccountTokens } from './service-account-tokens.ts'
import { parseToken, TOKEN_NAMESPACE, tokenSecretName, userOfTokenSecret } from './token-secret.ts'

export interface TokenAnswer {
  readonly user: UserInfo
  /** Those of the asked audiences for which the token is good. */
  readonly audiences: readonly string[]
}

export interface TokenAuthenticator {
  /** The audience of this API server itself. */
  readonly ownAudience: string
  /** Whose token it is; undefined when it is nobody's (wrong, expired, its account gone). Default audience: this API server. */
  authenticate(token: string, audiences?: readonly string[]): Promise<TokenAnswer | undefined>
}

export function createTokenAuthenticator(options: {
  readonly objects: ObjectReader
  readonly accounts: ServiceAccountTokens
  readonly clock: () => Date
}): TokenAuthenticator {
  const { objects, accounts, clock } = options
  return {
    ownAudience: accounts.issuer,
    async authenticate(token, audiences = [accounts.issuer]) {
      const own = parseToken(token)
      if (own === undefined) return accounts.verify(token, audiences)
      const find = (name: string) => objects.get<Secret>(SECRETS, { namespace: TOKEN_NAMESPACE, name })
      const stored = find(tokenSecretName(own.id))
      const bootstrap = find(bootstrapSecretName(own.id))
      const user =
        (stored && userOfTokenSecret(stored, own, clock())) ?? (bootstrap && userOfBootstrapSecret(bootstrap, own, clock()))
      return user && audiences.includes(accounts.issuer) ? { user, audiences: [accounts.issuer] } : undefined
    },
  }
}
