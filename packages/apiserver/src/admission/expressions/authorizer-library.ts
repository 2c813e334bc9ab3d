/** `authorizer` in expressions: asks whether somebody may do something (k8s.io/apiserver/pkg/cel/library/authz.go). */

import type { Environment } from '@marcbachmann/cel-js'
import { NO_ATTRIBUTES } from '../../auth/no-attributes.ts'
import { serviceAccountGroups, serviceAccountUserName } from '../../auth/users.ts'
import type { CelType } from '../../cel/index.ts'
import type { AccessAttributes, AccessDecision, UserInfo } from '../../http/request-context.ts'
import type { Reviewed } from '../matching/reviewed.ts'
import type { Authorize } from './variables.ts'

const AUTHORIZER = 'kubernetes.authorization.Authorizer'
const PATH_CHECK = 'kubernetes.authorization.PathCheck'
const GROUP_CHECK = 'kubernetes.authorization.GroupCheck'
const RESOURCE_CHECK = 'kubernetes.authorization.ResourceCheck'
const DECISION = 'kubernetes.authorization.Decision'

export const AUTHORIZER_TYPE: CelType = { kind: 'opaque', name: AUTHORIZER }

export class AuthorizerValue {
  readonly user: UserInfo
  readonly ask: Authorize
  /** What the request itself is about. */
  readonly requestResource: ResourceCheck

  constructor(user: UserInfo, ask: Authorize, reviewed: Reviewed) {
    this.user = user
    this.ask = ask
    const { info, subresource, namespace, name } = reviewed
    const { group, version, resource } = info
    this.requestResource = new ResourceCheck(this, { ...RESOURCE, group, version, resource, subresource, namespace, name })
  }

  as(user: UserInfo): AuthorizerValue {
    const other = Object.create(this, { user: { value: user, enumerable: true } }) as AuthorizerValue
    return other
  }
}

const RESOURCE: AccessAttributes = { ...NO_ATTRIBUTES, isResource: true, version: '*' }

class PathCheck {
  readonly authorizer: AuthorizerValue
  readonly path: string
  constructor(authorizer: AuthorizerValue, path: string) {
    this.authorizer = authorizer
    this.path = path
  }
}

class GroupCheck {
  readonly authorizer: AuthorizerValue
  readonly group: string
  constructor(authorizer: AuthorizerValue, group: string) {
    this.authorizer = authorizer
    this.group = group
  }
}

class ResourceCheck {
  readonly authorizer: AuthorizerValue
  readonly attributes: AccessAttributes
  constructor(authorizer: AuthorizerValue, attributes: AccessAttributes) {
    this.authorizer = authorizer
    this.attributes = attributes
  }

  with(change: Partial<AccessAttributes>): ResourceCheck {
    return new ResourceCheck(this.authorizer, { ...this.attributes, ...change })
  }
}

class Decision {
  readonly decision: AccessDecision
  constructor(decision: AccessDecision) {
    this.decision = decision
  }
}

export function registerAuthorizer(environment: Environment): void {
  environment
    .registerType(DECISION, { ctor: Decision, fields: {} })
    .registerType(PATH_CHECK, { ctor: PathCheck, fields: {} })
    .registerType(RESOURCE_CHECK, { ctor: ResourceCheck, fields: {} })
    .registerType(GROUP_CHECK, { ctor: GroupCheck, fields: {} })
    .registerType(AUTHORIZER, { ctor: AuthorizerValue, fields: { requestResource: RESOURCE_CHECK } })
  registerChecks(environment)
  registerDecisions(environment)
}

function registerChecks(environment: Environment): void {
  environment
    .registerFunction(`${AUTHORIZER}.path(string): ${PATH_CHECK}`, (authorizer: AuthorizerValue, path: string) => {
      return new PathCheck(authorizer, path)
    })
    .registerFunction(`${AUTHORIZER}.group(string): ${GROUP_CHECK}`, (authorizer: AuthorizerValue, group: string) => {
      return new GroupCheck(authorizer, group)
    })
    .registerFunction(
      `${AUTHORIZER}.serviceAccount(string, string): ${AUTHORIZER}`,
      (authorizer: AuthorizerValue, namespace: string, name: string) => {
        const groups = [...serviceAccountGroups(namespace), 'system:authenticated']
        return authorizer.as({ name: serviceAccountUserName(namespace, name), groups })
      },
    )
    .registerFunction(`${GROUP_CHECK}.resource(string): ${RESOURCE_CHECK}`, (check: GroupCheck, resource: string) => {
      return new ResourceCheck(check.authorizer, { ...RESOURCE, group: check.group, resource })
    })
  for (const part of ['subresource', 'namespace', 'name'] as const) {
    environment.registerFunction(
      `${RESOURCE_CHECK}.${part}(string): ${RESOURCE_CHECK}`,
      (check: ResourceCheck, value: string) => {
        return check.with({ [part]: value })
      },
    )
  }
  // What is restricted to a selection is never granted more widely here than without it.
  for (const part of ['fieldSelector', 'labelSelector']) {
    environment.registerFunction(`${RESOURCE_CHECK}.${part}(string): ${RESOURCE_CHECK}`, (check: ResourceCheck) => check)
  }
}

function registerDecisions(environment: Environment): void {
  environment
    .registerFunction(
      `${RESOURCE_CHECK}.check(string): ${DECISION}`,
      ({ authorizer, attributes }: ResourceCheck, verb: string) => {
        return new Decision(authorizer.ask(authorizer.user, { ...attributes, verb }))
      },
    )
    .registerFunction(`${PATH_CHECK}.check(string): ${DECISION}`, ({ authorizer, path }: PathCheck, verb: string) => {
      return new Decision(authorizer.ask(authorizer.user, { ...NO_ATTRIBUTES, isResource: false, path, verb }))
    })
    .registerFunction(`${DECISION}.allowed(): bool`, ({ decision }: Decision) => decision.allowed)
    .registerFunction(`${DECISION}.reason(): string`, ({ decision }: Decision) => decision.reason)
    .registerFunction(`${DECISION}.errored(): bool`, () => false)
    .registerFunction(`${DECISION}.error(): string`, () => '')
}
