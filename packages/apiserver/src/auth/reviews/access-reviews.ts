import {
  type FieldError,
  type FieldRequirement,
  invalid,
  invalidObject,
  type KindInfo,
  type KubeObject,
  parseFieldSelector,
  SUBJECT_ACCESS_REVIEWS,
} from '@skiff/api'
import type { AccessAttributes, UserInfo } from '../../http/request-context.ts'
import type { VirtualResource } from '../../registry/resource-definition.ts'
import { NO_ATTRIBUTES } from '../no-attributes.ts'
import { isNode } from '../node/node-authorizer.ts'
import type { RbacAuthorizer } from '../rbac/rbac-authorizer.ts'
import { LOCAL_SUBJECT_ACCESS_REVIEWS, SELF_SUBJECT_ACCESS_REVIEWS, SELF_SUBJECT_RULES_REVIEWS } from './review-kinds.ts'

interface AccessSpec {
  readonly resourceAttributes?: Partial<
    Record<'namespace' | 'verb' | 'group' | 'version' | 'resource' | 'subresource' | 'name', string>
  > & { readonly fieldSelector?: FieldSelector }
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string }
  readonly user?: string
  readonly uid?: string
  readonly groups?: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

/** One of the two: as the text of a query, or taken apart. */
interface FieldSelector {
  readonly rawSelector?: string
  readonly requirements?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[]
}

/** "May I", "may they", "what may I": authorization.k8s.io/v1. */
export function accessReviews(authorizer: RbacAuthorizer): readonly VirtualResource[] {
  return [
    {
      info: SELF_SUBJECT_ACCESS_REVIEWS,
      async create(object, { user }) {
        const spec = specOf(object)
        refuseIfInvalid(SELF_SUBJECT_ACCESS_REVIEWS, attributeProblems(spec))
        return answered(object, accessStatus(authorizer, user, spec))
      },
    },
    {
      info: SUBJECT_ACCESS_REVIEWS,
      async create(object) {
        const spec = specOf(object)
        refuseIfInvalid(SUBJECT_ACCESS_REVIEWS, [...attributeProblems(spec), ...subjectProblems(spec)])
        return answered(object, accessStatus(authorizer, subjectOf(spec), spec))
      },
    },
    {
      info: LOCAL_SUBJECT_ACCESS_REVIEWS,
      async create(object, { namespace }) {
        const spec = specOf(object)
        refuseIfInvalid(LOCAL_SUBJECT_ACCESS_REVIEWS, [
          ...attributeProblems(spec),
          ...subjectProblems(spec),
          ...localProblems(spec, namespace),
        ])
        return answered(object, accessStatus(authorizer, subjectOf(spec), spec))
      },
    },
    {
      info: SELF_SUBJECT_RULES_REVIEWS,
      async create(object, { user }) {
        const { namespace = '' } = specOf(object) as { namespace?: string }
        if (namespace === '') {
          refuseIfInvalid(SELF_SUBJECT_RULES_REVIEWS, [invalid('spec.namespace', '', 'no namespace on request')])
        }
        return answered(object, rulesStatus(authorizer, user, namespace))
      },
    },
  ]
}

function specOf(object: KubeObject): AccessSpec {
  return (object.spec ?? {}) as AccessSpec
}

function answered(object: KubeObject, status: object): object {
  return { ...object, status }
}

function accessStatus(authorizer: RbacAuthorizer, user: UserInfo, spec: AccessSpec): object {
  const { allowed, reason } = authorizer.authorize(user, attributesOf(spec))
  return { allowed, ...(reason === '' ? {} : { reason }) }
}

function attributesOf({ resourceAttributes, nonResourceAttributes }: AccessSpec): AccessAttributes {
  if (resourceAttributes !== undefined) {
    const { fieldSelector, ...rest } = resourceAttributes
    return { ...NO_ATTRIBUTES, ...rest, isResource: true, fields: fieldSelector === undefined ? [] : fieldsOf(fieldSelector) }
  }
  return { ...NO_ATTRIBUTES, ...nonResourceAttributes }
}

/** What can't be told as equal or unequal to one value restricts nothing, so it allows no more. */
function fieldsOf({ rawSelector = '', requirements = [] }: FieldSelector): readonly FieldRequirement[] {
  if (rawSelector !== '') return parseFieldSelector(rawSelector)
  return requirements.flatMap(({ key, operator, values = [] }) => {
    const [value] = values
    if (value === undefined || values.length !== 1 || (operator !== 'In' && operator !== 'NotIn')) return []
    return [{ field: key, operator: operator === 'In' ? '=' : '!=', value }]
  })
}

function subjectOf({ user = '', uid, groups = [], extra }: AccessSpec): UserInfo {
  return { name: user, groups, ...(uid === undefined ? {} : { uid }), ...(extra === undefined ? {} : { extra }) }
}

function rulesStatus(authorizer: RbacAuthorizer, user: UserInfo, namespace: string): object {
  const rules = authorizer.rulesOfUser(user, namespace)
  const pick = (fields: readonly string[], rule: object) =>
    Object.fromEntries(Object.entries(rule).filter(([field]) => fields.includes(field)))
  return {
    resourceRules: rules
      .filter((rule) => (rule.resources ?? []).length > 0)
      .map((rule) => pick(['verbs', 'apiGroups', 'resources', 'resourceNames'], rule)),
    nonResourceRules: rules
      .filter((rule) => (rule.nonResourceURLs ?? []).length > 0)
      .map((rule) => pick(['verbs', 'nonResourceURLs'], rule)),
    incomplete: isNode(user),
    ...(isNode(user) ? { evaluationError: 'node authorizer does not support user rule resolution' } : {}),
  }
}

function attributeProblems({ resourceAttributes, nonResourceAttributes }: AccessSpec): FieldError[] {
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) {
    return [
      invalid('spec.nonResourceAttributes', nonResourceAttributes, 'cannot be specified in combination with resourceAttributes'),
    ]
  }
  if (resourceAttributes === undefined && nonResourceAttributes === undefined) {
    // Upstream prints the absent pointer as the string "null".
    return [
      invalid('spec.resourceAttributes', 'null', 'exactly one of nonResourceAttributes or resourceAttributes must be specified'),
    ]
  }
  return []
}

function subjectProblems({ user = '', groups = [] }: AccessSpec): FieldError[] {
  return user === '' && groups.length === 0 ? [invalid('spec.user', '', 'at least one of user or group must be specified')] : []
}

function localProblems({ resourceAttributes, nonResourceAttributes }: AccessSpec, namespace: string): FieldError[] {
  if (nonResourceAttributes !== undefined) {
    return [invalid('spec.nonResourceAttributes', nonResourceAttributes, 'disallowed on this kind of request')]
  }
  if (resourceAttributes !== undefined && (resourceAttributes.namespace ?? '') !== namespace) {
    return [invalid('spec.resourceAttributes.namespace', resourceAttributes.namespace ?? '', 'must match metadata.namespace')]
  }
  return []
}

/** Upstream leaves the kind out of these reviews' refusals. */
function refuseIfInvalid(info: KindInfo, problems: readonly FieldError[]): void {
  if (problems.length > 0) throw invalidObject({ group: info.group, kind: '' }, '', problems)
}
