/** What a schema of a definition may say, and what goes with what. */

import { type FieldError, type FieldPath, forbiddenField, invalid, notSupported, required } from '@skiff/api'
import { schemaAtPath } from '../../custom-resources/rules/evaluate-rules.ts'
import { additionalOf, type JsonSchema, META_FIELDS, type ValidationRule } from '../../custom-resources/schema/json-schema.ts'

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string']
const UNSUPPORTED = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref']

interface Place {
  readonly isRoot: boolean
  /** Within apiVersion, kind or metadata of a resource. */
  readonly insideMeta: boolean
  /** Why there may be no default here. */
  readonly noDefaults?: string
}

export function validateKeywords(schema: JsonSchema, field: FieldPath): FieldError[] {
  return keywords(schema, field, { isRoot: true, insideMeta: false })
}

function keywords(schema: JsonSchema, field: FieldPath, place: Place): FieldError[] {
  return [
    ...ownKeywords(schema, field, place),
    ...lists(schema, field),
    ...maps(schema, field),
    ...(schema['x-kubernetes-validations'] ?? []).flatMap((rule, index) =>
      ruleForm(rule, schema, field.child('x-kubernetes-validations').index(index)),
    ),
    ...below(schema, field, place),
  ]
}

function ownKeywords(schema: JsonSchema, field: FieldPath, { noDefaults, insideMeta }: Place): FieldError[] {
  const errors: FieldError[] = []
  const said = schema as Readonly<Record<string, unknown>>
  if (schema.type && schema.type !== 'null' && !TYPES.includes(schema.type)) {
    errors.push(notSupported(field.child('type'), schema.type, TYPES))
  }
  if (schema.type === 'null') {
    errors.push(forbiddenField(field.child('type'), 'type cannot be set to null, use nullable as an alternative'))
  }
  if (schema.default !== undefined && noDefaults !== undefined) {
    errors.push(forbiddenField(field.child('default'), `must not be set ${noDefaults}`))
  }
  for (const name of UNSUPPORTED)
    if (said[name] !== undefined) errors.push(forbiddenField(field.child(name), `${name} is not supported`))
  if (Array.isArray(said.items))
    errors.push(forbiddenField(field.child('items'), 'items must be a schema object and not an array'))
  if (insideMeta && schema['x-kubernetes-embedded-resource'] === true) {
    errors.push(forbiddenField(field.child('x-kubernetes-embedded-resource'), 'must not be used inside of resource meta'))
  }
  if (schema.uniqueItems === true) {
    const why = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'
    errors.push(forbiddenField(field.child('uniqueItems'), why))
  }
  const hasProperties = Object.keys(schema.properties ?? {}).length > 0
  if (hasProperties && schema.additionalProperties !== undefined && schema.additionalProperties !== true) {
    errors.push(forbiddenField(field.child('additionalProperties'), 'additionalProperties and properties are mutual exclusive'))
  }
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    errors.push(invalid(field.child('x-kubernetes-preserve-unknown-fields'), false, 'must be true or undefined'))
  }
  return errors
}

function maps(schema: JsonSchema, field: FieldPath): FieldError[] {
  const mapType = schema['x-kubernetes-map-type']
  if (mapType === undefined) return []
  const at = field.child('x-kubernetes-map-type')
  return [
    ...wrongType(schema, 'object', field, 'must be object if x-kubernetes-map-type is specified'),
    ...(['atomic', 'granular'].includes(mapType) ? [] : [notSupported(at, mapType, ['atomic', 'granular'])]),
  ]
}

function wrongType({ type = '' }: JsonSchema, expected: string, field: FieldPath, why: string): FieldError[] {
  if (type === expected) return []
  return [type === '' ? required(field.child('type'), why) : invalid(field.child('type'), type, why)]
}

function lists(schema: JsonSchema, field: FieldPath): FieldError[] {
  const listType = schema['x-kubernetes-list-type']
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const at = field.child('x-kubernetes-list-type')
  const errors: FieldError[] = []
  if (keys.length > 0 && listType !== 'map') {
    const why = 'must be map if x-kubernetes-list-map-keys is non-empty'
    errors.push(listType === undefined ? required(at, why) : invalid(at, listType, why))
  }
  if (listType === undefined) return errors
  errors.push(...wrongType(schema, 'array', field, 'must be array if x-kubernetes-list-type is specified'))
  if (!['atomic', 'set', 'map'].includes(listType)) errors.push(notSupported(at, listType, ['atomic', 'set', 'map']))
  if ((listType === 'set' || listType === 'map') && schema.items?.nullable === true) {
    const why = `cannot be nullable when x-kubernetes-list-type is ${listType}`
    errors.push(forbiddenField(field.child('items', 'nullable'), why))
  }
  if (listType === 'set' && schema.type === 'array') errors.push(...setItems(schema.items, field.child('items')))
  if (listType === 'map') errors.push(...mapItems(schema, keys, field))
  return errors
}

