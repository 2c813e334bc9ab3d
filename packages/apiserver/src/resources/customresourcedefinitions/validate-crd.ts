/** A definition around its schemas (k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation): same rules, same words. */

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
import type { CustomVersion } from '../../custom-resources/definition.ts'
import type { JsonSchema } from '../../custom-resources/schema/json-schema.ts'
import { sameJson } from '../../registry/same-json.ts'
import { validateClientConfig } from '../client-config.ts'
import { validateChoice } from '../validate-choice.ts'
import { validateImmutable } from '../validate-immutable.ts'
import { validateColumns, validateSelectableFields, validateSubresources } from './validate-paths.ts'
import { validateSchema } from './validate-schema.ts'

type Spec = CustomResourceDefinition['spec']

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
    ...validateApproval(metadata.annotations, spec.group ?? ''),
  ]
}

function validateGroup(group: string | undefined, field: FieldPath): FieldError[] {
  if (!group) return [required(field)]
  const problems = dnsSubdomainProblems(group)
  if (problems.length > 0) return [invalid(field, group, problems.join(','))]
  return group.includes('.') ? [] : [invalid(field, group, 'should be a domain with at least one dot')]
}

const APPROVAL = 'api-approved.kubernetes.io'

/** Groups of the community's own need its word. */
function validateApproval(annotations: Readonly<Record<string, string>> | undefined, group: string): FieldError[] {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(group)) return []
  const field = path('metadata', 'annotations').key(APPROVAL)
  const see = `protected groups must have approval annotation "${APPROVAL}", see https://github.com/kubernetes/enhancements/pull/1111`
  const approval = annotations?.[APPROVAL]
  if (approval === undefined || approval === '') return [required(field, see)]
  if (approval.startsWith('unapproved') || URL.canParse(approval)) return []
  return [invalid(field, approval, `${see}: parse ${JSON.stringify(approval)}: invalid URI for request`)]
}

function validateVersions({ versions = [], preserveUnknownFields }: Spec, field: FieldPath): FieldError[] {
  const names = versions.map(({ name }) => name)
  const errors = versions.flatMap((version, index) => validateVersion(version, field.index(index)))
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

const DEPRECATION_LIMIT = 256

function validateVersion(version: CustomVersion, field: FieldPath): FieldError[] {
  const { name, schema, deprecated, deprecationWarning, subresources } = version
  const problems = dns1035LabelProblems(name)
  const errors = problems.length === 0 ? [] : [invalid(field.child('name'), name, problems.join(','))]
  const warningProblems =
    deprecationWarning === undefined
      ? []
      : [
          ...(deprecated === true ? [] : ['can only be set for deprecated versions']),
          ...(deprecationWarning.length > DEPRECATION_LIMIT ? [`must be <= ${DEPRECATION_LIMIT} characters long`] : []),
          ...(deprecationWarning === '' ? ['must not be an empty string'] : []),
          ...(/\p{C}/u.test(deprecationWarning) ? ['must only contain printable UTF-8 characters'] : []),
        ]
  errors.push(...invalidEach(field.child('deprecationWarning'), deprecationWarning, warningProblems))
  const at = field.child('schema', 'openAPIV3Schema')
  const declared = schema?.openAPIV3Schema as JsonSchema | undefined
  if (declared === undefined) errors.push(required(at, 'schemas are required'))
  else errors.push(...validateSchema(declared, at, { hasStatus: subresources?.status !== undefined }))
  return [
    ...errors,
    ...validateSubresources(subresources, field.child('subresources')),
    ...validateColumns(version, field.child('additionalPrinterColumns')),
    ...validateSelectableFields(version, declared, field.child('selectableFields')),
  ]
}

function validateNames(names: Spec['names'] | undefined, field: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  for (const name of ['plural', 'singular', 'kind', 'listKind'] as const)
    if (!names?.[name]) errors.push(required(field.child(name)))
  for (const name of ['plural', 'singular'] as const) errors.push(...labelProblems(field.child(name), names?.[name]))
  for (const name of ['kind', 'listKind'] as const) {
    const value = names?.[name]
    const problems = value ? dns1035LabelProblems(value.toLowerCase()) : []
    if (problems.length > 0) {
      errors.push(invalid(field.child(name), value, `may have mixed case, but should otherwise match: ${problems.join(',')}`))
    }
  }
  for (const list of ['shortNames', 'categories'] as const) {
    for (const [index, name] of (names?.[list] ?? []).entries())
      errors.push(...labelProblems(field.child(list).index(index), name))
  }
  if (names?.kind && names.kind === names.listKind) {
    errors.push(invalid(field.child('listKind'), names.listKind, 'kind and listKind may not be the same'))
  }
  return errors
}

function labelProblems(field: FieldPath, name: string | undefined): FieldError[] {
  const problems = name ? dns1035LabelProblems(name) : []
  return problems.length === 0 ? [] : [invalid(field, name, problems.join(','))]
}

const REVIEW_VERSIONS = ['v1', 'v1beta1']

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
  const versions = webhook.conversionReviewVersions ?? []
  const place = at.child('conversionReviewVersions')
  if (versions.length === 0) errors.push(required(place))
  else if (!versions.some((version) => REVIEW_VERSIONS.includes(version))) {
    errors.push(invalid(place, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`))
  }
  for (const [index, version] of versions.entries()) {
    if (versions.indexOf(version) < index) errors.push(invalid(place.index(index), version, 'duplicate version'))
    else errors.push(...invalidEach(place.index(index), version, dns1035LabelProblems(version)))
  }
  return [...errors, ...validateClientConfig(webhook.clientConfig, at.child('clientConfig'))]
}

/** What clients rely on stays once the definition has been established. */
export function validateDefinitionUpdate(definition: CustomResourceDefinition, old: CustomResourceDefinition): FieldError[] {
  const { spec } = definition
  const established = findCondition(old.status?.conditions, 'Established')?.status === 'True'
  return [
    ...(established
      ? [
          ...validateImmutable(spec.scope, old.spec.scope, 'spec.scope'),
          ...validateImmutable(spec.names?.kind, old.spec.names?.kind, 'spec.names.kind'),
        ]
      : []),
    ...validateImmutable(spec.group, old.spec.group, 'spec.group'),
    ...validateImmutable(spec.names?.plural, old.spec.names?.plural, 'spec.names.plural'),
    ...validateStoredVersions(definition, old),
  ]
}

/** A version that objects may be stored in can't go. */
function validateStoredVersions({ spec, status }: CustomResourceDefinition, old: CustomResourceDefinition): FieldError[] {
  if (sameJson(spec, old.spec)) return []
  const names = spec.versions.map(({ name }) => name)
  return (status?.storedVersions ?? []).flatMap((version, index) => {
    if (names.includes(version)) return []
    const why = `missing from spec.versions; ${version} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${version} and removes ${version} from status.storedVersions`
    return [invalid(path('status', 'storedVersions').index(index), version, why)]
  })
}
