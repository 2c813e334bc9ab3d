import { describe, expect, test, vi } from 'vitest'
import type { JsonSchema } from './schema/json-schema.ts'
import { DEFINITIONS, definitionOf, OPEN, specOf, startCustomCluster, WIDGETS, widget } from './testing/custom-cluster.ts'

const SIZED: JsonSchema = specOf({
  type: 'object',
  required: ['size'],
  properties: {
    size: { type: 'integer', minimum: 1, maximum: 10 },
    color: { type: 'string', enum: ['red', 'green'], default: 'red' },
    tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
    ports: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, port: { type: 'integer' } } },
    },
    any: OPEN,
  },
})

describe('a definition', () => {
  test('is served from the moment it is created, in discovery and OpenAPI as well', async () => {
    await using api = await startCustomCluster()
    const defined = await api.define({ names: { shortNames: ['wd'], categories: ['all'] }, versions: [{ schema: SIZED }] })

    expect(defined.body.status.conditions).toMatchObject([
      { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts' },
      { type: 'Established', status: 'True', reason: 'InitialNamesAccepted' },
    ])
    expect(defined.body.status).toMatchObject({ acceptedNames: { plural: 'widgets', kind: 'Widget' }, storedVersions: ['v1'] })
    expect(defined.body.metadata.finalizers).toEqual(['customresourcecleanup.apiextensions.k8s.io'])

    expect((await api.create('a', { spec: { size: 1 } })).status).toBe(201)
    const resources = await api.send('GET', '/apis/example.com/v1')
    expect(resources.body.resources).toMatchObject([
      { name: 'widgets', singularName: 'widget', kind: 'Widget', namespaced: true, shortNames: ['wd'], categories: ['all'] },
    ])
    const accept = { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' }
    const aggregated = await api.send('GET', '/apis', undefined, accept)
    expect(JSON.stringify(aggregated.body)).toContain('"resource":"widgets"')
    const v3 = await api.send('GET', '/openapi/v3/apis/example.com/v1')
    expect(v3.body.components.schemas['com.example.v1.Widget']).toMatchObject({
      properties: { spec: { properties: { size: { type: 'integer', minimum: 1 } } }, kind: { type: 'string' } },
      'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'Widget' }],
    })
    const v2 = await api.send('GET', '/openapi/v2')
    expect(v2.body.definitions['com.example.v1.Widget'].properties.spec.required).toEqual(['size'])
    expect(v2.body.definitions['com.example.v1.WidgetList'].properties.items.items.$ref).toBe(
      '#/definitions/com.example.v1.Widget',
    )
  })

  test('takes its objects with it, and waits for those that are held', async () => {
    await using api = await startCustomCluster()
    await api.define()
    await api.create('free')
    await api.send('POST', WIDGETS, { ...widget('held'), metadata: { name: 'held', finalizers: ['example.com/hold'] } })

    await api.send('DELETE', `${DEFINITIONS}/widgets.example.com`)
    await vi.waitFor(
      async () => {
        const { body } = await api.send('GET', WIDGETS)
        expect(body.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(['held'])
      },
      { timeout: 30_000 },
    )
    await vi.waitFor(
      async () => {
        const { body } = await api.send('GET', `${DEFINITIONS}/widgets.example.com`)
        expect(JSON.stringify(body.status.conditions)).toContain('InstanceDeletionInProgress')
      },
      { timeout: 30_000 },
    )
    expect(await api.create('late')).toMatchObject({
      status: 405,
      body: { message: 'create not allowed while custom resource definition is terminating' },
    })

    await api.send(
      'PATCH',
      `${WIDGETS}/held`,
      { metadata: { finalizers: null } },
      { 'content-type': 'application/merge-patch+json' },
    )
    await vi.waitFor(async () => expect((await api.send('GET', `${DEFINITIONS}/widgets.example.com`)).status).toBe(404), {
      timeout: 30_000,
    })
    expect((await api.send('GET', WIDGETS)).status).toBe(404)
    expect((await api.send('GET', '/apis/example.com')).status).toBe(404)
  })

  test('whose names another has waits until they are free', async () => {
    await using api = await startCustomCluster()
    await api.define({ names: { shortNames: ['w'] } })
    const second = await api.send(
      'POST',
      DEFINITIONS,
      definitionOf({ plural: 'wheels', kind: 'Wheel', names: { shortNames: ['w'] } }),
    )
    expect(second.body.status.conditions).toMatchObject([
      { type: 'NamesAccepted', status: 'False', reason: 'ShortNamesConflict', message: '"w" is already in use' },
      { type: 'Established', status: 'False', reason: 'NotAccepted' },
    ])
    expect((await api.send('GET', '/apis/example.com/v1/wheels')).status).toBe(404)

    await api.send('DELETE', `${DEFINITIONS}/widgets.example.com`)
    await vi.waitFor(async () => expect((await api.send('GET', '/apis/example.com/v1/wheels')).status).toBe(200), {
      timeout: 30_000,
    })
  })

  test('that changes is the new one for the next write, and for what is read', async () => {
    await using api = await startCustomCluster()
    await api.define({ versions: [{ schema: SIZED }] })
    await api.create('a', { spec: { size: 3, any: { x: 1 } } })
    const { body } = await api.send('GET', `${DEFINITIONS}/widgets.example.com`)
    const { spec } = body.spec.versions[0].schema.openAPIV3Schema.properties
    delete spec.properties.any
    spec.properties.size.maximum = 2
    spec.properties.shape = { type: 'string', default: 'round' }
    expect((await api.send('PUT', `${DEFINITIONS}/widgets.example.com`, body)).status).toBe(200)

    expect((await api.send('GET', `${WIDGETS}/a`)).body.spec).toEqual({ size: 3, color: 'red', shape: 'round' })
    expect((await api.create('b', { spec: { size: 3 } })).status).toBe(422)
  })
})

describe('an object', () => {
  test('is pruned, defaulted and counted', async () => {
    await using api = await startCustomCluster()
    await api.define({ versions: [{ schema: SIZED, subresources: { status: {} } }] })
    const { body } = await api.create('a', { spec: { size: 2, extra: 1, any: { kept: [{ x: 1 }] } }, status: { x: 1 } })
    expect(body).toMatchObject({ metadata: { generation: 1 }, spec: { size: 2, color: 'red', any: { kept: [{ x: 1 }] } } })
    expect(body.spec.extra).toBeUndefined()
    expect(body.status).toBeUndefined()

    const updated = await api.send('PUT', `${WIDGETS}/a`, { ...body, spec: { ...body.spec, size: 3 } })
    expect(updated.body.metadata.generation).toBe(2)
    expect((await api.send('PUT', `${WIDGETS}/a`, widget('a', { spec: { size: 1 } }))).status).toBe(422)
  })

  test('with problems is told all of them in upstream’s words', async () => {
    await using api = await startCustomCluster()
    const spec: JsonSchema = {
      type: 'object',
      required: ['size'],
      properties: {
        size: { type: 'integer' },
        low: { type: 'integer', minimum: 1 },
        color: { type: 'string', enum: ['red', 'green'] },
        name: { type: 'string', pattern: '^[a-z]+$', maxLength: 5 },
        day: { type: 'string', format: 'date' },
        tags: { type: 'array', maxItems: 1, items: { type: 'string' } },
        set: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
        one: {
          type: 'object',
          properties: { a: { type: 'integer' }, b: { type: 'integer' } },
          oneOf: [{ required: ['a'] }, { required: ['b'] }],
        },
        text: { type: 'string' },
      },
    }
    await api.define({ versions: [{ schema: specOf(spec) }] })
    const given = {
      low: 0,
      color: 'blue',
      name: 'ABCDEF',
      day: 'now',
      tags: ['a', 'b'],
      set: ['x', 'x'],
      one: {},
      text: null,
      size: undefined,
    }
    const { status, body } = await api.create('a', { spec: { ...given, text: 5 } })
    expect(status).toBe(422)
    const causes = body.details.causes.map(({ field, message }: { field: string; message: string }) => `${field}: ${message}`)
    expect(causes.sort()).toEqual(
      [
        '<nil>: Invalid value: "": "spec.one" must validate one and only one schema (oneOf). Found none valid',
        'spec.color: Unsupported value: "blue": supported values: "red", "green"',
        'spec.day: Invalid value: "now": spec.day in body must be of type date: "now"',
        'spec.low: Invalid value: 0: spec.low in body should be greater than or equal to 1',
        'spec.name: Invalid value: "ABCDEF": spec.name in body should match \'^[a-z]+$\'',
        'spec.name: Too long: may not be more than 5 bytes',
        'spec.one.a: Required value',
        'spec.set[1]: Duplicate value: "x"',
        'spec.size: Required value',
        'spec.tags: Too many: 2: must have at most 1 item',
        'spec.text: Invalid value: "integer": spec.text in body must be of type string: "integer"',
      ].sort(),
    )
  })

  test('that names fields which are not there is refused, warned of or pruned, as asked for', async () => {
    await using api = await startCustomCluster()
    await api.define({ versions: [{ schema: SIZED }] })
    const body = JSON.stringify(widget('a', { spec: { size: 1, nope: 1 } })).replace('{"name":"a"', '{"name":"a","wrong":1')
    const strict = await api.send('POST', `${WIDGETS}?fieldValidation=Strict`, body)
    expect(strict).toMatchObject({ status: 400 })
    expect(strict.body.message).toBe(
      'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "metadata.wrong", unknown field "spec.nope"',
    )
    const warned = await api.send('POST', `${WIDGETS}?fieldValidation=Warn`, body)
    expect(warned.status).toBe(201)
    expect(warned.warning).toContain('unknown field \\"spec.nope\\"')
    expect(warned.warning).toContain('unknown field \\"metadata.wrong\\"')
    const twice = await api.send(
      'POST',
      `${WIDGETS}?fieldValidation=Strict`,
      body
        .replace('"size":1', '"size":1,"size":2')
        .replace('"nope":1', '"color":"red"')
        .replace('"wrong":1', '"labels":{}')
        .replace('"a"', '"b"'),
    )
    expect(twice.body.message).toContain('strict decoding error: duplicate field "spec.size"')
  })

  test('that is applied with a key twice is refused, whatever the schema lets through', async () => {
    await using api = await startCustomCluster()
    await api.define()
    const yaml = '\napiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: a\nspec:\n  foo: 1\n  foo: 2\n'
    const apply = { 'content-type': 'application/apply-patch+yaml' }
    const reply = await api.send('PATCH', `${WIDGETS}/a?fieldManager=m&fieldValidation=Strict`, yaml, apply)
    expect(reply).toMatchObject({ status: 400 })
    expect(reply.body.message).toContain('line 8: key "foo" already set in map')
  })

  test('is patched as JSON, merged and applied, but not strategically', async () => {
    await using api = await startCustomCluster()
    await api.define({ versions: [{ schema: SIZED }] })
    await api.create('a', { spec: { size: 1 } })
    const patch = (type: string, body: unknown, query = '') =>
      api.send('PATCH', `${WIDGETS}/a${query}`, body, { 'content-type': `application/${type}` })

    expect((await patch('json-patch+json', [{ op: 'replace', path: '/spec/size', value: 2 }])).body.spec.size).toBe(2)
    expect((await patch('merge-patch+json', { spec: { size: 3 } })).body.spec.size).toBe(3)
    expect(await patch('strategic-merge-patch+json', { spec: { size: 4 } })).toMatchObject({
      status: 415,
      body: {
        message:
          'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
      },
    })
    const apply = (spec: object, manager: string) => patch('apply-patch+yaml', widget('a', { spec }), `?fieldManager=${manager}`)
    await apply({ ports: [{ name: 'http', port: 80 }], tags: ['a'], any: { deep: { mine: 1 } } }, 'one')
    const both = await apply({ ports: [{ name: 'https', port: 443 }], tags: ['b'], any: { deep: { other: [1] } } }, 'two')
    expect(both.body.spec).toMatchObject({
      ports: [{ name: 'http' }, { name: 'https' }],
      tags: ['a', 'b'],
      any: { deep: { mine: 1, other: [1] } },
    })
    expect(await apply({ ports: [{ name: 'http', port: 81 }] }, 'two')).toMatchObject({
      status: 409,
      body: { message: 'Apply failed with 1 conflict: conflict with "one": .spec.ports[name="http"].port' },
    })
    const dropped = await apply({ tags: ['a'], ports: [{ name: 'http', port: 80 }] }, 'one')
    expect(dropped.body.spec.any).toEqual({ deep: { other: [1] } })
  })

  test('is watched, printed by its columns and selected by its fields', async () => {
    await using api = await startCustomCluster()
    const columns = [
      { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
      { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
      { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    ]
    const schema = specOf({ type: 'object', properties: { size: { type: 'integer' } } }, { properties: { status: OPEN } })
    await api.define({
      versions: [{ schema, additionalPrinterColumns: columns, selectableFields: [{ jsonPath: '.spec.size' }] }],
    })
    await api.create('a', { spec: { size: 1 }, status: { conditions: [{ type: 'Ready', status: 'True' }] } })
    await api.create('b', { spec: { size: 2 } })

    const table = await api.send('GET', WIDGETS, undefined, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' })
    expect(table.body.columnDefinitions.map(({ name }: { name: string }) => name)).toEqual(['Name', 'Size', 'Ready', 'Age'])
    expect(table.body.rows.map(({ cells }: { cells: unknown[] }) => cells.slice(0, 3))).toEqual([
      ['a', 1, 'True'],
      ['b', 2, null],
    ])
    const selected = await api.send('GET', `${WIDGETS}?fieldSelector=spec.size%3D2`)
    expect(selected.body).toMatchObject({ kind: 'WidgetList', items: [{ metadata: { name: 'b' } }] })
    expect((await api.send('GET', `${WIDGETS}?fieldSelector=spec.nope%3D2`)).status).toBe(400)

    const watched = await fetch(
      `${api.url}${WIDGETS}?watch=true&timeoutSeconds=20&resourceVersion=${table.body.metadata.resourceVersion}`,
    )
    await api.create('c', { spec: { size: 3 } })
    await api.send('DELETE', `${WIDGETS}/c`)
    await api.send('DELETE', `${DEFINITIONS}/widgets.example.com`)
    const lines = (await watched.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual([
      'ADDED c',
      'DELETED c',
      'DELETED a',
      'DELETED b',
    ])
  })

  test('has a status and a scale of its own', async () => {
    await using api = await startCustomCluster()
    const scale = {
      specReplicasPath: '.spec.replicas',
      statusReplicasPath: '.status.replicas',
      labelSelectorPath: '.status.selector',
    }
    const schema = specOf(
      { type: 'object', properties: { replicas: { type: 'integer' } } },
      { properties: { status: { type: 'object', properties: { replicas: { type: 'integer' }, selector: { type: 'string' } } } } },
    )
    await api.define({ versions: [{ schema, subresources: { status: {}, scale } }] })
    const { body } = await api.create('a', { spec: { replicas: 1 } })
    const status = { replicas: 1, selector: 'app=a' }
    const reported = await api.send('PUT', `${WIDGETS}/a/status`, { ...body, spec: { replicas: 9 }, status })
    expect(reported.body).toMatchObject({ spec: { replicas: 1 }, status, metadata: { generation: 1 } })

    const scaled = await api.send(
      'PATCH',
      `${WIDGETS}/a/scale`,
      { spec: { replicas: 4 } },
      { 'content-type': 'application/merge-patch+json' },
    )
    expect(scaled.body).toMatchObject({ kind: 'Scale', spec: { replicas: 4 }, status })
    expect((await api.send('GET', `${WIDGETS}/a`)).body).toMatchObject({ spec: { replicas: 4 }, metadata: { generation: 2 } })
    expect(
      (
        await api.send('PUT', `${WIDGETS}/a/status`, {
          ...body,
          metadata: { ...body.metadata, resourceVersion: '' },
          status: { replicas: 'x' },
        })
      ).status,
    ).toBe(422)
    await api.create('b', { spec: {} })
    expect(await api.send('GET', `${WIDGETS}/b/scale`)).toMatchObject({ status: 500 })
  })

  test('may hold other objects, whose metadata is theirs', async () => {
    await using api = await startCustomCluster()
    const embedded: JsonSchema = {
      type: 'object',
      'x-kubernetes-embedded-resource': true,
      'x-kubernetes-preserve-unknown-fields': true,
    }
    await api.define({ versions: [{ schema: specOf({ type: 'object', properties: { template: embedded } }) }] })
    const template = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', nope: 1 }, spec: { x: 1 } }
    const created = await api.create('a', { spec: { template } }, '?fieldValidation=Warn')
    expect(created.warning).toContain('unknown field \\"spec.template.metadata.nope\\"')
    expect(created.body.spec.template).toEqual({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { x: 1 } })
    expect((await api.create('b', { spec: { template: { kind: 'Pod' } } })).body.message).toContain(
      'spec.template.apiVersion: Required value: must not be empty',
    )
  })

  test('of a deprecated version is served with a warning', async () => {
    await using api = await startCustomCluster()
    await api.define({ versions: [{ deprecated: true }] })
    expect((await api.send('GET', WIDGETS)).warning).toContain('example.com/v1 Widget is deprecated')
  })
})

test('definitions and their objects are there after a restart', async () => {
  const { createMemoryStore } = await import('@skiff/store')
  const store = createMemoryStore()
  const before = await startCustomCluster({ store })
  await before.define({ versions: [{ schema: SIZED }] })
  await before.create('a', { spec: { size: 1 } })
  const entries = store.list('/').entries.map(({ key, value }) => [key, value] as const)
  await before.close()

  const copy = createMemoryStore()
  for (const [key, value] of entries) await copy.create(key, () => value)
  await using after = await startCustomCluster({ store: copy, namespaces: [] })
  expect((await after.send('GET', `${WIDGETS}/a`)).body.spec).toEqual({ size: 1, color: 'red' })
})

test('a definition and its objects are applied in one go', async () => {
  await using api = await startCustomCluster()
  const documents = [widget('a', { spec: { size: 1 } }), definitionOf({ versions: [{ schema: SIZED }] })]
  const applied = await api.send('POST', '/apply', documents.map((document) => JSON.stringify(document)).join('\n---\n'), {
    'content-type': 'application/yaml',
  })
  expect(applied.body).toBe(
    'customresourcedefinition.apiextensions.k8s.io/widgets.example.com created\nwidget.example.com/a created\n',
  )
})
