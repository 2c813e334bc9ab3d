import { CONFIG_MAPS, type ConfigMap, PODS, type Pod, SERVICE_ACCOUNTS } from '@skiff/api'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { RULE, ServerWithWebhook } from '../testing/server-with-webhook.ts'
import { patched } from '../testing/test-webhook.ts'

let server: ServerWithWebhook

beforeEach(async () => {
  server = await ServerWithWebhook.start()
})

afterEach(() => server[Symbol.asyncDispose]())

describe('a mutating webhook', () => {
  test('completes the object, which is defaulted and checked then', async () => {
    await server.register('mutating', { rules: [RULE] })
    server.webhook.answer(() =>
      patched(
        { op: 'add', path: '/data/added', value: 'yes' },
        { op: 'add', path: '/metadata/labels', value: { from: 'webhook' } },
        { op: 'add', path: '/nonsense', value: 1 },
      ),
    )

    const created = await server.createConfigMap('a')

    expect(created.data).toEqual({ k: 'v', added: 'yes' })
    expect(created.metadata.labels).toEqual({ from: 'webhook' })
    expect(created).not.toHaveProperty('nonsense')
  })

  test('that makes an object which can not be is told so', async () => {
    await server.register('mutating', { rules: [RULE] })
    server.webhook.answer(() => patched({ op: 'add', path: '/metadata/labels', value: { a: 'not valid!' } }))
    await expect(server.createConfigMap('a')).rejects.toMatchObject({ code: 422 })

    server.webhook.answer(() => patched({ op: 'replace', path: '/nowhere/at/all', value: 1 }))
    await expect(server.createConfigMap('a')).rejects.toMatchObject({ code: 500 })
  })

  test('sees what the ones before it did; they go by the names of their configurations', async () => {
    await server.register('mutating', { rules: [RULE] }, 'b-second')
    await server.register('mutating', { rules: [RULE] }, 'a-first')
    server.webhook.answer(({ request }) => {
      const { data = {} } = request.object as ConfigMap
      return patched({ op: 'add', path: '/data/seen', value: Object.keys(data).sort().join(',') })
    })

    const created = await server.createConfigMap('a')

    expect(server.webhook.asked.map(({ path }) => path)).toEqual(['/a-first?timeout=10s', '/b-second?timeout=10s'])
    expect(created.data?.seen).toBe('k,seen')
  })

  test('is asked again after others changed the object, if it wants that', async () => {
    await server.register('mutating', { rules: [RULE], reinvocationPolicy: 'IfNeeded' }, 'a-first')
    await server.register('mutating', { rules: [RULE] }, 'b-second')
    server.webhook.answer(({ path, request }) => {
      const { data = {} } = request.object as ConfigMap
      if (path.startsWith('/b-second')) return patched({ op: 'add', path: '/data/late', value: 'x' })
      return patched({ op: 'add', path: '/data/count', value: String(Object.keys(data).length) })
    })

    const created = await server.createConfigMap('a')

    expect(server.webhook.asked.map(({ path }) => path.slice(0, 3))).toEqual(['/a-', '/b-', '/a-'])
    expect(created.data).toEqual({ k: 'v', late: 'x', count: '3' })
  })

  test('may add a container, which then gets what every container gets', async () => {
    await server.client.create(SERVICE_ACCOUNTS, { metadata: { name: 'default', namespace: 'default' } })
    await server.register('mutating', { rules: [{ ...RULE, resources: ['pods'] }] })
    server.webhook.answer(() => patched({ op: 'add', path: '/spec/containers/-', value: { name: 'sidecar', image: 'proxy' } }))

    const draft = { metadata: { name: 'p', namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'x' }] } }
    const { spec } = await server.client.create<Pod>(PODS, draft as object)

    expect(spec.containers.map(({ name }) => name)).toEqual(['c', 'sidecar'])
    expect(spec.containers[1]).toMatchObject({ imagePullPolicy: 'Always', terminationMessagePath: '/dev/termination-log' })
    expect(spec.containers[1]?.volumeMounts).toEqual(spec.containers[0]?.volumeMounts)
    expect(spec.volumes).toHaveLength(1)
  })

  test('can not change what is deleted', async () => {
    await server.createConfigMap('a')
    await server.register('mutating', { rules: [{ ...RULE, operations: ['DELETE'] }] })
    server.webhook.answer(() => patched({ op: 'add', path: '/data', value: {} }))

    await expect(server.client.delete(CONFIG_MAPS, { name: 'a', namespace: 'default' })).rejects.toMatchObject({
      code: 500,
      message: expect.stringContaining('attempted to modify the object, which is not supported for this operation'),
    })
  })
})
