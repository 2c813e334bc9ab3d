/** Who asks, and what they may: see docs/pod-flow.md for where this stands in a request's life. */

import type { KubeObject } from '@skiff/api'
import type { Store } from '@skiff/store'
import type { Authenticator } from '../http/request-context.ts'
import type { ObjectReader, VirtualResource } from '../registry/resource-definition.ts'
import { createAuthenticator } from './authenticator.ts'
import { createCertificateVerifier } from './client-certificate.ts'
import { createRbacAuthorizer, type RbacAuthorizer } from './rbac/rbac-authorizer.ts'
import { accessReviews } from './reviews/access-reviews.ts'
import { authenticationReviews } from './reviews/authentication-reviews.ts'
import { createServiceAccountTokens, type ServiceAccountTokens } from './tokens/service-account-tokens.ts'
import { createTokenAuthenticator } from './tokens/token-authenticator.ts'
import { requestToken, type TokenRequestCall } from './tokens/token-request.ts'

export { forbiddenAccess } from './forbidden.ts'
export { defaultClusterRoleBindings, defaultClusterRoles } from './rbac/default-roles.ts'
export { refuseEscalation } from './rbac/escalation.ts'
export { createRbacAuthorizer, type RbacAuthorizer } from './rbac/rbac-authorizer.ts'
export { newToken, TOKEN_NAMESPACE, TOKEN_SECRET_TYPE, type TokenUsage, tokenHasExpired } from './tokens/token-secret.ts'
export { ANONYMOUS, isMaster, nodeNameOf } from './users.ts'

export interface AuthOptions {
  readonly store: Store
  readonly objects: ObjectReader
  /** PEM of the authority that signs client certificates. */
  readonly authorityPem: string
  /** PKCS#8 PEM of the RSA key that signs service-account tokens. */
  readonly serviceAccountKeyPem: string
  readonly clusterDomain: string
  readonly clock: () => Date
  /** Ends the watch of roles and bindings. */
  readonly signal: AbortSignal
}

export interface Auth {
  readonly authenticator: Authenticator
  readonly authorizer: RbacAuthorizer
  readonly serviceAccountTokens: ServiceAccountTokens
  /** Reviews: answered, never stored. */
  readonly virtualResources: readonly VirtualResource[]
  /** `serviceaccounts/token` */
  readonly tokenRequests: (object: KubeObject, call: TokenRequestCall) => Promise<object>
}

export function createAuth(options: AuthOptions): Auth {
  const { objects, store, clock, signal } = options
  const issuer = `https://kubernetes.default.svc.${options.clusterDomain}`
  const serviceAccountTokens = createServiceAccountTokens({ privateKeyPem: options.serviceAccountKeyPem, issuer, objects, clock })
  const tokens = createTokenAuthenticator({ objects, accounts: serviceAccountTokens, clock })
  const certificates = createCertificateVerifier(options.authorityPem, clock)
  const authorizer = createRbacAuthorizer({ objects, store, signal })
  return {
    authenticator: createAuthenticator({ certificates, tokens, authorizer }),
    authorizer,
    serviceAccountTokens,
    virtualResources: [...accessReviews(authorizer), ...authenticationReviews(tokens)],
    tokenRequests: (object, call) => requestToken(object, call, { objects, tokens: serviceAccountTokens }),
  }
}
