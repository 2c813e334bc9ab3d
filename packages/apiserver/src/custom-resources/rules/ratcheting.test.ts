import { afterEach, beforeEach, expect, test } from 'vitest'
import type { JsonSchema } from '../schema/json-schema.ts'
import { DEFINITIONS, startCustomCluster, WIDGETS, widget } from '../testing/custom-cluster.ts'

// What upstream's e2e tests of CRDValidationRatcheting ask, all of it through server-side apply.

let api: Awaited<ReturnType<typeof startCustomCluster>>
beforeEach(async () => {
  api = await startCustomCluster()
  await api.define()
})
afterEach(async () => await api.close())

const apply = (name: string, object: object) =>
  api.send('PATCH', `${WIDGETS}/${name}?fieldManager=manager`, widget(name, object), {
    'content-type': 'application/apply-patch+yaml',
  })

async function becomes(properties: Record<string, JsonSchema>): Promise<void> {
  const path = `${DEFINITIONS}/widgets.example.com`
  const { body } = await api.send('GET', path)
  const sentinel: JsonSchema = { type: 'string', enum: ['as it is now'] }
  body.spec.versions[0].schema.openAPIV3Schema = {
    type: 'object',
    properties: { ...properties, __update_schema_sentinel_field__: sentinel },
  }
  expect(await api.send('PUT', path, body)).toMatchObject({ status: 200 })
}

const nested = (field: JsonSchema, more: Record<string, JsonSchema> = {}): Record<string, JsonSchema> => ({
  field,
  ...more,
  struct: { type: 'object', properties: { field, ...more } },
  list: {
    type: 'array',
    maxItems: 5,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['key'],
    items: { type: 'object', properties: { key: { type: 'string' }, field, ...more }, required: ['key'] },
  },
  map: { type: 'object', maxProperties: 5, additionalProperties: { type: 'object', properties: { field, ...more } } },
})
const filled = (field: string, more: object = {}) => ({
  field,
  ...more,
  struct: { field, ...more },
  list: [
    { key: 'foo', field, ...more },
    { key: 'bar', field, ...more },
  ],
  map: { foo: { field, ...more }, bar: { field, ...more } },
})
const labelled = (name: string) => ({ metadata: { name, labels: { foo: 'bar' } } })
const fieldsOf = (reply: { body: { details?: { causes?: { field: string }[] } } }) =>
  (reply.body.details?.causes ?? []).map(({ field }) => field)
const rule = (text: string, more: object = {}): JsonSchema => ({
  type: 'string',
  maxLength: 8,
  'x-kubernetes-validations': [{ rule: text, ...more }],
})

const BY_RULE = ['field', 'struct.field', 'list[0].field', 'list[1].field', 'map[foo].field', 'map[bar].field']
const BY_SCHEMA = ['field', 'struct.field', 'list[0].field', 'list[1].field', 'map.foo.field', 'map.bar.field']

test('what is wrong with the schema is said beside what is wrong with the metadata', async () => {
  await becomes({})
  const refused = await apply('sentinel', {
    metadata: { name: 'sentinel', finalizers: ['unqualified-finalizer'], labels: { '#inv/($%)/alid=': '>htt$://' } },
    __update_schema_sentinel_field__: '1',
  })
  expect(refused).toMatchObject({ status: 422, body: { message: expect.stringContaining('"as it is now"') } })
})

test.each<[string, JsonSchema]>([
  ['the schema', { type: 'string', enum: ['foo'] }],
  ['a rule', rule("self == 'foo'")],
])('what %s minds may stay where it was, beside what is new', async (_what, field) => {
  await apply('a', filled('notfoo'))
  await becomes(nested(field, { other: { type: 'string' } }))
  expect(await apply('a', { ...filled('notfoo'), ...labelled('a') })).toMatchObject({ status: 200 })
  const more = filled('notfoo', { other: 'whatever' })
  const grown = { ...more, list: [...more.list, { key: 'baz', field: 'foo' }] }
  expect(await apply('a', grown)).toMatchObject({ status: 200, body: { list: grown.list } })
})

test.each<[string, JsonSchema, readonly string[]]>([
  ['the schema', { type: 'string', enum: ['foo'] }, BY_SCHEMA],
  ['a rule', rule("self == 'foo'"), BY_RULE],
])('what %s minds is refused where it is new', async (_what, field, fields) => {
  await apply('a', filled('foo'))
  await becomes(nested(field))
  expect(fieldsOf(await apply('a', filled('notfoo')))).toEqual(expect.arrayContaining([...fields]))
})

test.each<[string, JsonSchema]>([
  ['the schema', { type: 'string', enum: ['notfoo'] }],
  ['a rule', rule("self != 'foo'")],
])('items of sets and atomic lists were nowhere before: %s minds all of them', async (_what, items) => {
  const lists = (...values: string[]) => ({ setArray: values, atomicArray: values })
  await apply('a', lists('foo', 'bar'))
  const maxItems = 5
  await becomes({
    atomicArray: { type: 'array', maxItems, items },
    setArray: { type: 'array', maxItems, 'x-kubernetes-list-type': 'set', items },
  })
  const { body } = await apply('a', { ...lists('foo', 'bar', 'notfoo'), ...labelled('a') })
  expect(body.message).toMatch(/setArray\[0\].*atomicArray\[0\]/u)
})

test('rules about changes are asked of everything, changed or not', async () => {
  await apply('a', filled('foo'))
  await becomes(nested(rule('self != oldSelf')))
  expect(fieldsOf(await apply('a', { ...filled('foo'), ...labelled('a') }))).toEqual(expect.arrayContaining(BY_RULE))
})

test('a rule that minds the absence of an old value is asked of new values as well', async () => {
  await becomes(nested(rule('!oldSelf.hasValue() || self != oldSelf.value()', { optionalOldSelf: true })))
  expect(await apply('a', filled('foo'))).toMatchObject({ status: 201 })
  expect(fieldsOf(await apply('a', { ...filled('foo'), ...labelled('a') }))).toEqual(expect.arrayContaining(BY_RULE))
  expect(await apply('a', filled('new'))).toMatchObject({ status: 200 })
})
