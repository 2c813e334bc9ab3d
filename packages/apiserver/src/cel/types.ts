/** The types that an expression is checked with, and how values of them are made out of JSON. */

export type CelType =
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'null'
  | 'timestamp'
  | 'duration'
  /** Of any type: nothing is known before it is looked at. */
  | 'dyn'
  | CelList
  | CelMap
  | CelOptional
  | CelObject
  | CelOpaque

export interface CelList {
  readonly kind: 'list'
  readonly items: CelType
}

/** Keys are strings. */
export interface CelMap {
  readonly kind: 'map'
  readonly values: CelType
}

export interface CelOptional {
  readonly kind: 'optional'
  readonly value: CelType
}

/** An object of known fields, by their names in JSON. A field that is not among them is a compile error. */
export interface CelObject {
  readonly kind: 'object'
  readonly fields: ReadonlyMap<string, CelType>
  /** Expressions write the names as they are in JSON, reserved words among them (`request.namespace`). */
  readonly plainNames?: true
}

/** A type that a library registers; its values are passed on as they are. */
export interface CelOpaque {
  readonly kind: 'opaque'
  readonly name: string
}

const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)

const ESCAPES: Readonly<Record<string, string>> = { __: '__underscores__', '.': '__dot__', '-': '__dash__', '/': '__slash__' }

/** A field's name as expressions write it (`a-b`: `a__dash__b`); undefined when they can't. */
export function escapeFieldName(name: string): string | undefined {
  if (RESERVED.has(name)) return `__${name}__`
  if (!/^[A-Za-z_./-][A-Za-z0-9_./-]*$/.test(name)) return undefined
  return name.replace(/__|[./-]/g, (part) => ESCAPES[part] ?? part)
}
