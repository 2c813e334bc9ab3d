/**
 * A schema of a definition: whether it is structural, says nothing that Kubernetes can't keep, and its defaults and rules
 * hold (k8s.io/apiextensions-apiserver/pkg/apiserver/schema and apis/apiextensions/validation).
 */

import { type FieldError, type FieldPath, forbiddenField, invalid } from '@skiff/api'
import type { JsonSchema } from '../../custom-resources/schema/json-schema.ts'
import { validateDefaults } from './validate-defaults.ts'
import { validateKeywords } from './validate-keywords.ts'
import { validateRules } from './validate-rules.ts'
import { validateStructure } from './validate-structure.ts'

const ALLOWED_AT_ROOT = [
  ...['description', 'type', 'format', 'title', 'maximum', 'exclusiveMaximum', 'minimum', 'exclusiveMinimum', 'maxLength'],
  ...['minLength', 'pattern', 'maxItems', 'minItems', 'uniqueItems', 'multipleOf', 'required', 'items', 'properties'],
  ...['externalDocs', 'example', 'x-kubernetes-preserve-unknown-fields', 'x-kubernetes-validations'],
]

export function validateSchema(
  schema: JsonSchema,
  field: FieldPath,
  { hasStatus }: { readonly hasStatus: boolean },
): FieldError[] {
  const errors = [
    ...(hasStatus ? rootProblems(schema, field) : []),
    ...(schema.nullable === true ? [forbiddenField(`${field}.nullable`, 'nullable cannot be true at the root')] : []),
    ...validateStructure(schema, field),
  ]
  const keywords = validateKeywords(schema, field)
  if (errors.length > 0 || keywords.length > 0) return [...errors, ...keywords]
  const defaults = validateDefaults(schema, field)
  return defaults.length > 0 ? defaults : validateRules(schema, field)
}

/** The status is validated by itself: what the root says of the whole object would be lost. */
function rootProblems(schema: JsonSchema, field: FieldPath): FieldError[] {
  if (schema.type !== undefined && schema.type !== 'object') {
    const why = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
    return [invalid(`${field}.type`, schema.type, why)]
  }
  const unwanted = Object.keys(schema).find((key) => !ALLOWED_AT_ROOT.includes(key))
  if (unwanted === undefined) return []
  const why = `only [${ALLOWED_AT_ROOT.join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`
  return [invalid(field, schema, why)]
}
