import { describe, expect, it } from 'vitest'
import {
  BUILT_IN_KINDS,
  builtInKindSchemas,
  metaSchema,
  schemaOf,
  schemaOfObject,
  type TypeSchema,
  type ValueType,
} from '../index.ts'

function typeIn(type: ValueType): TypeSchema | undefined {
  if (type.kind === 'list') return typeIn(type.items)
  if (type.kind === 'map') return typeIn(type.values)
  return type.kind === 'object' ? type.schema : undefined
}

/** Every type that a kind leads to. */
function reachable(): Set<TypeSchema> {
  const seen = new Set<TypeSchema>(builtInKindSchemas())
  for (const schema of seen) {
    for (const { schema: embedded } of schema.embedded) seen.add(embedded)
    for (const field of schema.fields.values()) {
      const type = typeIn(field.type)
      if (type !== undefined) seen.add(type)
    }
  }
  return seen
}

describe('schemas of the built-in types', () => {
  it('are there for every kind that Skiff serves', () => {
    for (const { group, version, kind } of BUILT_IN_KINDS) {
      const schema = schemaOf(group, version, kind)
      expect(schema, kind).toMatchObject({ name: kind, group, version, isKind: true })
      expect(schema?.fields.get('metadata')?.type).toMatchObject({ kind: 'object', schema: { name: 'ObjectMeta' } })
    }
  })

  it('lead only to types that are in a table, with protobuf numbers of their own', () => {
    const types = reachable()
    expect(types.size).toBeGreaterThan(450)
    for (const schema of types) {
      const numbers = [...schema.ownFields, ...schema.embedded].map((member) => member.number)
      expect(new Set(numbers).size, schema.name).toBe(numbers.length)
      for (const number of numbers) expect(number, schema.name).toBeGreaterThan(0)
    }
  })

  it('know lists by keys that their items have', () => {
    for (const schema of reachable()) {
      for (const field of schema.fields.values()) {
        const item = field.type.kind === 'list' ? typeIn(field.type) : undefined
        for (const key of [...(field.listMapKeys ?? []), ...(field.patchMergeKey === undefined ? [] : [field.patchMergeKey])]) {
          expect(item?.fields.has(key), `${schema.name}.${field.name}`).toBe(true)
        }
      }
    }
  })

  it('tell how a field is merged', () => {
    expect(schemaOf('', 'v1', 'Container')?.fields.get('ports')).toMatchObject({
      number: 6,
      patchStrategy: ['merge'],
      patchMergeKey: 'containerPort',
      listType: 'map',
      listMapKeys: ['containerPort', 'protocol'],
    })
    expect(schemaOf('', 'v1', 'ContainerPort')?.fields.get('protocol')).toMatchObject({ default: 'TCP' })
    expect(schemaOf('apps', 'v1', 'DeploymentSpec')?.fields.get('strategy')).toMatchObject({ patchStrategy: ['retainKeys'] })
    expect(schemaOf('', 'v1', 'PodSpec')?.fields.get('volumes')?.patchStrategy).toEqual(['merge', 'retainKeys'])
    expect(metaSchema('LabelSelector').atomic).toBe(true)
    expect(metaSchema('ObjectMeta').fields.get('finalizers')).toMatchObject({ listType: 'set', patchStrategy: ['merge'] })
  })

  it('have the fields of embedded structs among their own', () => {
    const volume = schemaOf('', 'v1', 'Volume')
    expect(volume?.fields.has('emptyDir')).toBe(true)
    expect(volume?.ownFields.map((field) => field.name)).toEqual(['name'])
  })

  it('distinguish pointers', () => {
    const fields = schemaOf('apps', 'v1', 'DeploymentSpec')?.fields
    expect(fields?.get('replicas')?.pointer).toBe(true)
    expect(fields?.get('paused')?.pointer).toBe(false)
    expect(fields?.get('selector')?.required).toBe(true)
  })

  it('are the same whoever asks, and absent for what is not built in', () => {
    expect(schemaOfObject('apps/v1', 'Deployment')).toBe(schemaOf('apps', 'v1', 'Deployment'))
    expect(schemaOf('autoscaling', 'v2', 'HorizontalPodAutoscaler')?.version).toBe('v2')
    expect(schemaOf('policy', 'v1', 'DeleteOptions')).toBe(metaSchema('DeleteOptions'))
    expect(schemaOf('example.com', 'v1', 'Widget')).toBeUndefined()
    expect(schemaOf('', 'v1', 'constructor')).toBeUndefined()
  })
})
