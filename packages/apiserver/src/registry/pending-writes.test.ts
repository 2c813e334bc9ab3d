import { CONFIG_MAPS, type KubeObject } from '@skiff/api'
import { expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../testing.ts'
import type { ObjectRef, WriteContext } from './write-context.ts'

const REF: ObjectRef = { namespace: 'default', name: 'a' }

const WRITE: WriteContext = {
  user: { name: 'u', groups: [] },
  manager: 'test',
  dryRun: false,
  admission: { mutate: () => undefined, validate: () => undefined },
  warn: () => undefined,
}

test('many writers of one object share commits and lose nothing', async () => {
  await using api = await startTestApiServer()
  const registry = await registryWithObject(api)
  const before = api.store.revision()

  await Promise.all(Array.from({ length: 100 }, () => registry.update(REF, change(increment), WRITE)))

  expect(registry.get(REF).object.data).toEqual({ count: '100' })
  expect(api.store.revision() - before).toBe(100)
})

test('a write that changes nothing answers only what is durable', async () => {
  await using api = await startTestApiServer()
  const registry = await registryWithObject(api)

  const [first, same] = await Promise.all([
    registry.update(REF, change(increment), WRITE),
    registry
      .update(
        REF,
        change((data) => data),
        WRITE,
      )
      .then((outcome) => ({ ...outcome, durable: registry.get(REF).bytes })),
  ])

  expect(same.stored.object).toEqual(first.stored.object)
  expect(same.durable).toEqual(first.stored.bytes)
})

test('an update and a deletion under way at once are one after the other', async () => {
  await using api = await startTestApiServer()
  const registry = await registryWithObject(api)

  const [deleted, updated] = await Promise.allSettled([
    registry.delete(REF, {}, WRITE),
    registry.update(REF, change(increment), WRITE),
  ])

  expect(deleted.status).toBe('fulfilled')
  expect(updated).toMatchObject({ status: 'rejected', reason: { reason: 'NotFound' } })
})

async function registryWithObject(api: TestApiServer) {
  const registry = api.registry.find(CONFIG_MAPS)
  if (registry === undefined) throw new Error('ConfigMaps are not served')
  await registry.create({ metadata: { name: 'a' }, data: { count: '0' } }, 'default', WRITE)
  return registry
}

function change(edit: (data: Record<string, string>) => Record<string, string>) {
  const apply = (old: KubeObject | undefined): KubeObject => {
    const object = structuredClone(old) as KubeObject
    object.metadata.resourceVersion = ''
    object.data = edit(object.data as Record<string, string>)
    return object
  }
  return { subresource: '' as const, createIfMissing: false, apply }
}

function increment(data: Record<string, string>): Record<string, string> {
  return { count: String(Number(data.count) + 1) }
}
