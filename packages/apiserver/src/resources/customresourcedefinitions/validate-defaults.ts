import { type FieldError, type FieldPath, invalid } from '@skiff/api'
import { compileRules } from '../../custom-resources/rules/compile-rules.ts'
import { evaluateRules } from '../../custom-resources/rules/evaluate-rules.ts'
import type { JsonSchema } from '../../custom-resources/schema/json-schema.ts'
import { SchemaPatterns } from '../../custom-resources/schema/patterns.ts'
import { pruneValue } from '../../custom-resources/schema/prune.ts'
import { validateValue } from '../../custom-resources/schema/validate-value.ts'
import { cloneJson, jsonEquals } from '../../patch/json-value.ts'

/** Defaults must be what their own schema allows, and nothing that would be pruned. */
export function validateDefaults(schema: JsonSchema, field: FieldPath, patterns = new SchemaPatterns()): FieldError[] {
  return [
    ...(schema.default === undefined ? [] : ownDefault(schema, field.child('default'), patterns)),
    ...(schema.items === undefined ? [] : validateDefaults(schema.items, field.child('items'), patterns)),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
      validateDefaults(property, field.child('properties').key(name), patterns),
    ),
  ]
}

function ownDefault(schema: JsonSchema, field: FieldPath, patterns: SchemaPatterns): FieldError[] {
  const given = schema.default
  const pruned = cloneJson(given)
  pruneValue(pruned, schema, { path: '', dropped: () => undefined })
  if (!jsonEquals(pruned, given)) return [invalid(field, given, 'must not have unknown fields')]
  const errors = validateValue(given, schema, '', { patterns })
  if (errors.length > 0)
    return errors.map((error) => ({ ...error, field: error.field === '<nil>' ? `${field}` : `${field}.${error.field}` }))
  const rules = compileRules(schema, false)
  return rules === undefined ? [] : evaluateRules(rules, { value: given, old: undefined, path: `${field}` })
}
