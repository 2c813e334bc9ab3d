/**
 * What is wrong with one field of an object, and the 422 that tells all of it
 * (k8s.io/apimachinery/pkg/util/validation/field): same words, same causes.
 */

import { ApiError } from './errors.ts'
import type { KindInfo } from './kinds.ts'

type FieldErrorType =
  | 'Required'
  | 'Invalid'
  | 'NotSupported'
  | 'NotFound'
  | 'Forbidden'
  | 'Duplicate'
  | 'TooLong'
  | 'TooMany'
  | 'TypeInvalid'

export interface FieldError {
  readonly type: FieldErrorType
  readonly field: string
  /** Absent where upstream shows none. */
  readonly badValue?: unknown
  readonly detail: string
}

/** A place in an object: `spec.containers[0].ports[1].name`. Immutable: each step gives a new one. */
export class FieldPath {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  child(...names: readonly string[]): FieldPath {
    let text = this.#text
    for (const name of names) text = text === '' ? name : `${text}.${name}`
    return new FieldPath(text)
  }

  index(index: number): FieldPath {
    return new FieldPath(`${this.#text}[${index}]`)
  }

  /** A key of a map: `metadata.labels[app]`. */
  key(key: string): FieldPath {
    return new FieldPath(`${this.#text}[${key}]`)
  }

  toString(): string {
    return this.#text
  }
}

const ROOT = new FieldPath('')

export type FieldPathLike = FieldPath | string

/** `path('spec', 'template').child('metadata')`; `path()` is the object itself. */
export function path(...names: readonly string[]): FieldPath {
  return ROOT.child(...names)
}

export function required(field: FieldPathLike, detail = ''): FieldError {
  return { type: 'Required', field: String(field), detail }
}

export function invalid(field: FieldPathLike, badValue: unknown, detail: string): FieldError {
  return { type: 'Invalid', field: String(field), badValue, detail }
}

export function notSupported(field: FieldPathLike, badValue: unknown, supported: readonly string[]): FieldError {
  const detail = supported.length === 0 ? '' : `supported values: ${supported.map((value) => goQuote(value)).join(', ')}`
  return { type: 'NotSupported', field: String(field), badValue, detail }
}

export function fieldNotFound(field: FieldPathLike, badValue: unknown): FieldError {
  return { type: 'NotFound', field: String(field), badValue, detail: '' }
}

export function forbiddenField(field: FieldPathLike, detail: string): FieldError {
  return { type: 'Forbidden', field: String(field), detail }
}

export function duplicate(field: FieldPathLike, badValue: unknown): FieldError {
  return { type: 'Duplicate', field: String(field), badValue, detail: '' }
}

export function tooLong(field: FieldPathLike, maxBytes: number): FieldError {
  return { type: 'TooLong', field: String(field), detail: `may not be more than ${maxBytes} bytes` }
}

export function tooMany(field: FieldPathLike, actual: number, max: number): FieldError {
  return {
    type: 'TooMany',
    field: String(field),
    badValue: actual,
    detail: `must have at most ${max} item${max === 1 ? '' : 's'}`,
  }
}

export function typeInvalid(field: FieldPathLike, badValue: unknown, detail: string): FieldError {
  return { type: 'TypeInvalid', field: String(field), badValue, detail }
}

/** One `Invalid` per problem, as the functions of names.ts give them. */
export function invalidEach(field: FieldPathLike, badValue: unknown, problems: readonly string[]): FieldError[] {
  return problems.map((problem) => invalid(field, badValue, problem))
}

/** Without the field's name: `Invalid value: "x": must be ...`. */
function fieldErrorBody(error: FieldError): string {
  const title = TITLE[error.type]
  const value = 'badValue' in error && SHOWS_VALUE.has(error.type) ? `: ${showValue(error.badValue)}` : ''
  return `${title}${value}${error.detail === '' ? '' : `: ${error.detail}`}`
}

export function fieldErrorMessage(error: FieldError): string {
  return `${error.field}: ${fieldErrorBody(error)}`
}

/** The 422 for an object that breaks its kind's rules: `Pod "web" is invalid: spec.containers: Required value`. */
export function invalidObject(info: Pick<KindInfo, 'group' | 'kind'>, name: string, errors: readonly FieldError[]): ApiError {
  const kind = info.group === '' ? info.kind : `${info.kind}.${info.group}`
  const messages = [...new Set(errors.map(fieldErrorMessage))]
  const listed = messages.length > 1 ? `[${messages.join(', ')}]` : (messages[0] ?? '')
  const message = `${kind} ${goQuote(name)} is invalid${listed === '' ? '' : `: ${listed}`}`
  const causes = errors.map((error) => ({ reason: CAUSE[error.type], message: fieldErrorBody(error), field: error.field }))
  return new ApiError('Invalid', message, {
    details: {
      ...(name === '' ? {} : { name }),
      ...(info.group === '' ? {} : { group: info.group }),
      ...(info.kind === '' ? {} : { kind: info.kind }),
      ...(causes.length === 0 ? {} : { causes }),
    },
  })
}

const TITLE: Readonly<Record<FieldErrorType, string>> = {
  Required: 'Required value',
  Invalid: 'Invalid value',
  NotSupported: 'Unsupported value',
  NotFound: 'Not found',
  Forbidden: 'Forbidden',
  Duplicate: 'Duplicate value',
  TooLong: 'Too long',
  TooMany: 'Too many',
  TypeInvalid: 'Invalid value',
}

const CAUSE: Readonly<Record<FieldErrorType, string>> = {
  Required: 'FieldValueRequired',
  Invalid: 'FieldValueInvalid',
  NotSupported: 'FieldValueNotSupported',
  NotFound: 'FieldValueNotFound',
  Forbidden: 'FieldValueForbidden',
  Duplicate: 'FieldValueDuplicate',
  TooLong: 'FieldValueTooLong',
  TooMany: 'FieldValueTooMany',
  TypeInvalid: 'FieldValueTypeInvalid',
}

const SHOWS_VALUE: ReadonlySet<FieldErrorType> = new Set([
  'Invalid',
  'TypeInvalid',
  'NotSupported',
  'NotFound',
  'Duplicate',
  'TooMany',
])

function showValue(value: unknown): string {
  if (typeof value === 'string') return goQuote(value)
  if (value === undefined) return 'null'
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner))
}

/** A string as Go's %q shows it. */
export function goQuote(text: string): string {
  return JSON.stringify(text).replace(
    /\\u00([01][0-9a-f]|7f)|\\[bf]|\u007f/g,
    (escaped) => GO_ESCAPE[escaped] ?? `\\x${escaped.slice(-2)}`,
  )
}

const GO_ESCAPE: Readonly<Record<string, string>> = {
  '\\b': '\\b',
  '\\f': '\\f',
  '\\u0007': '\\a',
  '\\u000b': '\\v',
  '\u007f': '\\x7f',
}
