import { describe, expect, it } from 'vitest'
import { decodeObject, schemaOfObject } from '../index.ts'
import recordedObjects from './testdata/recorded-objects.json' with { type: 'json' }

describe('objects as a real API server answered them', () => {
  it.each(recordedObjects)('$kind of $apiVersion is known in every field, and canonical', (object) => {
    const schema = schemaOfObject(object.apiVersion, object.kind)
    if (schema === undefined) throw new Error(`no schema of ${object.kind}`)
    expect(decodeObject(schema, structuredClone(object), { mode: 'Strict' }).object).toEqual(object)
  })
})
