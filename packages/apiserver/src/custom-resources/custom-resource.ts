/** What the server knows of one version of a custom kind, made out of its definition. */

import { type CustomResourceDefinition, type FieldError, invalid, type KubeObject, path, required } from '@skiff/api'
import { cloneJson, isJsonObject } from '../patch/json-value.ts'
import { validateMetadata } from '../registry/object-metadata.ts'
import type { ResourceDefinition, Strategy, SubresourceName } from '../registry/resource-definition.ts'
import { sameJson } from '../registry/same-json.ts'
import { columnsOf } from './columns.ts'
import { customDecoder } from './decode-custom.ts'
import { type CustomVersion, customKind, listKindOf, schemaOfVersion } from './definition.ts'
import { publishedSchema } from './published-schema.ts'
import { compileRules, type RuleTree } from './rules/compile-rules.ts'
import { evaluateRules } from './rules/evaluate-rules.ts'
import { applyDefaults } from './schema/default.ts'
import { findByPath, parseJsonPath } from './schema/json-path.ts'
import { additionalOf, type JsonSchema, propertyOf } from './schema/json-schema.ts'
import { listProblems } from './schema/list-problems.ts'
import { SchemaPatterns } from './schema/patterns.ts'
import { validateValue } from './schema/validate-value.ts'
import { customListSchema, customTypeSchema } from './type-schema.ts'

export function customResource(definition: CustomResourceDefinition, version: CustomVersion): ResourceDefinition {
  const info = customKind(definition, version.name)
  const schema = schemaOfVersion(version)
  const { status, scale } = version.subresources ?? {}
  const object = customTypeSchema(info, schema, publishedSchema(info, version.schema?.openAPIV3Schema && schema))
  const listKind = listKindOf(definition)
  const subresources: SubresourceName[] = [
    ...(status === undefined ? [] : ['status' as const]),
    ...(scale === undefined ? [] : ['scale' as const]),
  ]
  return {
    info,
    columns: columnsOf(version),
    subresources,
    ...(scale === undefined
      ? {}
      : {
          scale: {
            specReplicas: scale.specReplicasPath,
            statusReplicas: scale.statusReplicasPath,
            selector: scale.labelSelectorPath ?? '',
          },
        }),
    selectableFields: selectableFieldsOf(version),
    requireRevisionOnUpdate: true,
    ...(version.deprecated === true
      ? { deprecation: version.deprecationWarning ?? `${info.group}/${info.version} ${info.kind} is deprecated` }
      : {}),
    strategy: strategyOf(schema, version),
    custom: {
      schema: object,
      list: customListSchema(info, listKind, object),
      listKind,
      decode: customDecoder(info, schema),
    },
  }
}

function selectableFieldsOf({ selectableFields = [] }: CustomVersion): NonNullable<ResourceDefinition['selectableFields']> {
  return Object.fromEntries(
    selectableFields.map(({ jsonPath }) => {
      const parsed = parseJsonPath(jsonPath) ?? []
      const read = (object: KubeObject) => {
        const [value] = findByPath(object, parsed)
        return value === undefined || value === null ? '' : String(value)
      }
      return [jsonPath.replace(/^\./, ''), read]
    }),
  )
}

function strategyOf(schema: JsonSchema, version: CustomVersion): Strategy {
  const patterns = new SchemaPatterns()
  const hasStatus = version.subresources?.status !== undefined
  // Compiling takes time, and most definitions are listed far more often than they are written to.
  let compiled: { readonly rules: RuleTree | undefined } | undefined
  const rules = () => {
    compiled ??= { rules: compileRules(schema) }
    return compiled.rules
  }
  const problems = (object: KubeObject, old: KubeObject | undefined) => [
    ...validateValue(withoutMetadata(object), schema, '', { patterns, old: old && withoutMetadata(old) }),
    ...scaleProblems(object, version),
    ...embeddedProblems(object, schema),
    ...newListProblems(object, old, schema),
  ]
  const withRules = (errors: readonly FieldError[], object: KubeObject, old: KubeObject | undefined): readonly FieldError[] => {
    const tree = rules()
    if (tree === undefined) return errors
    if (errors.some(({ type }) => BLOCKING.has(type))) return [...errors, NOT_CHECKED]
    return [...errors, ...evaluateRules(tree, { value: object, old, path: '' })]
  }
  return {
    countsGenerations: true,
    countsStatus: !hasStatus,
    statusKeepsMetadata: true,
    anyFinalizer: true,
    default: (object) => applyDefaults(object, withoutMetaSchema(schema)),
    prepareForCreate(object) {
      if (hasStatus) delete object.status
    },
    prepareForUpdate(object, old) {
      if (!hasStatus) return
      if (old.status === undefined) delete object.status
      else object.status = cloneJson(old.status)
    },
    validate: () => [],
    validateNew: (object) => withRules(problems(object, undefined), object, undefined),
    validateUpdate: (object, old) => withRules(problems(object, old), object, old),
    validateStatusUpdate(object, old) {
      const status = propertyOf(schema, 'status')
      const errors =
        status === undefined || object.status === undefined
          ? []
          : validateValue(object.status, status, 'status', { patterns, old: old.status })
      return withRules([...errors, ...scaleStatusProblems(object, version), ...newListProblems(object, old, schema)], object, old)
    },
    warnings: (object, old) => finalizerWarnings(object, old),
  }
}

