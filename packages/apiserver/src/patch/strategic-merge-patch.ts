import { ApiError, type FieldSchema, type TypeSchema, type ValueType } from '@skiff/api'
import { orderByPatch } from './element-order.ts'
import { identityOf } from './item-places.ts'
import { cloneJson, isJsonObject, type JsonObject, jsonEquals, ownValue, setKey } from './json-value.ts'

const DIRECTIVE = '$patch'
const RETAIN_KEYS = '$retainKeys'
const ELEMENT_ORDER = '$setElementOrder/'
const DELETE_FROM_LIST = '$deleteFromPrimitiveList/'

/**
 * Kubernetes' own patch: objects merge, lists merge by the key that their schema names, directives do the rest
 * (k8s.io/apimachinery/pkg/util/strategicpatch, whose words and order of items are kept). The original is not changed.
 */
export function strategicMergePatch(original: object, patch: object, schema: TypeSchema): object {
  const copy: unknown = cloneJson(original)
  const merged = isJsonObject(copy) && isJsonObject(patch) ? mergeObject(copy, patch, { kind: 'object', schema }) : patch
  return merged
}

/** `original` is a copy that may be changed; what it takes from `patch` is copied. */
function mergeObject(original: JsonObject, patch: JsonObject, type: ValueType | undefined): JsonObject {
  if (Object.hasOwn(patch, DIRECTIVE)) return replacedObject(original, patch, type)
  const result = retainKeys(original, patch)
  const ordered = applyElementOrders(result, patch, type)
  for (const [key, value] of Object.entries(patch)) {
    if (key === RETAIN_KEYS || key.startsWith(ELEMENT_ORDER) || ordered.has(key)) continue
    if (key.startsWith(DELETE_FROM_LIST)) deleteFromList(result, key.slice(DELETE_FROM_LIST.length), value)
    else mergeField(result, key, value, type)
  }
  return result
}

function replacedObject(original: JsonObject, patch: JsonObject, type: ValueType | undefined): JsonObject {
  const { [DIRECTIVE]: directive, ...rest } = patch
  switch (directive) {
    case 'replace':
      return withoutDirectives(rest) as JsonObject
    case 'delete':
      return {}
    case 'merge':
      return mergeObject(original, rest, type)
    default:
      throw refused(`unknown patch type: ${showGo(directive)} in map: ${showGo(patch)}`)
  }
}

function mergeField(result: JsonObject, key: string, value: unknown, type: ValueType | undefined): void {
  if (value === null) {
    delete result[key]
    return
  }
  const current = ownValue(result, key)
  const field = fieldOf(type, key)
  const fieldType = field?.type ?? (type?.kind === 'map' ? type.values : undefined)
  if (isJsonObject(current) && isJsonObject(value)) {
    const replaces = field?.patchStrategy.includes('replace') ?? false
    const merged = replaces ? withoutDirectives(value) : mergeObject(current, value, fieldType)
    // `$patch: delete` on a map takes the map away, as upstream's decoding of an empty map does.
    if (value[DIRECTIVE] === 'delete') delete result[key]
    else setKey(result, key, merged)
    return
  }
  if (Array.isArray(current) && Array.isArray(value) && merges(field)) {
    setKey(result, key, mergeList(current, value, field))
    return
  }
  if (isJsonObject(value) && value[DIRECTIVE] === 'delete') delete result[key]
  else setKey(result, key, withoutDirectives(value))
}

/** `$retainKeys` lists all that may remain: the keys of a volume's new source, for instance. */
function retainKeys(original: JsonObject, patch: JsonObject): JsonObject {
  if (!Object.hasOwn(patch, RETAIN_KEYS)) return original
  const listed = patch[RETAIN_KEYS]
  if (!Array.isArray(listed)) throw refused('invalid patch format of retainKeys')
  const keep = new Set<unknown>(listed)
  for (const key of Object.keys(patch)) {
    if (!key.startsWith('$') && patch[key] !== null && !keep.has(key)) throw refused('invalid patch format of retainKeys')
  }
  const result: JsonObject = {}
  for (const [key, value] of Object.entries(original)) if (keep.has(key)) setKey(result, key, value)
  return result
}

/** Lists that come with their order are merged here; the names of those that were are given back. */
function applyElementOrders(result: JsonObject, patch: JsonObject, type: ValueType | undefined): ReadonlySet<string> {
  const done = new Set<string>()
  for (const [directive, order] of Object.entries(patch)) {
    if (!directive.startsWith(ELEMENT_ORDER)) continue
    const key = directive.slice(ELEMENT_ORDER.length)
    const field = fieldOf(type, key)
    const current = ownValue(result, key)
    const given = ownValue(patch, key)
    const items = listOrThrow(order)
    if (current === undefined && (given === undefined || given === null)) continue
    const mergeKey = field?.patchMergeKey
    const live = current === undefined ? [] : listOrThrow(current)
    const changes = given === undefined || given === null ? [] : listOrThrow(given)
    checkOrder(changes, items, mergeKey)
    const merged = merges(field) ? mergeItems(live, changes, field) : { items: changes, order: changes, live }
    setKey(result, key, orderByPatch({ merged: merged.items, order: items, live: merged.live, mergeKey }))
    done.add(key)
  }
  return done
}

/** Every item that a patch changes must have its place in the order, in the same sequence. */
function checkOrder(changes: readonly unknown[], order: readonly unknown[], mergeKey: string | undefined): void {
  let at = 0
  for (const change of changes) {
    if (isJsonObject(change) && Object.hasOwn(change, DIRECTIVE)) continue
    while (at < order.length && !sameItem(order[at], change, mergeKey)) at += 1
    if (at === order.length) {
      throw refused(`The order in patch list:\n${showGo(changes)}\n doesn't match $setElementOrder list:\n${showGo(order)}\n`)
    }
  }
}

