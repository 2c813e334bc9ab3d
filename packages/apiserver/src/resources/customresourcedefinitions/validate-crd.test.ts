import { expect, test } from 'vitest'
import type { JsonSchema } from '../../custom-resources/schema/json-schema.ts'
import {
  DEFINITIONS,
  type DefinitionParts,
  definitionOf,
  specOf,
  startCustomCluster,
} from '../../custom-resources/testing/custom-cluster.ts'

const SCHEMA = 'spec.versions[0].schema.openAPIV3Schema'
const V1 = { name: 'v1' }

async function problemsOf(parts: DefinitionParts): Promise<string[]> {
  await using api = await startCustomCluster()
  const { status, body } = await api.send('POST', DEFINITIONS, definitionOf(parts))
  if (status === 201) return []
  return (body.details?.causes ?? []).map(({ field, message }: { field: string; message: string }) => `${field}: ${message}`)
}

test.each<[string, Omit<DefinitionParts, 'scope'> & { readonly scope?: string }, string[]]>([
  ['nothing is wrong', {}, []],
  [
    'names are no names',
    { names: { plural: 'Widgets', kind: 'Wid_get', listKind: 'Wid_get', shortNames: ['W'] } },
    [
      'metadata.name: Invalid value: "widgets.example.com": must be spec.names.plural+"."+spec.group',
      'spec.names.plural: Invalid value: "Widgets": a DNS-1035 label must consist of',
      'spec.names.kind: Invalid value: "Wid_get": may have mixed case, but should otherwise match: a DNS-1035 label',
      'spec.names.listKind: Invalid value: "Wid_get": may have mixed case, but should otherwise match: a DNS-1035 label',
      'spec.names.shortNames[0]: Invalid value: "W": a DNS-1035 label',
      'spec.names.listKind: Invalid value: "Wid_get": kind and listKind may not be the same',
    ],
  ],
  [
    'the group has no dot',
    { group: 'example' },
    [
      'metadata.name: Invalid value: "widgets.example.com": must be spec.names.plural+"."+spec.group',
      'spec.group: Invalid value: "example": should be a domain with at least one dot',
    ],
  ],
  [
    'the scope is unknown',
    { scope: 'Global' },
    ['spec.scope: Unsupported value: "Global": supported values: "Cluster", "Namespaced"'],
  ],
  [
    'two versions are stored',
    { versions: [V1, { name: 'v2' }] },
    ['spec.versions: Invalid value: ["v1","v2"]: must have exactly one version marked as storage version'],
  ],
  [
    'versions share a name',
    { versions: [V1, { ...V1, storage: false }] },
    ['spec.versions: Invalid value: ["v1","v1"]: must contain unique version names'],
  ],
  [
    'conversion by a webhook lacks it',
    { conversion: { strategy: 'Webhook' } },
    ['spec.conversion.webhook: Required value: required when strategy is set to Webhook'],
  ],
  [
    'a column says nothing',
    { versions: [{ additionalPrinterColumns: [{ name: 'x', type: 'text', jsonPath: 'spec' }] }] },
    [
      'spec.versions[0].additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string',
      'spec.versions[0].additionalPrinterColumns[0].jsonPath: Invalid value: "spec": must be a simple json path starting with .',
    ],
  ],
  [
    'the scale is elsewhere',
    { versions: [{ subresources: { scale: { specReplicasPath: '.status.x', statusReplicasPath: '.status.y' } } }] },
    ['spec.versions[0].subresources.scale.specReplicasPath: Invalid value: ".status.x": should be a json path under .spec'],
  ],
  [
    'a selectable field is none',
    { versions: [{ schema: specOf({ type: 'object' }), selectableFields: [{ jsonPath: '.spec' }, { jsonPath: '.nope' }] }] },
    [
      'spec.versions[0].selectableFields[0].jsonPath: Invalid value: ".spec": must point to a field of type string, boolean or integer.',
      'spec.versions[0].selectableFields[1].jsonPath: Invalid value: ".nope": is an invalid path',
    ],
  ],
])('a definition is told of everything: %s', async (_, parts, expected) => {
  const problems = await problemsOf(parts as DefinitionParts)
  expect(problems).toEqual(expected.map((text) => expect.stringContaining(text)))
})