const BLOCKING: ReadonlySet<FieldError['type']> = new Set(['NotSupported', 'Required', 'TooLong', 'TooMany', 'TypeInvalid'])

const NOT_CHECKED = invalid(
  '<nil>',
  'null',
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
)

/** metadata has rules of its own; what a schema says of its names is checked with them. */
function withoutMetadata(object: KubeObject): Record<string, unknown> {
  const { name, generateName } = object.metadata
  const metadata = { ...(name === undefined ? {} : { name }), ...(generateName === undefined ? {} : { generateName }) }
  return { ...object, metadata }
}

function withoutMetaSchema(schema: JsonSchema): JsonSchema {
  const { metadata: _, apiVersion: __, kind: ___, ...properties } = schema.properties ?? {}
  return { ...schema, properties }
}

function newListProblems(object: KubeObject, old: KubeObject | undefined, schema: JsonSchema): FieldError[] {
  const { metadata: _, ...rest } = object
  const errors = listProblems(rest, schema)
  if (errors.length === 0 || old === undefined) return errors
  const { metadata: __, ...before } = old
  return listProblems(before, schema).length === 0 ? errors : []
}

const MAX_REPLICAS = 2 ** 31 - 1

function scaleProblems(object: KubeObject, version: CustomVersion): FieldError[] {
  const { scale } = version.subresources ?? {}
  if (scale === undefined) return []
  return [...replicasProblems(object, scale.specReplicasPath), ...scaleStatusProblems(object, version)]
}

function scaleStatusProblems(object: KubeObject, { subresources }: CustomVersion): FieldError[] {
  const { scale } = subresources ?? {}
  return scale === undefined ? [] : replicasProblems(object, scale.statusReplicasPath)
}

function replicasProblems(object: KubeObject, at: string): FieldError[] {
  const [replicas] = findByPath(object, parseJsonPath(at) ?? [])
  if (replicas === undefined || replicas === null) return []
  if (typeof replicas !== 'number' || !Number.isInteger(replicas)) {
    return [invalid(at, 0, `${at} accessor error: ${JSON.stringify(replicas)} is of the type ${typeof replicas}, expected int64`)]
  }
  if (replicas < 0) return [invalid(at, replicas, 'should be a non-negative integer')]
  return replicas > MAX_REPLICAS ? [invalid(at, replicas, `should be less than or equal to ${MAX_REPLICAS}`)] : []
}

/** Objects inside of the object must say what they are, and have proper metadata. */
function embeddedProblems(value: unknown, schema: JsonSchema, at = ''): FieldError[] {
  if (Array.isArray(value)) {
    const { items } = schema
    return items === undefined ? [] : value.flatMap((item, index) => embeddedProblems(item, items, `${at}[${index}]`))
  }
  if (!isJsonObject(value)) return []
  const own = at !== '' && schema['x-kubernetes-embedded-resource'] === true ? embeddedProblemsOf(value, at) : []
  const inner = Object.entries(value).flatMap(([key, child]) => {
    const property = propertyOf(schema, key) ?? additionalOf(schema)
    return property === undefined ? [] : embeddedProblems(child, property, at === '' ? key : `${at}.${key}`)
  })
  return [...own, ...inner]
}

function embeddedProblemsOf(value: Record<string, unknown>, at: string): FieldError[] {
  const field = path(at)
  const errors = ['apiVersion', 'kind']
    .filter((name) => !value[name])
    .map((name) => required(field.child(name), 'must not be empty'))
  if (!isJsonObject(value.metadata)) return errors
  const { metadata } = value
  const shell = { strategy: { validate: () => [], anyFinalizer: true } } as unknown as ResourceDefinition
  const problems = validateMetadata(shell, { metadata: { name: 'fake', ...metadata } } as unknown as KubeObject)
  return [...errors, ...problems.map((problem) => ({ ...problem, field: `${at}.${problem.field}` }))]
}

function finalizerWarnings(object: KubeObject, old: KubeObject | undefined): string[] {
  const known = new Set(old?.metadata.finalizers)
  return (object.metadata.finalizers ?? [])
    .filter((finalizer) => !known.has(finalizer) && !finalizer.includes('/') && !STANDARD_FINALIZERS.has(finalizer))
    .map((finalizer) => {
      const domain = finalizer.includes('.') ? ' including a path (/)' : ''
      const advice = `prefer a domain-qualified finalizer name${domain} to avoid accidental conflicts with other finalizer writers`
      return `metadata.finalizers: ${JSON.stringify(finalizer)}: ${advice}`
    })
}

const STANDARD_FINALIZERS = new Set(['orphan', 'foregroundDeletion', 'kubernetes'])

export function sameDefinition(a: CustomResourceDefinition, b: CustomResourceDefinition): boolean {
  return (
    a.metadata.uid === b.metadata.uid && sameJson(a.spec, b.spec) && sameJson(a.status?.acceptedNames, b.status?.acceptedNames)
  )
}