function mergeList(live: unknown[], patch: readonly unknown[], field: FieldSchema): unknown[] {
  const { items, order, live: remaining } = mergeItems(live, patch, field)
  return orderByPatch({ merged: items, order, live: remaining, mergeKey: field.patchMergeKey })
}

interface MergedItems {
  readonly items: readonly unknown[]
  /** The patch's items without directives. */
  readonly order: readonly unknown[]
  /** The live items that were not deleted. */
  readonly live: readonly unknown[]
}

function mergeItems(live: readonly unknown[], patch: readonly unknown[], field: FieldSchema): MergedItems {
  const ofObjects = [...live, ...patch].some(isJsonObject)
  if (!ofObjects) return { items: [...new Set([...live, ...patch])], order: patch, live }
  const { patchMergeKey: mergeKey } = field
  if (mergeKey === undefined) throw refused(`cannot merge lists without merge key for ${field.name}`)
  const { remaining, changes } = applyItemDirectives(live, patch, mergeKey)
  const items = [...remaining]
  const itemType = field.type.kind === 'list' ? field.type.items : undefined
  const places = new Map<string, number>()
  const note = (item: unknown, at: number) => {
    const identity = identityOf(item, mergeKey)
    if (isJsonObject(item) && !places.has(identity)) places.set(identity, at)
  }
  items.forEach(note)
  for (const change of changes) {
    const at = places.get(identityOf(change, mergeKey))
    const found = at === undefined ? undefined : items[at]
    if (at !== undefined && isJsonObject(found)) items[at] = mergeObject(found, change, itemType)
    else note(withoutDirectives(change), items.push(withoutDirectives(change)) - 1)
  }
  return { items, order: changes, live: remaining }
}

/** `$patch: delete` takes the items of its key away, `$patch: replace` all live ones. */
function applyItemDirectives(live: readonly unknown[], patch: readonly unknown[], mergeKey: string) {
  const gone = new Set<string>()
  let replaces = false
  const changes: JsonObject[] = []
  for (const item of patch) {
    if (!isJsonObject(item)) throw refused('list element types are not identical')
    switch (item[DIRECTIVE]) {
      case undefined:
        changes.push(item)
        break
      case 'delete':
        requireKey(item, mergeKey)
        gone.add(identityOf(item, mergeKey))
        break
      case 'replace':
        replaces = true
        break
      case 'merge':
        throw refused('merging lists cannot yet be specified in the patch')
      default:
        throw refused(`unknown patch type: ${showGo(item[DIRECTIVE])} in map: ${showGo(item)}`)
    }
  }
  for (const change of changes) requireKey(change, mergeKey)
  const isGone = (item: unknown) => isJsonObject(item) && gone.has(identityOf(item, mergeKey))
  return { remaining: replaces ? [] : live.filter((item) => !isGone(item)), changes }
}

function requireKey(item: JsonObject, mergeKey: string): void {
  if (!Object.hasOwn(item, mergeKey)) throw refused(`map: ${showGo(item)} does not contain declared merge key: ${mergeKey}`)
}

function deleteFromList(result: JsonObject, key: string, value: unknown): void {
  const current = ownValue(result, key)
  if (!Array.isArray(current)) return
  const gone = new Set<unknown>(listOrThrow(value))
  setKey(
    result,
    key,
    current.filter((item) => !gone.has(item)),
  )
}

/** A part of the patch that meets nothing is taken as it is, without what only a merge would have obeyed. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) {
    const kept = value.filter((item) => !(isJsonObject(item) && Object.hasOwn(item, DIRECTIVE)))
    return kept.map(withoutDirectives)
  }
  if (!isJsonObject(value)) return value
  const result: JsonObject = {}
  for (const [key, inner] of Object.entries(value)) {
    const isDirective =
      key === DIRECTIVE || key === RETAIN_KEYS || key.startsWith(ELEMENT_ORDER) || key.startsWith(DELETE_FROM_LIST)
    if (!isDirective && inner !== null) setKey(result, key, withoutDirectives(inner))
  }
  return result
}

function sameItem(left: unknown, right: unknown, mergeKey: string | undefined): boolean {
  if (mergeKey === undefined || !isJsonObject(left) || !isJsonObject(right)) return jsonEquals(left, right)
  return jsonEquals(left[mergeKey], right[mergeKey])
}

function fieldOf(type: ValueType | undefined, key: string): FieldSchema | undefined {
  return type?.kind === 'object' ? type.schema.fields.get(key) : undefined
}

function merges(field: FieldSchema | undefined): field is FieldSchema {
  return field?.patchStrategy.includes('merge') ?? false
}

function listOrThrow(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw refused(`expected a []interface{}, but received a ${goType(value)}`)
  return value
}

/** Upstream answers such patches with 500 and no reason. */
function refused(message: string): ApiError {
  return new ApiError('Unknown', message)
}

function goType(value: unknown): string {
  if (isJsonObject(value)) return 'map[string]interface {}'
  return typeof value === 'number' ? 'int64' : typeof value
}

/** As Go's %v shows it: `map[image:x]`, `[a b]`. */
function showGo(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(showGo).join(' ')}]`
  if (!isJsonObject(value)) return value === undefined || value === null ? '<nil>' : String(value)
  const entries = Object.keys(value).sort()
  return `map[${entries.map((key) => `${key}:${showGo(value[key])}`).join(' ')}]`
}
