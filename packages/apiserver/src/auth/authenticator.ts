import { ApiError } from '@skiff/api'
import type { Authenticator, Authorizer, Credentials, UserInfo } from '../http/request-context.ts'
import type { CertificateVerifier } from './client-certificate.ts'
import { impersonatedUser } from './impersonation.ts'
import type { TokenAnswer, TokenAuthenticator } from './tokens/token-authenticator.ts'
import { ANONYMOUS, authenticated, SOCKET_OWNER } from './users.ts'

export interface AuthenticatorOptions {
  readonly certificates: CertificateVerifier
  readonly tokens: TokenAuthenticator
  /** Decides who may impersonate whom. */
  readonly authorizer: Authorizer
}

/**
 * Who asks: the unix socket's owner, a client certificate's subject, a bearer token's user, in this order; then
 * whom they impersonate. No credentials at all is undefined (anonymous); credentials that don't hold are a 401.
 */
export function createAuthenticator({ certificates, tokens, authorizer }: AuthenticatorOptions): Authenticator {
  return {
    authenticate(credentials) {
      const impersonated = (user: UserInfo | undefined) =>
        impersonatedUser(user ?? ANONYMOUS, credentials.headers, authorizer) ?? user
      const user = ownUser(credentials, certificates, tokens)
      return user instanceof Promise ? user.then(impersonated) : impersonated(user)
    },
  }
}

function ownUser(
  credentials: Credentials,
  certificates: CertificateVerifier,
  tokens: TokenAuthenticator,
): Promise<UserInfo> | UserInfo | undefined {
  if (credentials.trustedPeer) return SOCKET_OWNER
  if (credentials.peerCertificate !== undefined) return authenticated(certificates.userOf(credentials.peerCertificate))
  const { authorization } = credentials.headers
  if (authorization === undefined || authorization === '') return undefined
  const token = bearerToken(authorization)
  const answer = token === undefined ? undefined : tokens.authenticate(token)
  return answer instanceof Promise ? answer.then(userOf) : userOf(answer)
}

function userOf(answer: TokenAnswer | undefined): UserInfo {
  if (answer === undefined) throw unauthorized()
  return authenticated(answer.user)
}

function bearerToken(authorization: string): string | undefined {
  return /^bearer +(\S+)$/i.exec(authorization.trim())?.[1]
}

/** Deliberately says no more: upstream's words. */
export function unauthorized(): ApiError {
  return new ApiError('Unauthorized', 'Unauthorized')
}
