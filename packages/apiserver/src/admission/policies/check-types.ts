import { apiVersionOf, type KindInfo, path, schemaOf, type ValidatingAdmissionPolicy } from '@skiff/api'
import type { CelType } from '../../cel/index.ts'
import type { Registry } from '../../registry/registry.ts'
import { PolicyCompiler } from './compile-policy.ts'
import { celTypeOfSchema } from './object-types.ts'

export interface ExpressionWarning {
  readonly fieldRef: string
  readonly warning: string
}

/** Upstream checks so many kinds at most. */
const MOST_KINDS = 10

/** Expressions that don't fit the kinds which the policy names: its status shows them, it is in force all the same. */
export function checkTypes({ spec }: ValidatingAdmissionPolicy, registry: Registry): ExpressionWarning[] {
  const kinds = kindsNamed(spec.matchConstraints, registry)
  const params = paramsType(spec.paramKind, registry)
  const compilers = kinds.flatMap((info) => {
    const object = typeOf(info, registry)
    const known = { ...(object === undefined ? {} : { object }), ...(params === undefined ? {} : { params }) }
    return object === undefined ? [] : [{ info, compiler: new PolicyCompiler(spec, known) }]
  })
  const check = (expression: string, fieldRef: string): ExpressionWarning[] => {
    const problems = compilers.flatMap(({ info, compiler }) => {
      const compiled = compiler.compile(expression)
      return compiled.ok ? [] : [`${apiVersionOf(info)}, Kind=${info.kind}: ${compiled.message}\n`]
    })
    return problems.length === 0 ? [] : [{ fieldRef, warning: problems.join('\n') }]
  }
  return (spec.validations ?? []).flatMap(({ expression, messageExpression }, index) => {
    const at = path('spec', 'validations').index(index)
    const message = messageExpression ? check(messageExpression, String(at.child('messageExpression'))) : []
    return [...check(expression, String(at.child('expression'))), ...message]
  })
}

/** Kinds that rules name without a star. */
function kindsNamed(matching: ValidatingAdmissionPolicy['spec']['matchConstraints'], registry: Registry): KindInfo[] {
  const named = new Set<KindInfo>()
  for (const { apiGroups = [], apiVersions = [], resources = [] } of matching?.resourceRules ?? []) {
    for (const { info } of registry.all()) {
      if (apiGroups.includes(info.group) && apiVersions.includes(info.version) && resources.includes(info.resource))
        named.add(info)
    }
  }
  return [...named].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1)).slice(0, MOST_KINDS)
}

function sortKey({ group, version, kind }: KindInfo): string {
  return `${group}/${version}/${kind}`
}

function paramsType(paramKind: ValidatingAdmissionPolicy['spec']['paramKind'], registry: Registry): CelType | undefined {
  const kind = paramKind ? registry.findKind(paramKind.apiVersion ?? '', paramKind.kind ?? '') : undefined
  return kind && typeOf(kind.info, registry)
}

function typeOf(info: KindInfo, registry: Registry): CelType | undefined {
  const schema = registry.find(info)?.definition.custom?.schema ?? schemaOf(info.group, info.version, info.kind)
  return schema && celTypeOfSchema(schema)
}
