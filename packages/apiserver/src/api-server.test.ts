import { CONFIG_MAPS, type ConfigMap, type Draft, isNotFound } from '@skiff/api'
import { expect, test } from 'vitest'
import { startTestApiServer } from './testing.ts'

test('creates, reads, changes, lists and deletes a ConfigMap', async () => {
  await using api = await startTestApiServer()

  const draft: Omit<Draft<ConfigMap>, 'apiVersion' | 'kind'> = { metadata: { name: 'a', namespace: 'default' }, data: { k: 'v' } }
  const created = await api.client.create<ConfigMap>(CONFIG_MAPS, draft)
  const patched = await api.client.patch<ConfigMap>(
    CONFIG_MAPS,
    { name: 'a', namespace: 'default' },
    { type: 'merge', body: { data: { k: 'w' } } },
  )
  const listed = await api.client.list<ConfigMap>(CONFIG_MAPS, { namespace: 'default' })
  await api.client.delete(CONFIG_MAPS, { name: 'a', namespace: 'default' })

  expect(created.metadata.uid).not.toBe('')
  expect(Number(patched.metadata.resourceVersion)).toBeGreaterThan(Number(created.metadata.resourceVersion))
  expect(listed.items.map((item) => item.data)).toEqual([{ k: 'w' }])
  await expect(api.client.get(CONFIG_MAPS, { name: 'a', namespace: 'default' })).rejects.toSatisfy(isNotFound)
})
