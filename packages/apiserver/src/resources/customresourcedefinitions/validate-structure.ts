/** What makes a schema structural: every value has one type, said outside of allOf, anyOf, oneOf and not. */

import { type FieldError, type FieldPath, forbiddenField, invalid, required } from '@skiff/api'
import { additionalOf, type JsonSchema } from '../../custom-resources/schema/json-schema.ts'
import { GoRegExp, RegExpSyntaxError } from '../../go-regexp/index.ts'
import { sameJson } from '../../registry/same-json.ts'

type Level = 'root' | 'item' | 'field'

export function validateStructure(schema: JsonSchema, field: FieldPath): FieldError[] {
  return [...invariants(schema, field, 'root'), ...completeness(schema, field, { validation: schema, at: field })]
}

const NO_TYPE: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
}

function invariants(schema: JsonSchema, field: FieldPath, level: Level): FieldError[] {
  const additional = additionalOf(schema)
  return [
    ...(schema.type === 'array' && schema.items === undefined ? [required(field.child('items'), 'must be specified')] : []),
    ...(schema.items === undefined ? [] : invariants(schema.items, field.child('items'), 'item')),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
      invariants(property, field.child('properties').key(name), 'field'),
    ),
    ...(level === 'root' && schema.additionalProperties !== undefined
      ? [forbiddenField(field.child('additionalProperties'), 'must not be used at the root')]
      : []),
    ...(additional === undefined ? [] : invariants(additional, field.child('additionalProperties'), 'field')),
    ...extensions(schema, field),
    ...alternatives(schema, field, isIntOrString(schema) ? 'int-or-string' : 'value'),
    ...typeOf(schema, field, level),
    ...metaFields(schema, field, level),
  ]
}

function extensions(schema: JsonSchema, field: FieldPath): FieldError[] {
  if (schema['x-kubernetes-int-or-string'] !== true) return []
  const unwanted = ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const
  return unwanted
    .filter((name) => schema[name] === true)
    .map((name) => invalid(field.child(name), true, 'must be false if x-kubernetes-int-or-string is true'))
}

function typeOf(schema: JsonSchema, field: FieldPath, level: Level): FieldError[] {
  const { type = '' } = schema
  const errors: FieldError[] = []
  const at = field.child('type')
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true
  if (isEmbedded && type !== 'object') {
    const why = 'must be object if x-kubernetes-embedded-resource is true'
    errors.push(type === '' ? required(at, why) : invalid(at, type, why))
  } else if (type === '' && schema['x-kubernetes-int-or-string'] !== true && !isOpen) errors.push(required(at, NO_TYPE[level]))
  if (isEmbedded && schema.additionalProperties !== undefined) {
    errors.push(forbiddenField(field.child('additionalProperties'), 'must not be used if x-kubernetes-embedded-resource is set'))
  }
  if (level === 'root' && type !== '' && type !== 'object') errors.push(invalid(at, type, 'must be object at the root'))
  if (isEmbedded && !isOpen && Object.keys(schema.properties ?? {}).length === 0) {
    const why = 'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'
    errors.push(required(field.child('properties'), why))
  }
  return errors
}

function metaFields(schema: JsonSchema, field: FieldPath, level: Level): FieldError[] {
  if (level !== 'root' && schema['x-kubernetes-embedded-resource'] !== true) return []
  const errors: FieldError[] = []
  for (const name of ['kind', 'apiVersion']) {
    const property = schema.properties?.[name]
    const at = field.child('properties').key(name).child('type')
    if (property !== undefined && property.type !== 'string') errors.push(invalid(at, property.type ?? '', 'must be string'))
  }
  const metadata = schema.properties?.metadata
  if (metadata === undefined) return errors
  const at = field.child('properties').key('metadata')
  if (metadata.type !== 'object') errors.push(invalid(at.child('type'), metadata.type ?? '', 'must be object'))
  if (level === 'root' && !restrictsNamesOnly(metadata)) {
    errors.push(
      forbiddenField(at, 'must not specify anything other than name and generateName, but metadata is implicitly specified'),
    )
  }
  return errors
}

function restrictsNamesOnly({ type: _, properties = {}, description: __, ...rest }: JsonSchema): boolean {
  const names = Object.keys(properties)
  return Object.keys(rest).length === 0 && names.every((name) => name === 'name' || name === 'generateName')
}

const INT_OR_STRING = [{ type: 'integer' }, { type: 'string' }]

function isIntOrString(schema: JsonSchema): boolean {
  return schema['x-kubernetes-int-or-string'] === true
}

