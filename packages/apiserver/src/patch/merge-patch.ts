import { cloneJson, isJsonObject, type JsonObject, ownValue, setKey } from './json-value.ts'

/** RFC 7386: objects merge, null deletes, everything else replaces. The original is not changed. */
export function mergePatch(original: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return cloneJson(patch)
  const result: JsonObject = {}
  if (isJsonObject(original)) {
    for (const key of Object.keys(original)) {
      if (!Object.hasOwn(patch, key)) setKey(result, key, cloneJson(original[key]))
      else if (patch[key] !== null) setKey(result, key, mergePatch(original[key], patch[key]))
    }
  }
  for (const key of Object.keys(patch)) {
    if (patch[key] === null || Object.hasOwn(result, key)) continue
    setKey(result, key, mergePatch(isJsonObject(original) ? ownValue(original, key) : undefined, patch[key]))
  }
  return result
}
