/** The parts of a version that name places in its objects: subresources, printer columns, selectable fields. */

import { duplicate, type FieldError, type FieldPath, invalid, required, tooMany } from '@skiff/api'
import type { CustomVersion } from '../../custom-resources/definition.ts'
import { schemaAtPath } from '../../custom-resources/rules/evaluate-rules.ts'
import { parseJsonPath } from '../../custom-resources/schema/json-path.ts'
import type { JsonSchema } from '../../custom-resources/schema/json-schema.ts'

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string']
const COLUMN_FORMATS = ['binary', 'byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password']
const MAX_SELECTABLE_FIELDS = 8

export function validateSubresources(subresources: CustomVersion['subresources'], field: FieldPath): FieldError[] {
  const { scale } = subresources ?? {}
  if (scale === undefined) return []
  const at = (name: string) => field.child(`scale.${name}`)
  const selector = scale.labelSelectorPath
  return [
    ...replicasPath(scale.specReplicasPath, '.spec.', at('specReplicasPath')),
    ...replicasPath(scale.statusReplicasPath, '.status.', at('statusReplicasPath')),
    ...(!selector || selector.startsWith('.spec.') || selector.startsWith('.status.')
      ? []
      : [invalid(at('labelSelectorPath'), selector, 'should be a json path under either .spec or .status')]),
  ]
}

function replicasPath(given: string | undefined, start: string, field: FieldPath): FieldError[] {
  if (!given) return [required(field)]
  if (!given.startsWith('.')) return [invalid(field, given, 'must be a simple json path starting with .')]
  return given.startsWith(start) ? [] : [invalid(field, given, `should be a json path under ${start.slice(0, -1)}`)]
}

export function validateColumns({ additionalPrinterColumns = [] }: CustomVersion, field: FieldPath): FieldError[] {
  return additionalPrinterColumns.flatMap(({ name, type, format, jsonPath }, index) => {
    const at = field.index(index)
    const types = `must be one of ${COLUMN_TYPES.join(',')}`
    return [
      ...(name ? [] : [required(at.child('name'))]),
      ...(type ? [] : [required(at.child('type'), types)]),
      ...(type && !COLUMN_TYPES.includes(type) ? [invalid(at.child('type'), type, types)] : []),
      ...(format && !COLUMN_FORMATS.includes(format)
        ? [invalid(at.child('format'), format, `must be one of ${COLUMN_FORMATS.join(',')}`)]
        : []),
      ...columnPath(jsonPath, at.child('jsonPath')),
    ]
  })
}

function columnPath(given: string | undefined, field: FieldPath): FieldError[] {
  if (!given) return [required(field)]
  if (!given.startsWith('.')) return [invalid(field, given, 'must be a simple json path starting with .')]
  return parseJsonPath(given) === undefined ? [invalid(field, given, 'must be a json path in the dot notation')] : []
}

export function validateSelectableFields(
  { selectableFields = [] }: CustomVersion,
  schema: JsonSchema | undefined,
  field: FieldPath,
): FieldError[] {
  const seen = new Set<string>()
  const errors = selectableFields.flatMap(({ jsonPath }, index) => {
    const at = field.index(index).child('jsonPath')
    if (!jsonPath) return [required(at)]
    const found = schema && schemaAtPath(jsonPath, schema)
    if (found === undefined || jsonPath.includes('['))
      return [invalid(at, jsonPath, 'is an invalid path: does not refer to a valid field')]
    const isRepeated = seen.has(jsonPath)
    seen.add(jsonPath)
    const isText = ['string', 'boolean', 'integer'].includes(found.type ?? '')
    return [
      ...(jsonPath.startsWith('.metadata.') ? [invalid(at, jsonPath, 'must not point to fields in metadata')] : []),
      ...(isText ? [] : [invalid(at, jsonPath, WRONG_TYPE)]),
      ...(isRepeated ? [duplicate(at, jsonPath)] : []),
    ]
  })
  return seen.size > MAX_SELECTABLE_FIELDS ? [...errors, tooMany(field, seen.size, MAX_SELECTABLE_FIELDS)] : errors
}

const WRONG_TYPE =
  'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.'
