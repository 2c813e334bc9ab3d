import { describe, expect, test } from 'vitest'
import type { JsonSchema, ValidationRule } from '../schema/json-schema.ts'
import { DEFINITIONS, definitionOf, specOf, startCustomCluster, WIDGETS, widget } from '../testing/custom-cluster.ts'

const rules = (...list: ValidationRule[]): JsonSchema => ({ 'x-kubernetes-validations': list })
const BASE: JsonSchema = {
  type: 'object',
  properties: {
    x: { type: 'integer' },
    y: { type: 'integer' },
    name: { type: 'string', maxLength: 20 },
    port: { 'x-kubernetes-int-or-string': true },
    namespace: { type: 'string', maxLength: 20 },
  },
}

async function clusterWith(spec: JsonSchema, more: JsonSchema = {}) {
  const api = await startCustomCluster()
  await api.define({ versions: [{ schema: specOf({ ...BASE, ...spec }, more) }] })
  const put = async (name: string, newSpec: object) => {
    const { body } = await api.send('GET', `${WIDGETS}/${name}`)
    return await api.send('PUT', `${WIDGETS}/${name}`, { ...body, spec: newSpec })
  }
  return { ...api, put, [Symbol.asyncDispose]: api.close }
}

const causesOf = (reply: { body: { details?: { causes?: { field: string; reason: string; message: string }[] } } }) =>
  (reply.body.details?.causes ?? []).map(({ field, reason, message }) => `${field} ${reason} ${message}`)

describe('a rule of a schema', () => {
  test('refuses what does not satisfy it, in its own words or the author’s', async () => {
    await using api = await clusterWith(
      rules(
        { rule: 'self.x + self.y > 0' },
        { rule: 'self.x < 10', message: 'x is too large' },
        { rule: 'self.y < 10', messageExpression: '"y is " + string(self.y)', reason: 'FieldValueForbidden', fieldPath: '.y' },
        { rule: "!has(self.__namespace__) || self.__namespace__ != 'kube-system'" },
        { rule: '!has(self.port) || type(self.port) != int || self.port < 100' },
      ),
      rules({ rule: "self.metadata.name.startsWith('w')" }),
    )
    expect((await api.create('wa', { spec: { x: 1, y: 0, port: 'http' } })).status).toBe(201)
    expect(causesOf(await api.create('wb', { spec: { x: 0, y: 0 } }))).toEqual([
      'spec FieldValueInvalid Invalid value: failed rule: self.x + self.y > 0',
    ])
    expect(causesOf(await api.create('b', { spec: { x: 20, y: 20, port: 200, namespace: 'kube-system' } }))).toEqual([
      "<nil> FieldValueInvalid Invalid value: failed rule: self.metadata.name.startsWith('w')",
      'spec FieldValueInvalid Invalid value: x is too large',
      'spec.y FieldValueForbidden Forbidden: y is 20',
      "spec FieldValueInvalid Invalid value: failed rule: !has(self.__namespace__) || self.__namespace__ != 'kube-system'",
      'spec FieldValueInvalid Invalid value: failed rule: !has(self.port) || type(self.port) != int || self.port < 100',
    ])
    expect(causesOf(await api.create('wc', { spec: { y: 1 } }))).toEqual([
      'spec FieldValueInvalid Invalid value: "object": no such key: x evaluating rule: self.x + self.y > 0',
      'spec FieldValueInvalid Invalid value: "object": no such key: x evaluating rule: x is too large',
    ])
  })

  test('about the old self holds for changes only, unless it says that it minds its absence', async () => {
    await using api = await clusterWith(
      rules(
        { rule: 'self.x >= oldSelf.x', message: 'x never shrinks' },
        { rule: 'oldSelf.hasValue() || self.y == 0', optionalOldSelf: true, message: 'y starts at 0' },
      ),
    )
    expect(causesOf(await api.create('a', { spec: { x: 5, y: 1 } }))).toEqual([
      'spec FieldValueInvalid Invalid value: y starts at 0',
    ])
    expect((await api.create('a', { spec: { x: 5, y: 0 } })).status).toBe(201)
    expect((await api.put('a', { x: 6, y: 3 })).status).toBe(200)
    expect(causesOf(await api.put('a', { x: 4, y: 3 }))).toEqual(['spec FieldValueInvalid Invalid value: x never shrinks'])
  })

  test('that costs too much is stopped', async () => {
    const list: JsonSchema = { type: 'array', maxItems: 2_000, items: { type: 'integer' } }
    await using api = await clusterWith({
      properties: { list: { ...list, ...rules({ rule: 'self.all(a, self.all(b, a + b + a + b >= 0))' }) } },
    })
    const items = Array.from({ length: 2_000 }, (_, index) => index)
    expect(causesOf(await api.create('a', { spec: { list: items } })).join()).toContain(
      'operation cancelled: actual cost limit exceeded',
    )
    expect((await api.create('a', { spec: { list: items.slice(0, 100) } })).status).toBe(201)
  })

  test('is not asked of what is wrong anyway, and says so', async () => {
    await using api = await clusterWith(rules({ rule: 'self.x > 0' }))
    expect(causesOf(await api.create('a', { spec: { x: 'text' } }))).toEqual([
      'spec.x FieldValueTypeInvalid Invalid value: "string": spec.x in body must be of type integer: "string"',
      '<nil> FieldValueInvalid Invalid value: "null": some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
    ])
  })
})

