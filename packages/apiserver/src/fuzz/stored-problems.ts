import { decodeObject, schemaOf } from '@skiff/api'
import { validateMetadata } from '../registry/object-metadata.ts'
import type { Registry } from '../registry/registry.ts'
import type { ResourceRegistry } from '../registry/resource-registry.ts'

/** What is wrong with the objects that were let into the store: each must be one that validation takes. */
export function storedProblems(registry: Registry): string[] {
  return registry
    .all()
    .filter(({ definition }) => definition.conversion === undefined)
    .flatMap((resource) =>
      registry.store.list(resource.prefixOf('')).entries.flatMap(({ key, value }) => problemsOf(resource, key, value)),
    )
}

function problemsOf({ definition, info }: ResourceRegistry, key: string, value: Buffer): string[] {
  const object = JSON.parse(value.toString())
  const problems = [...validateMetadata(definition, object), ...definition.strategy.validate(structuredClone(object))].map(
    (problem) => JSON.stringify(problem),
  )
  const schema = schemaOf(info.group, info.version, info.kind)
  if (schema !== undefined) problems.push(...typeProblems(schema, object))
  const again = structuredClone(object)
  definition.strategy.default?.(again)
  if (JSON.stringify(again.spec) !== JSON.stringify(object.spec)) problems.push('defaults change it once more')
  return problems.map((problem) => `${key}: ${problem}\n${value.toString().slice(0, 2_000)}`)
}

function typeProblems(schema: Parameters<typeof decodeObject>[0], object: unknown): string[] {
  try {
    decodeObject(schema, object, { mode: 'Strict' })
    return []
  } catch (error) {
    return [String(error)]
  }
}
