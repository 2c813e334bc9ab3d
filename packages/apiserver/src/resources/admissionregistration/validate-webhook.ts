import {
  dnsSubdomainProblems,
  duplicate,
  type FieldError,
  type FieldPath,
  invalid,
  invalidEach,
  notSupported,
  path,
  required,
  type ValidatingWebhookConfiguration,
} from '@skiff/api'
import { compileCondition } from '../../admission/expressions/match-conditions.ts'
import { validateClientConfig } from '../client-config.ts'
import { validateChoice } from '../validate-choice.ts'
import { validateLabelSelector } from '../validate-selector.ts'
import { validateMatchConditions } from './validate-match-conditions.ts'
import { validateRule } from './validate-rule.ts'

/** What both kinds of webhooks have, and the one field that only mutating ones have. */
export type Webhook = NonNullable<ValidatingWebhookConfiguration['webhooks']>[number] & { readonly reinvocationPolicy?: string }

const LONGEST_TIMEOUT_SECONDS = 30
const REVIEW_VERSIONS = ['v1', 'v1beta1']
const SIDE_EFFECTS = ['None', 'NoneOnDryRun']

export function validateWebhooks(webhooks: readonly Webhook[]): FieldError[] {
  const names = new Set<string>()
  return webhooks.flatMap((webhook, index) => {
    const at = path('webhooks').index(index)
    const errors = validateWebhook(webhook, at)
    if (names.has(webhook.name)) errors.push(duplicate(at.child('name'), webhook.name))
    names.add(webhook.name)
    return [...errors, ...validateReviewVersions(webhook.admissionReviewVersions ?? [], at.child('admissionReviewVersions'))]
  })
}

function validateWebhook(webhook: Webhook, field: FieldPath): FieldError[] {
  const { timeoutSeconds: seconds, sideEffects, reinvocationPolicy, namespaceSelector, objectSelector } = webhook
  return [
    ...validateFullName(webhook.name, field.child('name')),
    ...(webhook.rules ?? []).flatMap((rule, index) => validateRule(rule, field.child('rules').index(index))),
    ...validateChoice(webhook.failurePolicy, ['Fail', 'Ignore'], field.child('failurePolicy')),
    ...validateChoice(webhook.matchPolicy, ['Equivalent', 'Exact'], field.child('matchPolicy')),
    ...validateSideEffects(sideEffects, field.child('sideEffects')),
    ...(seconds !== undefined && (seconds < 1 || seconds > LONGEST_TIMEOUT_SECONDS)
      ? [invalid(field.child('timeoutSeconds'), seconds, 'the timeout value must be between 1 and 30 seconds')]
      : []),
    ...(reinvocationPolicy ? validateChoice(reinvocationPolicy, ['IfNeeded', 'Never'], field.child('reinvocationPolicy')) : []),
    ...(namespaceSelector ? validateLabelSelector(namespaceSelector, field.child('namespaceSelector')) : []),
    ...(objectSelector ? validateLabelSelector(objectSelector, field.child('objectSelector')) : []),
    ...validateClientConfig(webhook.clientConfig, field.child('clientConfig')),
    ...validateMatchConditions(webhook.matchConditions ?? [], field.child('matchConditions'), (expression, at) => {
      const compiled = compileCondition(expression)
      return compiled.ok ? [] : [invalid(at, expression, `compilation failed: ${compiled.message}`)]
    }),
  ]
}

function validateFullName(name: string, field: FieldPath): FieldError[] {
  if (!name) return [required(field)]
  const problems = dnsSubdomainProblems(name)
  if (problems.length > 0) return invalidEach(field, name, problems)
  return name.split('.').length < 3
    ? [invalid(field, name, 'should be a domain with at least three segments separated by dots')]
    : []
}

function validateSideEffects(value: string | undefined, field: FieldPath): FieldError[] {
  if (!value) return [required(field, `must specify one of ${SIDE_EFFECTS.join(', ')}`)]
  return SIDE_EFFECTS.includes(value) ? [] : [notSupported(field, value, SIDE_EFFECTS)]
}

function validateReviewVersions(versions: readonly string[], field: FieldPath): FieldError[] {
  const accepted = REVIEW_VERSIONS.join(', ')
  if (versions.length === 0) return [required(field, `must specify one of ${accepted}`)]
  if (versions.some((version) => REVIEW_VERSIONS.includes(version))) return []
  return [invalid(field, versions, `must include at least one of ${accepted}`)]
}