test.each<[string, JsonSchema, string[]]>([
  [
    'types are missing',
    { properties: { a: {}, b: { type: 'array', items: {} } } },
    [
      `${SCHEMA}.properties[a].type: Required value: must not be empty for specified object fields`,
      `${SCHEMA}.properties[b].items.type: Required value: must not be empty for specified array items`,
      `${SCHEMA}.type: Required value: must not be empty at the root`,
    ],
  ],
  ['the root is no object', { type: 'string' }, [`${SCHEMA}.type: Invalid value: "string": must be object at the root`]],
  [
    'a list has no items',
    { type: 'object', properties: { a: { type: 'array' } } },
    [`${SCHEMA}.properties[a].items: Required value: must be specified`],
  ],
  [
    'an alternative is of a type',
    { type: 'object', properties: { a: { type: 'string', anyOf: [{ type: 'string' }] } } },
    [`${SCHEMA}.properties[a].anyOf[0].type: Forbidden: must be empty to be structural`],
  ],
  [
    'an alternative knows more',
    { type: 'object', oneOf: [{ properties: { a: { minimum: 1 } } }] },
    [`${SCHEMA}.properties[a]: Required value: because it is defined in ${SCHEMA}.oneOf[0].properties[a]`],
  ],
  [
    'metadata is described',
    { type: 'object', properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } } },
    [
      `${SCHEMA}.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified`,
    ],
  ],
  [
    'a pattern is none',
    { type: 'object', properties: { a: { type: 'string', pattern: '(?=a)' } } },
    [
      `${SCHEMA}.properties[a].pattern: Invalid value: "(?=a)": must be a valid regular expression, but isn't: error parsing regexp`,
    ],
  ],
  [
    'keywords are unwanted',
    { type: 'object', properties: { a: { type: 'array', items: { type: 'string' }, uniqueItems: true }, b: { type: 'null' } } },
    [
      `${SCHEMA}.properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true`,
      `${SCHEMA}.properties[b].type: Forbidden: type cannot be set to null, use nullable as an alternative`,
    ],
  ],
  [
    'a list of type map lacks its keys',
    {
      type: 'object',
      properties: {
        a: { type: 'array', 'x-kubernetes-list-type': 'map', items: { type: 'object', properties: { k: { type: 'string' } } } },
      },
    },
    [`${SCHEMA}.properties[a].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map`],
  ],
  [
    'a key may be missing',
    {
      type: 'object',
      properties: {
        a: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['k'],
          items: { type: 'object', properties: { k: { type: 'string' } } },
        },
      },
    },
    [`${SCHEMA}.properties[a].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys`],
  ],
  [
    'a default breaks its own schema',
    { type: 'object', properties: { a: { type: 'integer', minimum: 1, default: 0 } } },
    [`${SCHEMA}.properties[a].default: Invalid value: 0: `],
  ],
  [
    'a default would be pruned',
    { type: 'object', properties: { a: { type: 'object', default: { b: 1 } } } },
    [`${SCHEMA}.properties[a].default: Invalid value: {"b":1}: must not have unknown fields`],
  ],
])('a schema is told of everything: %s', async (_, schema, expected) => {
  const problems = await problemsOf({ versions: [{ schema }] })
  expect(problems).toEqual(expected.map((text) => expect.stringContaining(text)))
})

test('the community’s groups need its approval', async () => {
  await using api = await startCustomCluster()
  const definition = definitionOf({ group: 'widgets.k8s.io' }) as { metadata: object }
  const named = (annotations: object) => ({ ...definition, metadata: { name: 'widgets.widgets.k8s.io', annotations } })
  expect((await api.send('POST', DEFINITIONS, named({}))).body.message).toContain(
    'protected groups must have approval annotation',
  )
  const approved = { 'api-approved.kubernetes.io': 'https://github.com/kubernetes/enhancements/pull/1111' }
  expect((await api.send('POST', DEFINITIONS, named(approved))).status).toBe(201)
})

test('a format that nobody checks is warned of, once', async () => {
  await using api = await startCustomCluster()
  const schema = specOf({ type: 'object', properties: { a: { type: 'string', format: 'poem' } } })
  const { body, warning } = await api.define({ versions: [{ schema }] })
  expect(warning).toContain('unrecognized format \\"poem\\"')
  expect(
    (await api.send('PUT', `${DEFINITIONS}/widgets.example.com`, { ...body, metadata: { ...body.metadata, labels: { a: 'b' } } }))
      .warning,
  ).toBeNull()
})

test('what clients rely on stays as it is', async () => {
  await using api = await startCustomCluster()
  const { body } = await api.define()
  const changed = { ...body, spec: { ...body.spec, scope: 'Cluster', names: { ...body.spec.names, kind: 'Other' } } }
  const reply = await api.send('PUT', `${DEFINITIONS}/widgets.example.com`, changed)
  expect(
    reply.body.details.causes.map(({ field, message }: { field: string; message: string }) => `${field}: ${message}`),
  ).toEqual([
    'spec.scope: Invalid value: "Cluster": field is immutable',
    'spec.names.kind: Invalid value: "Other": field is immutable',
  ])
})
