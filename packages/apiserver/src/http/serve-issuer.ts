/** How others verify service-account tokens without asking us: OpenID Connect discovery, and the public keys. */

import type { ServiceAccountTokens } from '../auth/index.ts'
import { type HttpAnswer, jsonAnswer, textAnswer } from './http-answer.ts'
import { parseAccept } from './negotiation.ts'

export const DISCOVERY_PATH = '/.well-known/openid-configuration'
export const KEYS_PATH = '/openid/v1/jwks'

const KEY_SET_TYPE = 'application/jwk-set+json'
const CACHED = { 'cache-control': 'public, max-age=3600' }

export type TokenIssuer = Pick<ServiceAccountTokens, 'issuer' | 'keySet'>

/** Undefined: the path is neither. */
export async function serveIssuer(
  path: string,
  accept: string | undefined,
  { issuer, keySet }: TokenIssuer,
): Promise<HttpAnswer | undefined> {
  switch (path) {
    case DISCOVERY_PATH:
      return accepted(accept, 'application/json') ?? jsonAnswer(200, discoveryDocument(issuer), CACHED)
    case KEYS_PATH:
      return accepted(accept, KEY_SET_TYPE) ?? jsonAnswer(200, await keySet(), { ...CACHED, 'content-type': KEY_SET_TYPE })
    default:
      return undefined
  }
}

function discoveryDocument(issuer: string): object {
  return {
    issuer,
    jwks_uri: issuer + KEYS_PATH,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
  }
}

/** A refusal for who reads nothing of this type. */
function accepted(accept: string | undefined, type: string): HttpAnswer | undefined {
  if (accept === undefined || accept === '') return undefined
  const offered = new Set([type, 'application/*', '*/*'])
  if (parseAccept(accept).some((media) => offered.has(media.type))) return undefined
  return textAnswer(406, `406: Not Acceptable\n\nAvailable representations: ${type}`)
}
