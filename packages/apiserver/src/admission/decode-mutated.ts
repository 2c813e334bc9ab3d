import { ApiError, apiVersionOf, decodeObject, type KindInfo, type KubeObject, schemaOf } from '@skiff/api'
import { isJsonObject, type JsonObject } from '../patch/json-value.ts'
import type { Registry } from '../registry/registry.ts'
import type { ResourceDefinition } from '../registry/resource-definition.ts'

/** An object out of what webhooks or policies made of one: unknown fields dropped, types checked, defaults filled in. */
export function decodeMutated(value: unknown, info: KindInfo, registry: Registry): KubeObject {
  if (!isJsonObject(value) || !isJsonObject(value.metadata))
    throw new ApiError('InternalError', 'the mutated object is no object')
  const definition = registry.find(info)?.definition
  const object = {
    ...typedValue(value, info, definition),
    apiVersion: apiVersionOf(info),
    kind: info.kind,
  } as unknown as KubeObject
  definition?.strategy.default?.(object)
  return object
}

function typedValue(value: JsonObject, info: KindInfo, definition: ResourceDefinition | undefined): object {
  if (definition?.custom !== undefined) return definition.custom.decode(value, { mode: 'Ignore' }).object
  const schema = schemaOf(info.group, info.version, info.kind)
  return schema === undefined ? value : decodeObject(schema, value, { mode: 'Ignore' }).object
}
