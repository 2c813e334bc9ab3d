import { ApiError, badRequest } from '@skiff/api'
import { cloneJson, isJsonObject, jsonEquals, ownValue, setKey } from './json-value.ts'

/** As upstream's apiserver bounds a patch: operations, and bytes that its `copy` operations may add up to. */
const MAX_OPERATIONS = 10_000
const MAX_COPIED_BYTES = 3 * 1024 * 1024

/**
 * RFC 6902 on a copy of the original; the first operation that fails fails the whole patch (422).
 *
 * Not done by a library: those that exist walk into inherited properties (`/metadata/hasOwnProperty/call`), so that a
 * patch could change the process' own functions, or refuse keys such as `constructor` that are fine as labels.
 */
export function jsonPatch(original: unknown, patch: unknown): unknown {
  if (patch === null) return cloneJson(original)
  if (!Array.isArray(patch)) throw badRequest(`json: cannot unmarshal ${goKind(patch)} into Go value of type jsonpatch.Patch`)
  if (patch.length > MAX_OPERATIONS) throw tooManyOperations(patch.length)
  const document = new PatchedDocument(original)
  for (const operation of patch) document.apply(operation)
  return document.root
}

class PatchedDocument {
  root: unknown
  private copiedBytes = 0

  constructor(original: unknown) {
    this.root = cloneJson(original)
  }

  apply(operation: unknown): void {
    if (!isJsonObject(operation)) throw rejected()
    const path = pointerTokens(operation.path)
    switch (operation.op) {
      case 'add':
        this.add(path, givenValue(operation))
        return
      case 'remove':
        this.remove(path)
        return
      case 'replace':
        this.replace(path, givenValue(operation))
        return
      case 'move':
        this.move(pointerTokens(operation.from), path)
        return
      case 'copy':
        this.copy(pointerTokens(operation.from), path)
        return
      case 'test':
        this.test(path, operation.value ?? null)
        return
      default:
        throw rejected()
    }
  }

  private add(path: readonly string[], value: unknown): void {
    if (path.length === 0) {
      this.root = value
      return
    }
    const { parent, key } = this.parentOf(path)
    if (isJsonObject(parent)) setKey(parent, key, value)
    else parent.splice(key === '-' ? parent.length : indexIn(parent, key, parent.length), 0, value)
  }

  private remove(path: readonly string[]): unknown {
    const removed = this.existing(path)
    const { parent, key } = this.parentOf(path)
    if (isJsonObject(parent)) delete parent[key]
    else parent.splice(indexIn(parent, key, parent.length - 1), 1)
    return removed
  }

  /** As upstream's library has it, what is not there in an object is added. */
  private replace(path: readonly string[], value: unknown): void {
    if (path.length === 0) {
      this.root = value
      return
    }
    const { parent, key } = this.parentOf(path)
    if (isJsonObject(parent)) setKey(parent, key, value)
    else parent[indexIn(parent, key, parent.length - 1)] = value
  }

  private move(from: readonly string[], path: readonly string[]): void {
    const intoItself = from.length < path.length && from.every((token, index) => token === path[index])
    if (intoItself) throw rejected()
    this.add(path, this.remove(from))
  }

  private copy(from: readonly string[], path: readonly string[]): void {
    const parent = this.valueAt(from.slice(0, -1))
    // As upstream's library has it, what is not there in an object is copied as null.
    const value = isJsonObject(parent) ? (this.valueAt(from) ?? null) : this.existing(from)
    this.copiedBytes += JSON.stringify(value).length
    if (this.copiedBytes > MAX_COPIED_BYTES) throw rejected()
    this.add(path, cloneJson(value))
  }

  private test(path: readonly string[], expected: unknown): void {
    // As upstream's library has it, a test for null holds where nothing is.
    const found = expected === null ? this.valueAt(path) : this.existing(path)
    if (!jsonEquals(found ?? null, expected)) throw rejected()
  }

  private existing(path: readonly string[]): unknown {
    const value = this.valueAt(path)
    if (value === undefined) throw rejected()
    return value
  }

  private valueAt(path: readonly string[]): unknown {
    return path.reduce<unknown>((value, token) => child(value, token), this.root)
  }

  private parentOf(path: readonly string[]): { parent: Record<string, unknown> | unknown[]; key: string } {
    const key = path.at(-1)
    if (key === undefined) throw rejected()
    const parent = this.valueAt(path.slice(0, -1))
    if (!Array.isArray(parent) && !isJsonObject(parent)) throw rejected()
    return { parent, key }
  }
}

function child(value: unknown, token: string): unknown {
  if (Array.isArray(value)) return value[indexIn(value, token, value.length - 1)]
  return isJsonObject(value) ? ownValue(value, token) : undefined
}

/** -1 is the last item, as upstream's library reads it. */
function indexIn(list: readonly unknown[], token: string, highest: number): number {
  if (!/^(0|-?[1-9]\d*)$/.test(token)) throw rejected()
  const index = Number(token) < 0 ? Number(token) + list.length : Number(token)
  if (index < 0 || index > highest) throw rejected()
  return index
}

function pointerTokens(pointer: unknown): string[] {
  if (typeof pointer !== 'string') throw rejected()
  if (pointer === '') return []
  if (!pointer.startsWith('/')) throw rejected()
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function givenValue(operation: Record<string, unknown>): unknown {
  if (!Object.hasOwn(operation, 'value')) throw rejected()
  return cloneJson(operation.value)
}

function rejected(): ApiError {
  return new ApiError('Invalid', 'the server rejected our request due to an error in our request', { details: {} })
}

function tooManyOperations(count: number): ApiError {
  const limit = `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${count}`
  return new ApiError('RequestEntityTooLarge', `Request entity too large: ${limit}`)
}

function goKind(value: unknown): string {
  if (value === null) return 'null'
  return typeof value === 'boolean' ? 'bool' : typeof value
}
