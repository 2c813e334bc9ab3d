import {
  duplicate,
  type FieldError,
  type FieldPath,
  invalid,
  path,
  required,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
} from '@skiff/api'
import { PolicyCompiler } from '../../admission/policies/compile-policy.ts'
import { compileMutation } from '../../admission/policies/mutating-policies.ts'
import { validateChoice } from '../validate-choice.ts'
import { validateLabelSelector } from '../validate-selector.ts'
import { validateMatchConditions } from './validate-match-conditions.ts'
import { validateRule } from './validate-rule.ts'

/** Validating and mutating policies alike. */
export type AdmissionPolicy = ValidatingAdmissionPolicy & {
  spec: ValidatingAdmissionPolicy['spec'] & { mutations?: readonly Mutation[]; reinvocationPolicy?: string }
}

interface Mutation {
  readonly patchType?: string
  readonly jsonPatch?: { readonly expression?: string }
  readonly applyConfiguration?: { readonly expression?: string }
}

type Matching = NonNullable<ValidatingAdmissionPolicy['spec']['matchConstraints']>

export function validateValidatingPolicy(policy: AdmissionPolicy): FieldError[] {
  const field = path('spec')
  const { validations = [], auditAnnotations = [] } = policy.spec
  const errors = validateCommon(policy, field)
  if (validations.length === 0 && auditAnnotations.length === 0) {
    const detail = 'validations or auditAnnotations must contain at least one item'
    errors.push(required(field.child('validations'), detail), required(field.child('auditAnnotations'), detail))
  }
  const check = expressionCheck(policy)
  for (const [index, { expression, messageExpression }] of validations.entries()) {
    const at = field.child('validations').index(index)
    errors.push(...check(expression, at.child('expression'), 'bool'))
    if (messageExpression?.trim()) errors.push(...check(messageExpression, at.child('messageExpression'), 'string'))
  }
  for (const [index, { key, valueExpression }] of auditAnnotations.entries()) {
    const at = field.child('auditAnnotations').index(index)
    if (!key) errors.push(required(at.child('key')))
    errors.push(...check(valueExpression, at.child('valueExpression')))
  }
  return errors
}

type ExpressionCheck = (expression: string | undefined, field: FieldPath, resultType?: 'bool' | 'string') => FieldError[]

/** Checks expressions as they will be compiled: with the policy's parameters and variables. */
function expressionCheck({ spec }: AdmissionPolicy): ExpressionCheck {
  const compiler = new PolicyCompiler(spec)
  return (expression, field, resultType) => {
    if (!expression?.trim()) return [required(field, `${String(field).split('.').at(-1)} is not specified`)]
    const compiled = compiler.compile(expression, resultType)
    return compiled.ok ? [] : [invalid(field, expression, `compilation failed: ${compiled.message}`)]
  }
}

const CEL_IDENTIFIER = /^[_a-zA-Z][_a-zA-Z0-9]*$/

function validateVariables(policy: AdmissionPolicy, field: FieldPath): FieldError[] {
  const variables = policy.spec.variables ?? []
  const names = new Set<string>()
  return variables.flatMap(({ name = '', expression }, index) => {
    const at = field.index(index)
    const before = { ...policy, spec: { ...policy.spec, variables: variables.slice(0, index) } }
    const errors = expressionCheck(before)(expression, at.child('expression'))
    if (!name.trim()) errors.push(required(at.child('name'), 'name is not specified'))
    else if (!CEL_IDENTIFIER.test(name)) errors.push(invalid(at.child('name'), name, 'name is not a valid CEL identifier'))
    if (names.has(name)) errors.push(duplicate(at.child('name'), name))
    names.add(name)
    return errors
  })
}

