import { apiVersionOf, BUILT_IN_KINDS, type KubeObject, pathOf, schemaOf } from '@skiff/api'
import { describe, expect, test, vi } from 'vitest'
import { startTestApiServer } from '../testing.ts'
import { BUILT_IN_RESOURCES } from './index.ts'
import { LEAST_OBJECTS } from './testing/least-objects.ts'

describe('an object of each kind', () => {
  test.each(Object.entries(LEAST_OBJECTS))(
    '%s is created, printed, put back unchanged and deleted',
    async (words, { name = 'x', body }) => {
      await using api = await startTestApiServer()
      const info = kindNamed(words)
      const metadata = { name, ...(info.namespaced ? { namespace: 'default' } : {}) }
      const ref = { name, ...(info.namespaced ? { namespace: 'default' } : {}) }

      const created = await api.client.create<KubeObject>(info, { metadata, ...body })
      const updated = await api.client.update<KubeObject>(info, created)
      const table = await tableOf(api.url + pathOf(info, 'default', name))
      // Nobody is there who would orphan what has been left behind.
      await api.client.delete(info, ref, { propagationPolicy: 'Background' })

      expect(updated).toEqual(created)
      expect(table.rows[0]?.cells.length).toBe(table.columnDefinitions.length)
      expect(table.rows[0]?.cells.every((cell) => cell !== null && cell !== undefined)).toBe(true)
      // A definition of custom resources takes its objects along first.
      await vi.waitFor(async () => await expect(api.client.get(info, ref)).rejects.toMatchObject({ reason: 'NotFound' }), 30_000)
    },
  )
})

test('every kind that clients know by name is served, and has a schema', () => {
  const served = BUILT_IN_RESOURCES.map(({ info }) => info)

  expect(BUILT_IN_KINDS.filter((info) => !served.includes(info))).toEqual([])
  expect(served.filter((info) => !BUILT_IN_KINDS.includes(info))).toEqual([])
  expect(served.filter(({ group, version, kind }) => schemaOf(group, version, kind) === undefined)).toEqual([])
  expect(served.filter(({ group, version, kind }) => schemaOf(group, version, `${kind}List`) === undefined)).toEqual([])
})

function kindNamed(words: string) {
  const [apiVersion, kind] = words.split(' ')
  const info = BUILT_IN_KINDS.find((each) => apiVersionOf(each) === apiVersion && each.kind === kind)
  if (info === undefined) throw new Error(`no kind ${words}`)
  return info
}

interface Table {
  readonly columnDefinitions: readonly object[]
  readonly rows: readonly { readonly cells: readonly unknown[] }[]
}

async function tableOf(url: string): Promise<Table> {
  const response = await fetch(url, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } })
  return (await response.json()) as Table
}