function setItems(items: JsonSchema | undefined, field: FieldPath): FieldError[] {
  const why = 'must be atomic as item of a list with x-kubernetes-list-type=set'
  const listType = items?.['x-kubernetes-list-type']
  const mapType = items?.['x-kubernetes-map-type']
  if (items?.type === 'array' && listType !== undefined && listType !== 'atomic') {
    return [invalid(field.child('x-kubernetes-list-type'), listType, why)]
  }
  return items?.type === 'object' && mapType !== 'atomic'
    ? [invalid(field.child('x-kubernetes-map-type'), mapType ?? '', why)]
    : []
}

function mapItems({ items }: JsonSchema, keys: readonly string[], field: FieldPath): FieldError[] {
  const at = field.child('x-kubernetes-list-map-keys')
  const errors: FieldError[] = []
  if (keys.length === 0) errors.push(required(at, 'must not be empty if x-kubernetes-list-type is map'))
  if (items === undefined)
    return [...errors, required(field.child('items'), 'must have a schema if x-kubernetes-list-type is map')]
  const place = field.child('items')
  if (items.type !== 'object') {
    return [
      ...errors,
      invalid(place.child('type'), items.type ?? '', "must be object if parent array's x-kubernetes-list-type is map"),
    ]
  }
  for (const [index, key] of keys.entries()) {
    const property = items.properties?.[key]
    const keyAt = place.child('properties').key(key)
    if (property === undefined) errors.push(invalid(at, keys, 'entries must all be names of item properties'))
    else if (property.type === 'array' || property.type === 'object') {
      errors.push(
        invalid(keyAt.child('type'), property.type, "must be a scalar type if parent array's x-kubernetes-list-type is map"),
      )
    }
    if (keys.indexOf(key) < index) errors.push(invalid(at, keys, 'must not contain duplicate entries'))
    if (property === undefined) continue
    if (!items.required?.includes(key) && property.default === undefined) {
      const why = 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property'
      errors.push(required(keyAt.child('default'), why))
    }
    if (property.nullable === true) {
      errors.push(
        forbiddenField(keyAt.child('nullable'), 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable'),
      )
    }
  }
  return errors
}

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired']

function ruleForm(rule: ValidationRule, schema: JsonSchema, field: FieldPath): FieldError[] {
  const { rule: expression = '', message = '', messageExpression = '', reason, fieldPath = '' } = rule
  const errors: FieldError[] = []
  const hasBreaks = (text: string) => /[\n\r]/.test(text.trim())
  if (expression.trim() === '') errors.push(required(field.child('rule'), 'rule is not specified'))
  else if (message !== '' && message.trim() === '')
    errors.push(invalid(field.child('message'), message, 'must be non-empty if specified'))
  else if (hasBreaks(message)) errors.push(invalid(field.child('message'), message, 'must not contain line breaks'))
  else if (hasBreaks(expression) && message === '') {
    errors.push(required(field.child('message'), 'message must be specified if rule contains line breaks'))
  }
  if (messageExpression !== '' && messageExpression.trim() === '') {
    errors.push(required(field.child('messageExpression'), 'messageExpression must be non-empty if specified'))
  }
  if (reason !== undefined && !REASONS.includes(reason)) errors.push(notSupported(field.child('reason'), reason, REASONS))
  if (fieldPath === '') return errors
  const at = field.child('fieldPath')
  if (fieldPath.trim() === '') errors.push(invalid(at, fieldPath, 'must be non-empty if specified'))
  else if (hasBreaks(fieldPath)) errors.push(invalid(at, fieldPath, 'must not contain line breaks'))
  else if (schemaAtPath(fieldPath, schema) === undefined) errors.push(invalid(at, fieldPath, 'must be a valid path'))
  return errors
}

function below(schema: JsonSchema, field: FieldPath, place: Place): FieldError[] {
  const inner = { ...place, isRoot: false }
  const additional = additionalOf(schema)
  const inMaps = place.insideMeta ? { ...inner, noDefaults: 'inside additionalProperties applying to object metadata' } : inner
  const isResource = place.isRoot || schema['x-kubernetes-embedded-resource'] === true
  return [
    ...(additional === undefined ? [] : keywords(additional, field.child('additionalProperties'), inMaps)),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
      const isMeta = isResource && META_FIELDS.has(name)
      const meta = { ...inner, insideMeta: true, ...(place.isRoot ? { noDefaults: `in top-level ${name}` } : {}) }
      return keywords(property, field.child('properties').key(name), isMeta ? meta : inner)
    }),
    ...(schema.items === undefined || Array.isArray(schema.items) ? [] : keywords(schema.items, field.child('items'), inner)),
    ...(['allOf', 'anyOf', 'oneOf'] as const).flatMap((name) =>
      (schema[name] ?? []).flatMap((each, index) => keywords(each, field.child(name).index(index), inner)),
    ),
    ...(schema.not === undefined ? [] : keywords(schema.not, field.child('not'), inner)),
  ]
}