export function validateMutatingPolicy(policy: AdmissionPolicy): FieldError[] {
  const field = path('spec')
  const mutations = policy.spec.mutations ?? []
  const errors = validateCommon(policy, field)
  if (mutations.length === 0) errors.push(required(field.child('mutations'), 'mutations must contain at least one item'))
  errors.push(
    ...validateChoice(policy.spec.reinvocationPolicy, ['IfNeeded', 'Never'], field.child('reinvocationPolicy')),
    ...mutations.flatMap((mutation, index) => validateMutation(mutation, field.child('mutations').index(index))),
  )
  const compiler = new PolicyCompiler(policy.spec)
  for (const [index, mutation] of mutations.entries()) {
    const expression = mutation.applyConfiguration?.expression ?? mutation.jsonPatch?.expression
    if (!expression) continue
    const compiled = compileMutation(compiler, mutation)
    const at = field
      .child('mutations')
      .index(index)
      .child(mutation.jsonPatch ? 'jsonPatch' : 'applyConfiguration', 'expression')
    if (!compiled.ok) errors.push(invalid(at, expression, `compilation failed: ${compiled.message}`))
  }
  return errors
}

function validateMutation({ patchType, jsonPatch, applyConfiguration }: Mutation, field: FieldPath): FieldError[] {
  const errors = validateChoice(patchType, ['ApplyConfiguration', 'JSONPatch'], field.child('patchType'))
  if (patchType === 'JSONPatch' && !jsonPatch?.expression) errors.push(required(field.child('jsonPatch', 'expression')))
  if (patchType === 'ApplyConfiguration' && !applyConfiguration?.expression) {
    errors.push(required(field.child('applyConfiguration', 'expression')))
  }
  return errors
}

function validateCommon(policy: AdmissionPolicy, field: FieldPath): FieldError[] {
  const { failurePolicy, paramKind, matchConstraints } = policy.spec
  return [
    ...validateChoice(failurePolicy, ['Fail', 'Ignore'], field.child('failurePolicy')),
    ...(paramKind && !paramKind.apiVersion ? [required(field.child('paramKind', 'apiVersion'))] : []),
    ...(paramKind && !paramKind.kind ? [required(field.child('paramKind', 'kind'))] : []),
    ...validateConstraints(matchConstraints, field.child('matchConstraints')),
    ...validateMatchConditions(policy.spec.matchConditions ?? [], field.child('matchConditions'), (expression, at) => {
      return expressionCheck(policy)(expression, at, 'bool')
    }),
    ...validateVariables(policy, field.child('variables')),
  ]
}

function validateConstraints(matching: Matching | undefined, field: FieldPath): FieldError[] {
  if (!matching) return [required(field)]
  const rules = matching.resourceRules ?? []
  return [...(rules.length === 0 ? [required(field.child('resourceRules'))] : []), ...validateMatching(matching, field)]
}

function validateMatching(matching: Matching, field: FieldPath): FieldError[] {
  const { matchPolicy, namespaceSelector, objectSelector, resourceRules = [], excludeResourceRules = [] } = matching
  return [
    ...validateChoice(matchPolicy, ['Equivalent', 'Exact'], field.child('matchPolicy')),
    ...(namespaceSelector ? validateLabelSelector(namespaceSelector, field.child('namespaceSelector')) : []),
    ...(objectSelector ? validateLabelSelector(objectSelector, field.child('objectSelector')) : []),
    ...resourceRules.flatMap((rule, index) => validateRule(rule, field.child('resourceRules').index(index))),
    ...excludeResourceRules.flatMap((rule, index) => validateRule(rule, field.child('excludeResourceRules').index(index))),
  ]
}

const ACTIONS = ['Audit', 'Deny', 'Warn']

/** Bindings of validating policies also say what follows from a violation. */
export function validatePolicyBinding({ spec }: ValidatingAdmissionPolicyBinding, hasActions: boolean): FieldError[] {
  const field = path('spec')
  const { policyName, paramRef, matchResources, validationActions = [] } = spec ?? {}
  const errors: FieldError[] = policyName ? [] : [required(field.child('policyName'))]
  if (paramRef) {
    const at = field.child('paramRef')
    if (!paramRef.name && !paramRef.selector) errors.push(required(at, 'one of name or selector must be specified'))
    errors.push(...validateChoice(paramRef.parameterNotFoundAction, ['Allow', 'Deny'], at.child('parameterNotFoundAction')))
  }
  if (matchResources) errors.push(...validateMatching(matchResources, field.child('matchResouces')))
  if (!hasActions) return errors
  const at = field.child('validationActions')
  if (validationActions.length === 0) errors.push(required(at, 'at least one validation action is required'))
  return [...errors, ...validationActions.flatMap((action, index) => validateChoice(action, ACTIONS, at.index(index)))]
}
