/** Who asks, and what they may: see docs/pod-flow.md for where this stands in a request's life. */

import { NODES } from '@skiff/api'
import type { Store } from '@skiff/store'
import type { Authenticator } from '../http/request-context.ts'
import type { ObjectReader, VirtualResource } from '../registry/resource-definition.ts'
import type { TokenRequests } from '../verbs/subresources.ts'
import { createAuthenticator } from './authenticator.ts'
import { createCertificateVerifier } from './client-certificate.ts'
import { authorizeNodes } from './node/node-authorizer.ts'
import { createRbacAuthorizer, type RbacAuthorizer } from './rbac/rbac-authorizer.ts'
import { accessReviews } from './reviews/access-reviews.ts'
import { authenticationReviews } from './reviews/authentication-reviews.ts'
import { createServiceAccountTokens, type ServiceAccountTokens } from './tokens/service-account-tokens.ts'
import { createTokenAuthenticator } from './tokens/token-authenticator.ts'
import { requestToken } from './tokens/token-request.ts'

export { auditedAuthorizer } from './audit.ts'
export { defaultClusterRoleBindings, defaultClusterRoles } from './rbac/default-roles.ts'
export type { RbacAuthorizer } from './rbac/rbac-authorizer.ts'
export type { ServiceAccountTokens } from './tokens/service-account-tokens.ts'
export { newToken, TOKEN_NAMESPACE, TOKEN_SECRET_TYPE, type TokenUsage, tokenHasExpired } from './tokens/token-secret.ts'

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
  readonly tokenRequests: TokenRequests
}

export function createAuth(options: AuthOptions): Auth {
  const { objects, store, clock, signal } = options
  const issuer = `https://kubernetes.default.svc.${options.clusterDomain}`
  const serviceAccountTokens = createServiceAccountTokens({ privateKeyPem: options.serviceAccountKeyPem, issuer, objects, clock })
  const tokens = createTokenAuthenticator({ objects, accounts: serviceAccountTokens, clock })
  const nodeExists = (name: string) => objects.get(NODES, { name }) !== undefined
  const certificates = createCertificateVerifier({ authorityPem: options.authorityPem, nodeExists, clock })
  const authorizer = authorizeNodes(createRbacAuthorizer({ objects, store, signal }), { objects, store, signal })
  return {
    authenticator: createAuthenticator({ certificates, tokens, authorizer }),
    authorizer,
    serviceAccountTokens,
    virtualResources: [...accessReviews(authorizer), ...authenticationReviews(tokens)],
    tokenRequests: (tokenRequest, call) => requestToken(tokenRequest, call, { objects, tokens: serviceAccountTokens }),
  }
}
