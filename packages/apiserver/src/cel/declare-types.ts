import type { Environment } from '@marcbachmann/cel-js'
import { jsonEquals } from '../patch/json-value.ts'
import { CelRecord } from './evaluator.ts'
import { type CelObject, type CelType, escapeFieldName } from './types.ts'
import { type RecordMaker, typedValue } from './values.ts'

export interface DeclaredTypes {
  readonly record: RecordMaker
}

type RecordClass = new (raw: object) => CelRecord

/** Declares the variables and the object types they lead to, as far as the fields in `named` go. */
export function declareTypes(
  environment: Environment,
  variables: Readonly<Record<string, CelType>>,
  named: ReadonlySet<string>,
): DeclaredTypes {
  const classes = new Map<CelObject, RecordClass>()
  const names = new Map<CelObject, string>()

  function nameOf(type: CelType): string {
    if (typeof type === 'string') return SCALAR_NAMES[type] ?? type
    switch (type.kind) {
      case 'opaque':
        return type.name
      case 'list':
        return `list<${nameOf(type.items)}>`
      case 'map':
        return `map<string, ${nameOf(type.values)}>`
      case 'optional':
        return `optional<${nameOf(type.value)}>`
      case 'object':
        return names.get(type) ?? declareObject(type)
    }
  }

  function declareObject(type: CelObject): string {
    const name = `object${names.size + 1}`
    names.set(type, name)
    const fields: Record<string, string> = Object.create(null) as Record<string, string>
    const jsonNames = new Map<string, string>()
    for (const [jsonName, fieldType] of type.fields) {
      const celName = type.plainNames ? jsonName : escapeFieldName(jsonName)
      if (celName === undefined || !named.has(celName)) continue
      fields[celName] = nameOf(fieldType)
      jsonNames.set(celName, jsonName)
    }
    const ctor = recordClass(type, jsonNames, record)
    classes.set(type, ctor)
    environment.registerType(name, { ctor, fields })
    environment.registerOperator(`${name} == ${name}`, (a: CelRecord, b: CelRecord) => jsonEquals(a.raw, b.raw))
    return name
  }

  function record(type: CelObject, raw: object): CelRecord {
    const ctor = classes.get(type)
    if (ctor === undefined) throw new Error('a value of a type that was not declared')
    return new ctor(raw)
  }

  for (const [name, type] of Object.entries(variables)) environment.registerVariable(name, nameOf(type))
  return { record }
}

const SCALAR_NAMES: Readonly<Record<string, string>> = {
  timestamp: 'google.protobuf.Timestamp',
  duration: 'google.protobuf.Duration',
}

/** A class for each type: it is by its class that the library knows a value's type. */
function recordClass(type: CelObject, jsonNames: ReadonlyMap<string, string>, record: RecordMaker): RecordClass {
  return class extends CelRecord {
    constructor(raw: object) {
      super(raw, (name) => {
        const jsonName = jsonNames.get(name)
        if (jsonName === undefined || !Object.hasOwn(raw, jsonName)) return undefined
        const fieldType = type.fields.get(jsonName) ?? 'dyn'
        return typedValue((raw as Record<string, unknown>)[jsonName], fieldType, record)
      })
    }
  }
}
