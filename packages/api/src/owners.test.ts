import { expect, it } from 'vitest'
import { controllerOf, isControlledBy, keyOf, ownerReferenceTo, splitKey } from './index.ts'

const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'web', uid: 'u1' } }

it('names objects by namespace and name', () => {
  expect(keyOf({ metadata: { name: 'web', namespace: 'default' } })).toBe('default/web')
  expect(keyOf({ metadata: { name: 'node-1' } })).toBe('node-1')
  expect(splitKey('default/web')).toEqual({ namespace: 'default', name: 'web' })
  expect(splitKey('node-1')).toEqual({ name: 'node-1' })
})

it('finds the controller among the owners', () => {
  const plain = ownerReferenceTo(owner)
  const controller = ownerReferenceTo(owner, { controller: true })
  expect(plain).toEqual({ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u1' })
  expect(controllerOf({ metadata: { ownerReferences: [plain] } })).toBeUndefined()
  expect(controllerOf({ metadata: { ownerReferences: [plain, controller] } })).toBe(controller)
  expect(controller).toMatchObject({ controller: true, blockOwnerDeletion: true })
})

it('tells a controller from a later one of the same name', () => {
  const pod = { metadata: { ownerReferences: [ownerReferenceTo(owner, { controller: true })] } }
  expect(isControlledBy(pod, owner)).toBe(true)
  expect(isControlledBy(pod, { metadata: { uid: 'u2' } })).toBe(false)
})
