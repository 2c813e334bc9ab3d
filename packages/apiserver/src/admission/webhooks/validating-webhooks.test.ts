import {
  CONFIG_MAPS,
  type ConfigMap,
  HORIZONTAL_POD_AUTOSCALERS_V1,
  NAMESPACES,
  PODS,
  SERVICE_ACCOUNTS,
  VALIDATING_WEBHOOK_CONFIGURATIONS,
} from '@skiff/api'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { RULE, ServerWithWebhook } from '../testing/server-with-webhook.ts'

let server: ServerWithWebhook

beforeEach(async () => {
  server = await ServerWithWebhook.start()
})

afterEach(() => server[Symbol.asyncDispose]())

describe('a validating webhook', () => {
  test('is shown the whole request', async () => {
    await server.register('validating', {
      rules: [RULE],
      clientConfig: { url: `${server.webhook.url}/judge`, caBundle: server.webhook.caBundle },
    })

    await server.createConfigMap('a', { labels: { app: 'x' } })

    expect(server.webhook.asked).toHaveLength(1)
    expect(server.webhook.asked[0]?.path).toBe('/judge?timeout=10s')
    expect(server.webhook.asked[0]?.request).toMatchObject({
      uid: expect.any(String),
      kind: { group: '', version: 'v1', kind: 'ConfigMap' },
      resource: { group: '', version: 'v1', resource: 'configmaps' },
      requestKind: { kind: 'ConfigMap' },
      requestResource: { resource: 'configmaps' },
      name: 'a',
      namespace: 'default',
      operation: 'CREATE',
      userInfo: { username: 'admin', groups: ['system:masters', 'system:authenticated'] },
      object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', labels: { app: 'x' } }, data: { k: 'v' } },
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    })
  })

  test('refuses with its own words, code and reason', async () => {
    await server.register('validating', { rules: [RULE] })
    server.webhook.answer(() => ({ allowed: false, status: { code: 418, reason: 'Teapot', message: 'no coffee here' } }))
    const first = server.createConfigMap('a')
    await expect(first).rejects.toMatchObject({
      code: 418,
      message: 'admission webhook "hook.example.com" denied the request: no coffee here',
    })

    server.webhook.answer(() => ({ allowed: false }))
    const second = server.createConfigMap('a')
    await expect(second).rejects.toMatchObject({
      code: 400,
      message: 'admission webhook "hook.example.com" denied the request without explanation',
    })
  })

  test('sends its warnings to the client', async () => {
    await server.register('validating', { rules: [RULE] })
    server.webhook.answer(() => ({ allowed: true, warnings: ['be careful'], auditAnnotations: { a: 'b' } }))

    const { headers } = await server.client.request('POST', '/api/v1/namespaces/default/configmaps', {
      body: { metadata: { name: 'w' } },
    })

    expect(headers.warning).toBe('299 - "be careful"')
  })

  test.each([
    [{ operations: ['DELETE'] }, ['DELETE']],
    [{ operations: ['*'] }, ['CREATE', 'UPDATE', 'DELETE']],
    [{ resources: ['*'] }, ['CREATE', 'UPDATE']],
    [{ resources: ['*/*'] }, ['CREATE', 'UPDATE']],
    [{ resources: ['configmaps/status'] }, []],
    [{ apiGroups: ['apps'] }, []],
    [{ scope: 'Cluster' }, []],
    [{ scope: 'Namespaced' }, ['CREATE', 'UPDATE']],
  ])('with the rule %j is asked about %j', async (rule, operations) => {
    await server.register('validating', { rules: [{ ...RULE, ...rule }] })

    await server.createConfigMap('a')
    await server.client.patch(CONFIG_MAPS, { name: 'a', namespace: 'default' }, { type: 'merge', body: { data: { k: 'w' } } })
    await server.client.request('DELETE', '/api/v1/namespaces/default/configmaps')

    expect(server.webhook.asked.map(({ request }) => request.operation)).toEqual(operations)
  })

  test('is shown how an object is deleted', async () => {
    await server.createConfigMap('a')
    await server.register('validating', { rules: [{ ...RULE, operations: ['DELETE'] }] })

    await server.client.delete(CONFIG_MAPS, { name: 'a', namespace: 'default' }, { propagationPolicy: 'Orphan' })

    expect(server.webhook.asked[0]?.request).toMatchObject({
      operation: 'DELETE',
      object: null,
      options: { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1', propagationPolicy: 'Orphan' },
    })
  })

  test('that takes its time holds up no other writer, and is asked again about what it was too late for', async () => {
    await server.createConfigMap('a')
    await server.register('validating', {
      ...{ rules: [RULE], objectSelector: { matchLabels: { slow: 'yes' } } },
      ...{ failurePolicy: 'Ignore', timeoutSeconds: 1 },
    })
    const ref = { name: 'a', namespace: 'default' }
    const patch = (body: object) => server.client.patch<ConfigMap>(CONFIG_MAPS, ref, { type: 'merge', body })
    server.webhook.answer(() => 'nothing')

    const slow = patch({ metadata: { labels: { slow: 'yes' } } })
    await expect.poll(() => server.webhook.asked.length).toBe(1)
    const other = await patch({ data: { other: 'v' } })
    server.webhook.answer(() => ({ allowed: true }))

    expect(other.metadata.labels).toBeUndefined()
    expect(await slow).toMatchObject({ metadata: { labels: { slow: 'yes' } }, data: { k: 'v', other: 'v' } })
    expect(server.webhook.asked).toHaveLength(2)
  })

  test('is asked only about namespaces and objects that it selects', async () => {
    await server.register('validating', {
      rules: [RULE],
      namespaceSelector: { matchLabels: { watched: 'yes' } },
      objectSelector: { matchExpressions: [{ key: 'skip', operator: 'DoesNotExist' }] },
    })
    await server.client.create(NAMESPACES, { metadata: { name: 'watched', labels: { watched: 'yes' } } } as object)

    await server.createConfigMap('outside')
    await server.createConfigMap('skipped', { namespace: 'watched', labels: { skip: '1' } })
    await server.createConfigMap('asked', { namespace: 'watched' })

    expect(server.webhook.asked.map(({ request }) => request.name)).toEqual(['asked'])
  })

  test('is asked only when its match conditions hold', async () => {
    await server.register('validating', {
      rules: [RULE],
      matchConditions: [
        { name: 'not-mine', expression: 'object.metadata.name != "mine"' },
        { name: 'by-admin', expression: 'request.userInfo.username == "admin" && "system:masters" in request.userInfo.groups' },
        { name: 'may', expression: 'authorizer.group("").resource("pods").namespace("default").check("get").allowed()' },
        { name: 'this', expression: 'authorizer.requestResource.check("create").allowed()' },
      ],
    })

    await server.createConfigMap('mine')
    await server.createConfigMap('yours')

    expect(server.webhook.asked.map(({ request }) => request.name)).toEqual(['yours'])
  })

  test('with a match condition that breaks refuses, or is left out, by its failure policy', async () => {
    const conditions = { rules: [RULE], matchConditions: [{ name: 'x', expression: 'object.data.missing == "a"' }] }
    const name = await server.register('validating', conditions)
    await expect(server.createConfigMap('a')).rejects.toMatchObject({
      code: 403,
      message: expect.stringContaining('no such key: missing'),
    })
    await server.client.delete(VALIDATING_WEBHOOK_CONFIGURATIONS, { name })
    await server.register('validating', { ...conditions, failurePolicy: 'Ignore' })

    await server.createConfigMap('a')

    expect(server.webhook.asked).toEqual([])
  })

  test('is told of another version of the kind, when its rule names only that', async () => {
    const rule = { ...RULE, apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'] }
    const spec = {
      scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' },
      maxReplicas: 3,
      targetCPUUtilizationPercentage: 50,
    }
    await server.register('validating', { rules: [{ ...rule, apiVersions: ['v2'] }] })

    await server.client.create(HORIZONTAL_POD_AUTOSCALERS_V1, { metadata: { name: 'h', namespace: 'default' }, spec } as object)

    expect(server.webhook.asked[0]?.request).toMatchObject({
      kind: { version: 'v2' },
      requestKind: { version: 'v1' },
      object: { apiVersion: 'autoscaling/v2', spec: { metrics: [{ type: 'Resource' }] } },
    })
  })

  test('is not asked in another version when it wants exactly what it names', async () => {
    const rule = { ...RULE, apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'] }
    const spec = { scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 3 }
    await server.register('validating', { rules: [{ ...rule, apiVersions: ['v2'] }], matchPolicy: 'Exact' })

    await server.client.create(HORIZONTAL_POD_AUTOSCALERS_V1, { metadata: { name: 'h', namespace: 'default' }, spec } as object)

    expect(server.webhook.asked).toEqual([])
  })

  test('judges a dry run only when it has no side effects', async () => {
    const name = await server.register('validating', { rules: [RULE] })
    await server.client.create(CONFIG_MAPS, { metadata: { name: 'a', namespace: 'default' } }, { dryRun: true })
    await server.client.patch(
      VALIDATING_WEBHOOK_CONFIGURATIONS,
      { name },
      { type: 'json', body: [{ op: 'replace', path: '/webhooks/0/sideEffects', value: 'NoneOnDryRun' }] },
    )
    await server.client.create(CONFIG_MAPS, { metadata: { name: 'a', namespace: 'default' } }, { dryRun: true })

    expect(server.webhook.asked.map(({ request }) => request.dryRun)).toEqual([true, true])
  })

  test('can not lock the cluster: configurations of webhooks and policies are never shown', async () => {
    const everything = { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }
    const name = await server.register('validating', { rules: [everything] })
    await server.register('mutating', { rules: [everything] })
    server.webhook.answer(() => ({ allowed: false }))

    await server.client.delete(VALIDATING_WEBHOOK_CONFIGURATIONS, { name })

    expect(server.webhook.asked).toEqual([])
  })
})

describe('what is no write of an object', () => {
  test('an exec can be refused, with what it would run in sight', async () => {
    await server.register('validating', {
      rules: [{ ...RULE, operations: ['CONNECT'], resources: ['pods/exec', 'pods/attach'] }],
    })
    server.webhook.answer(() => ({ allowed: false, status: { message: 'not here' } }))

    const path = '/api/v1/namespaces/default/pods/p/exec?command=sh&command=-c&stdin=true'
    const refused = server.client.webSocket(path, ['v5.channel.k8s.io'])
    const status = await new Promise((resolve) =>
      refused.once('unexpected-response', (_request, answer) => resolve(answer.statusCode)),
    )

    expect(status).toBe(400)
    expect(server.webhook.asked[0]?.request).toMatchObject({
      operation: 'CONNECT',
      subResource: 'exec',
      kind: { group: '', version: 'v1', kind: 'PodExecOptions' },
      object: { kind: 'PodExecOptions', command: ['sh', '-c'], stdin: true },
    })
  })

  test('a binding is shown as one, and an eviction', async () => {
    await server.client.create(SERVICE_ACCOUNTS, { metadata: { name: 'default', namespace: 'default' } })
    const draft = { metadata: { name: 'p', namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'x' }] } }
    await server.client.create(PODS, draft as object)
    await server.register('validating', {
      rules: [{ ...RULE, operations: ['CREATE'], resources: ['pods/binding', 'pods/eviction'] }],
    })
    const path = '/api/v1/namespaces/default/pods/p'
    const metadata = { name: 'p', namespace: 'default' }

    await server.client.request('POST', `${path}/binding`, { body: { metadata, target: { kind: 'Node', name: 'n1' } } })
    await server.client.request('POST', `${path}/eviction`, { body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata } })

    expect(server.webhook.asked.map(({ request }) => request)).toMatchObject([
      { operation: 'CREATE', kind: { kind: 'Binding' }, object: { kind: 'Binding', target: { name: 'n1' } } },
      { operation: 'CREATE', kind: { group: 'policy', version: 'v1', kind: 'Eviction' }, object: { kind: 'Eviction' } },
    ])
  })
})