/** `anyOf: [{type: integer}, {type: string}]`, alone or as the first of allOf, is how int-or-string may be spelled out. */
function alternatives(schema: JsonSchema, field: FieldPath, kind: 'int-or-string' | 'value'): FieldError[] {
  const isPattern = kind === 'int-or-string' && sameJson(schema.anyOf, INT_OR_STRING)
  return [
    ...(isPattern ? [] : (schema.anyOf ?? []).flatMap((each, index) => nested(each, field.child('anyOf').index(index)))),
    ...(schema.allOf ?? []).flatMap((each, index) => {
      const isFirst = kind === 'int-or-string' && index === 0 && sameJson(each.anyOf, INT_OR_STRING)
      const { anyOf: _, ...rest } = each
      return nested(isFirst ? rest : each, field.child('allOf').index(index))
    }),
    ...(schema.oneOf ?? []).flatMap((each, index) => nested(each, field.child('oneOf').index(index))),
    ...(schema.not === undefined ? [] : nested(schema.not, field.child('not'))),
    ...patternProblems(schema.pattern, field.child('pattern')),
  ]
}

function patternProblems(pattern: string | undefined, field: FieldPath): FieldError[] {
  if (!pattern) return []
  try {
    new GoRegExp(pattern)
    return []
  } catch (error) {
    if (!(error instanceof RegExpSyntaxError)) throw error
    return [invalid(field, pattern, `must be a valid regular expression, but isn't: ${error.message}`)]
  }
}

const EMPTY_WHEN_NESTED: readonly (readonly [keyof JsonSchema, 'empty' | 'undefined' | 'false'])[] = [
  ['type', 'empty'],
  ['additionalProperties', 'undefined'],
  ['default', 'undefined'],
  ['title', 'empty'],
  ['description', 'empty'],
  ['nullable', 'false'],
  ['x-kubernetes-preserve-unknown-fields', 'false'],
  ['x-kubernetes-embedded-resource', 'false'],
  ['x-kubernetes-int-or-string', 'false'],
  ['x-kubernetes-list-map-keys', 'empty'],
  ['x-kubernetes-list-type', 'undefined'],
  ['x-kubernetes-map-type', 'undefined'],
  ['x-kubernetes-validations', 'empty'],
]

function nested(schema: JsonSchema, field: FieldPath): FieldError[] {
  const errors = alternatives(schema, field, 'value')
  if (schema.items !== undefined) errors.push(...nested(schema.items, field.child('items')))
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    errors.push(...nested(property, field.child('properties').key(name)))
  }
  for (const [name, state] of EMPTY_WHEN_NESTED) {
    const value = schema[name]
    if (value === undefined || value === false || value === '') continue
    errors.push(forbiddenField(field.child(name), `must be ${state} to be structural`))
  }
  if (schema.properties?.metadata !== undefined) {
    errors.push(forbiddenField(field.child('properties').key('metadata'), 'must not be specified in a nested context'))
  }
  return errors
}

interface Claimed {
  readonly validation: JsonSchema
  readonly at: FieldPath
}

/** Whatever an alternative speaks of must be there in the schema itself. */
function completeness(schema: JsonSchema, field: FieldPath, { validation, at }: Claimed): FieldError[] {
  const inner: [JsonSchema, FieldPath][] = [
    ...(validation.not === undefined ? [] : [[validation.not, at.child('not')] as [JsonSchema, FieldPath]]),
    ...(['allOf', 'anyOf', 'oneOf'] as const).flatMap((name) =>
      (validation[name] ?? []).map((each, index): [JsonSchema, FieldPath] => [each, at.child(name).index(index)]),
    ),
  ]
  return inner.flatMap(([each, place]) => partsArePresent(schema, field, { validation: each, at: place }))
}

function partsArePresent(schema: JsonSchema, field: FieldPath, { validation, at }: Claimed): FieldError[] {
  const errors = completeness(schema, field, { validation, at })
  const check = (part: JsonSchema | undefined, place: FieldPath, claimed: Claimed) => {
    if (part === undefined) errors.push(required(place, `because it is defined in ${claimed.at}`))
    else errors.push(...partsArePresent(part, place, claimed))
  }
  if (validation.items !== undefined) {
    check(schema.items, field.child('items'), { validation: validation.items, at: at.child('items') })
  }
  for (const [name, property] of Object.entries(validation.properties ?? {})) {
    const claimed = { validation: property, at: at.child('properties').key(name) }
    check(schema.properties?.[name], field.child('properties').key(name), claimed)
  }
  return errors
}
