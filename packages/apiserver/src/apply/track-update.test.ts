import { type KubeObject, schemaOf } from '@skiff/api'
import { describe, expect, test } from 'vitest'
import { cloneJson } from '../patch/json-value.ts'
import { trackUpdate } from './index.ts'

describe('trackUpdate', () => {
  test('gives a creator every field that it set, and no identity, status or revision', () => {
    const object = track({
      next: configMap({ a: '1' }, { uid: 'u', resourceVersion: '5', labels: { x: 'y' } }),
      manager: 'creator',
    })

    expect(object.metadata.managedFields).toEqual([
      {
        manager: 'creator',
        operation: 'Update',
        apiVersion: 'v1',
        time: '2026-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { '.': {}, 'f:x': {} } },
          'f:data': { '.': {}, 'f:a': {} },
        },
      },
    ])
  })

  test('moves a changed field to who changed it, and leaves the rest where it is', () => {
    const old = track({ next: configMap({ a: '1', b: '1' }), manager: 'creator' })

    const object = track({ old, next: configMap({ a: '1', b: '2' }), manager: 'editor' })

    expect(ownersOf(object)).toEqual({
      creator: { 'f:data': { '.': {}, 'f:a': {} } },
      editor: { 'f:data': { 'f:b': {} } },
    })
  })

  test('takes a removed field from everybody, and an entry without fields away', () => {
    const old = track({
      old: track({ next: configMap({ a: '1' }), manager: 'creator' }),
      next: configMap({ a: '1', b: '1' }),
      manager: 'editor',
    })

    const object = track({ old, next: configMap({ a: '1' }), manager: 'third' })

    expect(ownersOf(object)).toEqual({ creator: { 'f:data': { '.': {}, 'f:a': {} } } })
  })

  test('keeps entries and their times when nothing changed', () => {
    const old = track({ next: configMap({ a: '1' }), manager: 'creator' })

    const object = track({ old, next: configMap({ a: '1' }), manager: 'editor', now: '2026-01-02T00:00:00Z' })

    expect(object.metadata.managedFields).toEqual(old.metadata.managedFields)
  })

  test.each([[[]], [[{}]]])(
    'forgets all managers when a client sends managedFields %j, and tracks nobody from then on',
    (managedFields) => {
      const old = track({ next: configMap({ a: '1' }), manager: 'creator' })

      const cleared = track({ old, next: configMap({ a: '1' }, { managedFields }), manager: 'editor' })
      const later = track({ old: cleared, next: configMap({ a: '2' }), manager: 'editor' })

      expect(cleared.metadata).not.toHaveProperty('managedFields')
      expect(later.metadata).not.toHaveProperty('managedFields')
    },
  )

  test('lets a client that knows managedFields replace them', () => {
    const old = track({ next: configMap({ a: '1' }), manager: 'creator' })
    const entry = {
      manager: 'adopter',
      operation: 'Apply',
      apiVersion: 'v1',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:data': { 'f:a': {} } },
    }

    const object = track({ old, next: configMap({ a: '1' }, { managedFields: [entry] }), manager: 'editor' })

    expect(object.metadata.managedFields).toEqual([entry])
  })

  test.each([{ 'k:nonsense': {} }, { constructor: {} }, { 'f:data': 'x' }, JSON.parse('{"__proto__": {"f:x": {}}}')])(
    'keeps the managers it knows when a client sends what is no set of fields: %j',
    (fieldsV1) => {
      const old = track({ next: configMap({ a: '1' }), manager: 'creator' })
      const entry = { manager: 'odd', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1 }

      const object = track({ old, next: configMap({ a: '1' }, { managedFields: [entry] }), manager: 'editor' })

      expect(object.metadata.managedFields).toEqual(old.metadata.managedFields)
      expect({}).not.toHaveProperty('f:x')
    },
  )

  test('makes one of the oldest updaters when there are more than ten', () => {
    let object = track({ next: configMap({ key0: '' }), manager: 'manager0' })
    for (let index = 1; index <= 12; index++) {
      const data = Object.fromEntries(Array.from({ length: index + 1 }, (_, key) => [`key${key}`, '']))
      object = track({
        old: object,
        next: configMap(data),
        manager: `manager${index}`,
        now: `2026-01-01T00:${String(index).padStart(2, '0')}:00Z`,
      })
    }

    const owners = ownersOf(object)
    expect(Object.keys(owners)).toHaveLength(10)
    expect(owners['ancient-changes']).toEqual({
      'f:data': { '.': {}, 'f:key0': {}, 'f:key1': {}, 'f:key2': {}, 'f:key3': {} },
    })
  })

  test('tells writers of a subresource from writers of the object', () => {
    const schema = schemaOf('apps', 'v1', 'Deployment')
    const old = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'a' },
      spec: { replicas: 1 },
      status: {},
    } as unknown as KubeObject
    trackUpdate({ ...common, old: undefined, new: old, manager: 'm', apiVersion: 'apps/v1', schema, subresource: '' })
    const next = { ...cloneJson(old), status: { replicas: 1 } } as KubeObject

    trackUpdate({ ...common, old, new: next, manager: 'm', apiVersion: 'apps/v1', schema, subresource: 'status' })

    expect(next.metadata.managedFields?.map(({ subresource = '', fieldsV1 }) => [subresource, fieldsV1])).toEqual([
      ['', { 'f:spec': { 'f:replicas': {} } }],
      ['status', { 'f:status': { 'f:replicas': {} } }],
    ])
  })

  test('takes nothing from anybody for a part that the path does not write', () => {
    const schema = schemaOf('apps', 'v1', 'Deployment')
    const old = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'a' },
      spec: { replicas: 1 },
      status: {},
    } as unknown as KubeObject
    trackUpdate({ ...common, old: undefined, new: old, manager: 'm', apiVersion: 'apps/v1', schema, subresource: '' })
    const next = { ...cloneJson(old), spec: {}, status: {} } as unknown as KubeObject

    trackUpdate({ ...common, old, new: next, manager: 'n', apiVersion: 'apps/v1', schema, subresource: 'status' })

    expect(next.metadata.managedFields).toEqual(old.metadata.managedFields)
  })

  test('owns list items by their keys', () => {
    const schema = schemaOf('', 'v1', 'Pod')
    const pod = (image: string) =>
      ({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'p' },
        spec: { containers: [{ name: 'a', image }] },
      }) as unknown as KubeObject
    const old = pod('a:1')
    trackUpdate({ ...common, old: undefined, new: old, manager: 'creator', apiVersion: 'v1', schema, subresource: '' })
    const next = pod('a:2')

    trackUpdate({ ...common, old, new: next, manager: 'editor', apiVersion: 'v1', schema, subresource: '' })

    expect(ownersOf(next)).toEqual({
      creator: { 'f:spec': { 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:name': {} } } } },
      editor: { 'f:spec': { 'f:containers': { 'k:{"name":"a"}': { 'f:image': {} } } } },
    })
  })
})

const common = { operation: 'Update' as const, now: new Date('2026-01-01T00:00:00Z') }

interface Step {
  old?: KubeObject
  next: KubeObject
  manager: string
  now?: string
}

function track({ old, next, manager, now = '2026-01-01T00:00:00Z' }: Step): KubeObject {
  const schema = schemaOf('', 'v1', 'ConfigMap')
  trackUpdate({ old, new: next, manager, operation: 'Update', apiVersion: 'v1', schema, subresource: '', now: new Date(now) })
  return next
}

function configMap(data: Record<string, string>, metadata: object = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'a', namespace: 'n', ...metadata },
    data,
  } as unknown as KubeObject
}

function ownersOf(object: KubeObject): Record<string, unknown> {
  return Object.fromEntries((object.metadata.managedFields ?? []).map(({ manager = '', fieldsV1 }) => [manager, fieldsV1]))
}
