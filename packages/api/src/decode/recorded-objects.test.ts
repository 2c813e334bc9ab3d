import { describe, expect, it } from 'vitest'
import { decodeObject, fillEmptyFields, schemaOfObject } from '../index.ts'
import recordedObjects from './testdata/recorded-objects.json' with { type: 'json' }

describe('objects as a real API server answered them', () => {
  it.each(recordedObjects)('$kind of $apiVersion is known in every field, canonical and complete', (object) => {
    const schema = schemaOfObject(object.apiVersion, object.kind)
    if (schema === undefined) throw new Error(`no schema of ${object.kind}`)
    const decoded = decodeObject(schema, structuredClone(object), { mode: 'Strict' }).object
    expect(decoded).toEqual(object)
    fillEmptyFields(schema, decoded)
    expect(decoded).toEqual(object)
  })
})