test('what was wrong before may stay as it is; what changes must be right', async () => {
  await using api = await clusterWith({})
  await api.create('a', { spec: { x: 1, y: 1, name: 'old' } })
  const { body } = await api.send('GET', `${DEFINITIONS}/widgets.example.com`)
  const { spec } = body.spec.versions[0].schema.openAPIV3Schema.properties
  spec.properties.x.minimum = 5
  spec.properties.name['x-kubernetes-validations'] = [{ rule: "self.startsWith('new')" }]
  expect((await api.send('PUT', `${DEFINITIONS}/widgets.example.com`, body)).status).toBe(200)

  expect((await api.put('a', { x: 1, y: 2, name: 'old' })).status).toBe(200)
  expect(causesOf(await api.put('a', { x: 2, y: 2, name: 'older' }))).toEqual([
    'spec.x FieldValueInvalid Invalid value: 2: spec.x in body should be greater than or equal to 5',
    'spec.name FieldValueInvalid Invalid value: "older": failed rule: self.startsWith(\'new\')',
  ])
})

describe('a definition is refused whose rules', () => {
  test.each<[string, JsonSchema, string]>([
    [
      'name what is not there',
      rules({ rule: 'self.z == 100' }),
      "compilation failed: ERROR: <input>:1:5: undefined field 'z'\n | self.z == 100\n | ....^",
    ],
    ['are no sentences', rules({ rule: 'self.x == ' }), 'compilation failed: ERROR: <input>:1:11: Syntax error: '],
    ['are no questions', rules({ rule: 'self.x' }), 'cel expression must evaluate to a bool'],
    ['are empty', rules({ rule: ' ' }), 'rule is not specified'],
    [
      'have a message that is no text',
      rules({ rule: 'true', messageExpression: 'self.x' }),
      'messageExpression must evaluate to a string',
    ],
    ['point nowhere', rules({ rule: 'true', fieldPath: '.nope' }), 'must be a valid path'],
    ['have an unknown reason', rules({ rule: 'true', reason: 'Whim' }), 'supported values: "FieldValueDuplicate"'],
    [
      'mind an old self that they do not use',
      rules({ rule: 'true', optionalOldSelf: true }),
      'may not be set if oldSelf is not used in rule',
    ],
    [
      'no object could afford',
      {
        properties: {
          list: {
            type: 'array',
            items: { type: 'array', items: { type: 'string' } },
            ...rules({ rule: 'self.all(a, a.all(b, self.all(c, c.all(d, b == d))))' }),
          },
        },
      },
      'estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)',
    ],
    [
      'ask for the old self of what can not be followed',
      { properties: { list: { type: 'array', items: { type: 'integer', ...rules({ rule: 'self >= oldSelf' }) } } } },
      'oldSelf cannot be used on the uncorrelatable portion of the schema within spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[list]',
    ],
  ])('%s', async (_, spec, message) => {
    await using api = await startCustomCluster()
    const { status, body } = await api.send(
      'POST',
      DEFINITIONS,
      definitionOf({ versions: [{ schema: specOf({ ...BASE, ...spec }) }] }),
    )
    expect(status).toBe(422)
    expect(body.message).toContain(message)
  })
})

test('rules that real definitions carry are taken and hold', async () => {
  await using api = await startCustomCluster()
  const hosts: JsonSchema = {
    type: 'array',
    maxItems: 16,
    items: { type: 'string', maxLength: 253 },
    'x-kubernetes-list-type': 'set',
    ...rules({ rule: "self.all(h, !h.contains('*') || h.startsWith('*.'))", message: 'wildcards come first' }),
  }
  const entries: JsonSchema = {
    type: 'array',
    maxItems: 64,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
    items: {
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string', maxLength: 63 },
        weight: { type: 'integer' },
        kind: { type: 'string', maxLength: 63 },
      },
      ...rules({ rule: '!has(oldSelf.kind) || (has(self.kind) && self.kind == oldSelf.kind)', message: 'kind is immutable' }),
    },
    ...rules({ rule: 'self.exists_one(e, e.weight == 100)', message: 'one has it all' }),
  }
  await api.define({ versions: [{ schema: specOf({ type: 'object', properties: { hosts, entries } }) }] })
  const created = await api.create('a', { spec: { hosts: ['*.a', 'b'], entries: [{ name: 'x', weight: 100, kind: 'k' }] } })
  expect(created.status).toBe(201)
  expect(causesOf(await api.create('b', { spec: { hosts: ['a.*'], entries: [{ name: 'x', weight: 1 }] } }))).toEqual([
    'spec.hosts FieldValueInvalid Invalid value: wildcards come first',
    'spec.entries FieldValueInvalid Invalid value: one has it all',
  ])
  const changed = {
    ...widget('a'),
    metadata: created.body.metadata,
    spec: { entries: [{ name: 'x', weight: 100, kind: 'other' }] },
  }
  expect(causesOf(await api.send('PUT', `${WIDGETS}/a`, changed))).toEqual([
    'spec.entries[0] FieldValueInvalid Invalid value: kind is immutable',
  ])
})
