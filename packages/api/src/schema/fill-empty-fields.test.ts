import { expect, it } from 'vitest'
import { fillEmptyFields, schemaOfObject } from '../index.ts'

function filled(object: { apiVersion: string; kind: string; [field: string]: unknown }): object {
  const schema = schemaOfObject(object.apiVersion, object.kind)
  if (schema !== undefined) fillEmptyFields(schema, object)
  return object
}

it('shows the structs that Go always writes, in templates as well', () => {
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { selector: {}, template: { spec: { containers: [{ name: 'c' }] } } },
  }
  expect(filled(deployment)).toEqual({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { selector: {}, strategy: {}, template: { metadata: {}, spec: { containers: [{ name: 'c', resources: {} }] } } },
    status: {},
  })
})

it('shows numbers that are always written, but no absent pointer, list, string or time', () => {
  const set = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: {},
    spec: { selector: {}, template: { spec: { containers: [] } } },
  }
  expect(filled(set)).toMatchObject({ status: { replicas: 0, availableReplicas: 0 }, spec: { updateStrategy: {} } })
  expect(set.spec).not.toHaveProperty('replicas')
  expect(filled({ apiVersion: 'v1', kind: 'Service', metadata: {}, spec: {} })).toHaveProperty('status', { loadBalancer: {} })
})

it('leaves what is there alone', () => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: {}, spec: { containers: [] }, status: { phase: 'Running' } }
  expect(filled(structuredClone(pod))).toEqual(pod)
})
