import type { CustomResourceDefinition } from '@skiff/api'
import { schemaOfVersion } from '../../custom-resources/definition.ts'
import { isKnownFormat } from '../../custom-resources/schema/formats.ts'
import { additionalOf, type JsonSchema } from '../../custom-resources/schema/json-schema.ts'

/** What a definition says without effect; not again what the stored one said already. */
export function definitionWarnings(definition: CustomResourceDefinition, old: CustomResourceDefinition | undefined): string[] {
  const known = new Set(old === undefined ? [] : warningsOf(old))
  return warningsOf(definition).filter((warning) => !known.has(warning))
}

function warningsOf({ spec }: CustomResourceDefinition): string[] {
  return [...new Set(spec.versions.flatMap((version) => schemaWarnings(schemaOfVersion(version))))].sort()
}

function schemaWarnings(schema: JsonSchema): string[] {
  const { type, format, items, properties = {} } = schema
  const additional = additionalOf(schema)
  const isComplexSet = schema['x-kubernetes-list-type'] === 'set' && (items?.type === 'object' || items?.type === 'array')
  return [
    ...(type === 'string' && format && !isKnownFormat(format) ? [`unrecognized format ${JSON.stringify(format)}`] : []),
    ...(isComplexSet
      ? [
          `x-kubernetes-list-type: set for items of type "${items.type}" is not supported by server-side apply or CEL validation rules`,
        ]
      : []),
    ...Object.values(properties).flatMap(schemaWarnings),
    ...(additional === undefined ? [] : schemaWarnings(additional)),
    ...(items === undefined ? [] : schemaWarnings(items)),
  ]
}
