/** What expressions of webhooks and policies may name, and what stands behind the names for one request. */

import type { KubeObject, Namespace } from '@skiff/api'
import { type CelObject, type CelType, CelValue, celValue } from '../../cel/index.ts'
import type { AccessAttributes, AccessDecision, UserInfo } from '../../http/request-context.ts'
import type { Reviewed } from '../matching/reviewed.ts'
import { requestAttributes } from '../webhooks/review.ts'
import { AUTHORIZER_TYPE, AuthorizerValue } from './authorizer-library.ts'

export interface Subject {
  readonly asked: Reviewed
  readonly shown: Reviewed
  readonly params?: KubeObject | undefined
  readonly namespaceObject?: Namespace | undefined
}

export type Authorize = (user: UserInfo, attributes: AccessAttributes) => AccessDecision

const objectOf = (fields: Readonly<Record<string, CelType>>): CelObject => ({
  kind: 'object',
  plainNames: true,
  fields: new Map(Object.entries(fields)),
})

const KIND = objectOf({ group: 'string', version: 'string', kind: 'string' })
const RESOURCE = objectOf({ group: 'string', version: 'string', resource: 'string' })
const USER = objectOf({
  username: 'string',
  uid: 'string',
  groups: { kind: 'list', items: 'string' },
  extra: { kind: 'map', values: { kind: 'list', items: 'string' } },
})

/** The AdmissionRequest without its objects: a field that it hasn't got is a mistake in the expression. */
const REQUEST = objectOf({
  kind: KIND,
  resource: RESOURCE,
  subResource: 'string',
  requestKind: KIND,
  requestResource: RESOURCE,
  requestSubResource: 'string',
  name: 'string',
  namespace: 'string',
  operation: 'string',
  userInfo: USER,
  dryRun: 'bool',
  options: 'dyn',
})

/** For expressions in match conditions of webhooks; policies have more. */
export const REQUEST_VARIABLES: Readonly<Record<string, CelType>> = {
  object: 'dyn',
  oldObject: 'dyn',
  request: REQUEST,
  authorizer: AUTHORIZER_TYPE,
}

export const POLICY_VARIABLES: Readonly<Record<string, CelType>> = {
  ...REQUEST_VARIABLES,
  namespaceObject: 'dyn',
}

/** Made once for all expressions about a request. */
export function bindingsOf({ asked, shown, params, namespaceObject }: Subject, authorize: Authorize): Record<string, unknown> {
  return {
    object: celValue(shown.object ?? null),
    oldObject: celValue(shown.old ?? null),
    request: withEmptyFields(requestAttributes(asked, shown)),
    params: celValue(params ?? null),
    namespaceObject: celValue(namespaceObject ?? null),
    authorizer: new CelValue(new AuthorizerValue(shown.user, authorize, shown)),
  }
}

/** Of what stands in the wire form only when it says something, expressions may ask all the same. */
function withEmptyFields(request: object): object {
  return { subResource: '', requestSubResource: '', name: '', namespace: '', ...request }
}
