import { SECRETS, type Secret } from '@skiff/api'
import type { UserInfo } from '../../http/request-context.ts'
import type { ObjectReader } from '../../registry/resource-definition.ts'
import { bootstrapSecretName, userOfBootstrapSecret } from './bootstrap-secret.ts'
import type { ServiceAccountTokens } from './service-account-tokens.ts'
import { parseToken, TOKEN_NAMESPACE, tokenExpiry, tokenSecretName, userOfTokenSecret } from './token-secret.ts'

/** Who holds so many tokens makes us hash again; nothing worse. */
const REMEMBERED_TOKENS = 1_000

export interface TokenAnswer {
  readonly user: UserInfo
  /** Those of the asked audiences for which the token is good. */
  readonly audiences: readonly string[]
}

export interface TokenAuthenticator {
  /** The audience of this API server itself. */
  readonly ownAudience: string
  /** Whose token it is; undefined when it is nobody's (wrong, expired, its account gone). Default audience: this API server. */
  authenticate(token: string, audiences?: readonly string[]): Promise<TokenAnswer | undefined> | TokenAnswer | undefined
}

export function createTokenAuthenticator(options: {
  readonly objects: ObjectReader
  readonly accounts: ServiceAccountTokens
  readonly clock: () => Date
}): TokenAuthenticator {
  const { objects, accounts, clock } = options
  const users = new SecretUsers(objects)
  return {
    ownAudience: accounts.issuer,
    authenticate(token, audiences = [accounts.issuer]) {
      const now = clock()
      const known = users.known(token, now)
      const own = known === undefined ? parseToken(token) : undefined
      if (known === undefined && own === undefined) return accounts.verify(token, audiences)
      const user = known ?? (own && users.prove(token, own, now))
      return user && audiences.includes(accounts.issuer) ? { user, audiences: [accounts.issuer] } : undefined
    },
  }
}

interface Proven {
  readonly stored: Secret
  readonly user: UserInfo
  readonly expires: number
}

/** The users of tokens that stand in Secrets. What a token was found to be holds as long as its Secret is the same. */
class SecretUsers {
  readonly #objects: ObjectReader
  readonly #proven = new Map<string, Proven>()

  constructor(objects: ObjectReader) {
    this.#objects = objects
  }

  known(token: string, now: Date): UserInfo | undefined {
    const known = this.#proven.get(token)
    const holds = known !== undefined && this.#secret(known.stored.metadata.name) === known.stored
    return holds && known.expires > now.getTime() ? known.user : undefined
  }

  prove(token: string, own: { readonly id: string; readonly secret: string }, now: Date): UserInfo | undefined {
    const proven =
      this.#prove(tokenSecretName(own.id), (stored) => userOfTokenSecret(stored, own, now)) ??
      this.#prove(bootstrapSecretName(own.id), (stored) => userOfBootstrapSecret(stored, own, now))
    if (this.#proven.size >= REMEMBERED_TOKENS) this.#proven.clear()
    if (proven === undefined) this.#proven.delete(token)
    else this.#proven.set(token, proven)
    return proven?.user
  }

  #prove(name: string, userOf: (stored: Secret) => UserInfo | undefined): Proven | undefined {
    const stored = this.#secret(name)
    const user = stored && userOf(stored)
    return stored && user && { stored, user, expires: tokenExpiry(stored) }
  }

  #secret(name: string): Secret | undefined {
    return this.#objects.get<Secret>(SECRETS, { namespace: TOKEN_NAMESPACE, name })
  }
}
