import {
  type CustomResourceDefinition,
  dns1035LabelProblems,
  dnsSubdomainProblems,
  type FieldError,
  type FieldPath,
  findCondition,
  forbiddenField,
  invalid,
  invalidEach,
  path,
  required,
} from '@skiff/api'
import { validateClientConfig } from '../client-config.ts'
import { validateChoice } from '../validate-choice.ts'
import { validateImmutable } from '../validate-immutable.ts'

type Spec = CustomResourceDefinition['spec']
type Version = Spec['versions'][number]

/** The definition around its schemas; schemas are checked where custom resources are served. */
export function validateDefinition({ metadata, spec }: CustomResourceDefinition): FieldError[] {
  const field = path('spec')
  const expected = `${spec.names?.plural ?? ''}.${spec.group ?? ''}`
  return [
    ...(metadata.name === expected
      ? []
      : [invalid('metadata.name', metadata.name ?? '', 'must be spec.names.plural+"."+spec.group')]),
    ...validateGroup(spec.group, field.child('group')),
    ...validateChoice(spec.scope, ['Cluster', 'Namespaced'], field.child('scope')),
    ...validateVersions(spec, field.child('versions')),
    ...validateNames(spec.names, field.child('names')),
    ...validateConversion(spec, field.child('conversion')),
  ]
}

function validateGroup(group: string | undefined, field: FieldPath): FieldError[] {
  if (!group) return [required(field)]
  const problems = dnsSubdomainProblems(group)
  if (problems.length > 0) return invalidEach(field, group, problems)
  return group.includes('.') ? [] : [invalid(field, group, 'should be a domain with at least one dot')]
}

function validateVersions({ versions = [], preserveUnknownFields }: Spec, field: FieldPath): FieldError[] {
  const names = versions.map(({ name }) => name)
  const errors = versions.flatMap((version, index) => validateVersion(version, field.index(index), preserveUnknownFields))
  if (new Set(names).size !== names.length) errors.push(invalid(field, names, 'must contain unique version names'))
  if (versions.filter(({ storage }) => storage).length !== 1) {
    errors.push(invalid(field, names, 'must have exactly one version marked as storage version'))
  }
  if (preserveUnknownFields === true) {
    errors.push(
      invalid(
        'spec.preserveUnknownFields',
        true,
        'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
      ),
    )
  }
  return errors
}

function validateVersion(version: Version, field: FieldPath, preserved: boolean | undefined): FieldError[] {
  const errors = invalidEach(field.child('name'), version.name, dns1035LabelProblems(version.name))
  if (version.schema?.openAPIV3Schema === undefined && preserved !== true) {
    errors.push(required(field.child('schema', 'openAPIV3Schema'), 'schemas are required'))
  }
  if (version.deprecationWarning !== undefined && version.deprecated !== true) {
    errors.push(invalid(field.child('deprecationWarning'), version.deprecationWarning, 'can only be set for deprecated versions'))
  }
  for (const [index, column] of (version.additionalPrinterColumns ?? []).entries()) {
    const at = field.child('additionalPrinterColumns').index(index)
    for (const name of ['name', 'type', 'jsonPath'] as const) if (!column[name]) errors.push(required(at.child(name)))
  }
  return errors
}

function validateNames(names: Spec['names'] | undefined, field: FieldPath): FieldError[] {
  const lower = ['plural', 'singular'] as const
  const camel = ['kind', 'listKind'] as const
  const errors = [...lower, ...camel].flatMap((name) => {
    const value = names?.[name]
    if (!value) return [required(field.child(name))]
    return invalidEach(field.child(name), value, dns1035LabelProblems(value.toLowerCase()))
  })
  for (const name of [...(names?.shortNames ?? []), ...(names?.categories ?? [])]) {
    errors.push(...invalidEach(field.child('shortNames'), name, dns1035LabelProblems(name)))
  }
  if (names?.kind && names.kind === names.listKind) {
    errors.push(invalid(field.child('listKind'), names.listKind, 'kind and listKind may not be the same'))
  }
  return errors
}

function validateConversion({ conversion }: Spec, field: FieldPath): FieldError[] {
  const errors = validateChoice(conversion?.strategy, ['None', 'Webhook'], field.child('strategy'))
  const { webhook } = conversion ?? {}
  if (conversion?.strategy !== 'Webhook') {
    return webhook
      ? [...errors, forbiddenField(field.child('webhook'), 'should not be set when strategy is not set to Webhook')]
      : errors
  }
  const at = field.child('webhook')
  if (!webhook) return [...errors, required(at, 'required when strategy is set to Webhook')]
  if ((webhook.conversionReviewVersions ?? []).length === 0) errors.push(required(at.child('conversionReviewVersions')))
  return [...errors, ...validateClientConfig(webhook.clientConfig, at.child('clientConfig'))]
}

/** What clients rely on stays once the definition has been established. */
export function validateDefinitionUpdate({ spec }: CustomResourceDefinition, old: CustomResourceDefinition): FieldError[] {
  const established = findCondition(old.status?.conditions, 'Established')?.status === 'True'
  const always = [
    ...validateImmutable(spec.group, old.spec.group, 'spec.group'),
    ...validateImmutable(spec.names?.plural, old.spec.names?.plural, 'spec.names.plural'),
  ]
  if (!established) return always
  return [
    ...always,
    ...validateImmutable(spec.scope, old.spec.scope, 'spec.scope'),
    ...validateImmutable(spec.names?.kind, old.spec.names?.kind, 'spec.names.kind'),
  ]
}
