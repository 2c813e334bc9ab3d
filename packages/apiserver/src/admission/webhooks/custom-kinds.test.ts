import { CUSTOM_RESOURCE_DEFINITIONS } from '@skiff/api'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { RULE, ServerWithWebhook } from '../testing/server-with-webhook.ts'
import { patched } from '../testing/test-webhook.ts'

let server: ServerWithWebhook

beforeEach(async () => {
  server = await ServerWithWebhook.start()
})

afterEach(() => server[Symbol.asyncDispose]())

describe('custom kinds', () => {
  test('are completed in the version that a rule names, and pruned by their schema', async () => {
    await createWidgets()
    await server.register('mutating', {
      rules: [{ ...RULE, apiGroups: ['example.com'], apiVersions: ['v1'], resources: ['widgets'] }],
    })
    server.webhook.answer(() =>
      patched({ op: 'add', path: '/spec/added', value: 'yes' }, { op: 'add', path: '/spec/unknown', value: 'pruned' }),
    )
    const path = '/apis/example.com/v2/namespaces/default/widgets'
    const body = { apiVersion: 'example.com/v2', kind: 'Widget', metadata: { name: 'w' }, spec: { size: 1 } }

    const created = JSON.parse((await server.client.request('POST', path, { body })).body.toString())

    expect(server.webhook.asked[0]?.request).toMatchObject({
      kind: { group: 'example.com', version: 'v1', kind: 'Widget' },
      requestKind: { version: 'v2' },
      object: { apiVersion: 'example.com/v1', spec: { size: 1 } },
    })
    expect(created).toMatchObject({ apiVersion: 'example.com/v2', spec: { size: 1, added: 'yes' } })
    expect(created.spec).not.toHaveProperty('unknown')
  })

  test('can be refused, and so can their definitions', async () => {
    await createWidgets()
    await server.register('validating', {
      rules: [{ ...RULE, apiGroups: ['*'], apiVersions: ['*'], resources: ['widgets', 'customresourcedefinitions'] }],
    })
    server.webhook.answer(() => ({ allowed: false, status: { message: 'no' } }))
    const body = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' }, spec: {} }

    await expect(
      server.client.request('POST', '/apis/example.com/v1/namespaces/default/widgets', { body }),
    ).rejects.toMatchObject({
      code: 400,
    })
    await expect(createWidgets('gadgets', 'Gadget')).rejects.toMatchObject({
      message: expect.stringMatching(/denied the request: no$/),
    })
  })
})

async function createWidgets(plural = 'widgets', kind = 'Widget'): Promise<void> {
  const spec = { type: 'object', properties: { size: { type: 'integer' }, added: { type: 'string' } } }
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec } } }
  const versions = ['v1', 'v2'].map((name) => ({ name, served: true, storage: name === 'v2', schema }))
  await server.client.create(CUSTOM_RESOURCE_DEFINITIONS, {
    metadata: { name: `${plural}.example.com` },
    spec: { group: 'example.com', scope: 'Namespaced', names: { plural, kind }, versions },
  } as object)
}
