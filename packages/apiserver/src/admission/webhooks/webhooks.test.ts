import { connect } from 'node:net'
import {
  CONFIG_MAPS,
  type ConfigMap,
  CUSTOM_RESOURCE_DEFINITIONS,
  HORIZONTAL_POD_AUTOSCALERS_V1,
  MUTATING_WEBHOOK_CONFIGURATIONS,
  NAMESPACES,
  PODS,
  type Pod,
  SERVICE_ACCOUNTS,
  VALIDATING_WEBHOOK_CONFIGURATIONS,
} from '@skiff/api'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ServiceAddress } from '../../streaming/service-dialer.ts'
import { startTestApiServer, type TestApiServer } from '../../testing.ts'
import { fullAdmission } from '../testing/full-admission.ts'
import { patched, startTestWebhook, type TestWebhook } from '../testing/test-webhook.ts'

let api: TestApiServer
let webhook: TestWebhook
const stopping = new AbortController()

beforeEach(async () => {
  webhook = await startTestWebhook()
  const dialService = async ({ namespace, name, port }: ServiceAddress) => {
    if (`${namespace}/${name}:${port}` !== 'default/hook:8443') throw new Error('no endpoints available')
    return connect(webhook.port, '127.0.0.1')
  }
  api = await startTestApiServer({ admission: fullAdmission({ signal: stopping.signal, dialService }) })
})

afterEach(async () => {
  await api.close()
  await webhook[Symbol.asyncDispose]()
})

const RULE = { operations: ['CREATE', 'UPDATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }

describe('a validating webhook', () => {
  test('is shown the whole request', async () => {
    await register('validating', { rules: [RULE], clientConfig: { ...client(), url: `${webhook.url}/judge` } })

    await createConfigMap('a', { labels: { app: 'x' } })

    expect(webhook.asked).toHaveLength(1)
    expect(webhook.asked[0]?.path).toBe('/judge?timeout=10s')
    expect(webhook.asked[0]?.request).toMatchObject({
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
    await register('validating', { rules: [RULE] })
    webhook.answer(() => ({ allowed: false, status: { code: 418, reason: 'Teapot', message: 'no coffee here' } }))
    const first = createConfigMap('a')
    await expect(first).rejects.toMatchObject({
      code: 418,
      message: 'admission webhook "hook.example.com" denied the request: no coffee here',
    })

    webhook.answer(() => ({ allowed: false }))
    const second = createConfigMap('a')
    await expect(second).rejects.toMatchObject({
      code: 400,
      message: 'admission webhook "hook.example.com" denied the request without explanation',
    })
  })

  test('sends its warnings to the client', async () => {
    await register('validating', { rules: [RULE] })
    webhook.answer(() => ({ allowed: true, warnings: ['be careful'], auditAnnotations: { a: 'b' } }))

    const { headers } = await api.client.request('POST', '/api/v1/namespaces/default/configmaps', {
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
    await register('validating', { rules: [{ ...RULE, ...rule }] })

    await createConfigMap('a')
    await api.client.patch(CONFIG_MAPS, { name: 'a', namespace: 'default' }, { type: 'merge', body: { data: { k: 'w' } } })
    await api.client.request('DELETE', '/api/v1/namespaces/default/configmaps')

    expect(webhook.asked.map(({ request }) => request.operation)).toEqual(operations)
  })

  test('is shown how an object is deleted', async () => {
    await createConfigMap('a')
    await register('validating', { rules: [{ ...RULE, operations: ['DELETE'] }] })

    await api.client.delete(CONFIG_MAPS, { name: 'a', namespace: 'default' }, { propagationPolicy: 'Orphan' })

    expect(webhook.asked[0]?.request).toMatchObject({
      operation: 'DELETE',
      object: null,
      options: { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1', propagationPolicy: 'Orphan' },
    })
  })

  test('that takes its time holds up no other writer, and is asked again about what it was too late for', async () => {
    await createConfigMap('a')
    await register('validating', {
      ...{ rules: [RULE], objectSelector: { matchLabels: { slow: 'yes' } } },
      ...{ failurePolicy: 'Ignore', timeoutSeconds: 1 },
    })
    const ref = { name: 'a', namespace: 'default' }
    const patch = (body: object) => api.client.patch<ConfigMap>(CONFIG_MAPS, ref, { type: 'merge', body })
    webhook.answer(() => 'nothing')

    const slow = patch({ metadata: { labels: { slow: 'yes' } } })
    await expect.poll(() => webhook.asked.length).toBe(1)
    const other = await patch({ data: { other: 'v' } })
    webhook.answer(() => ({ allowed: true }))

    expect(other.metadata.labels).toBeUndefined()
    expect(await slow).toMatchObject({ metadata: { labels: { slow: 'yes' } }, data: { k: 'v', other: 'v' } })
    expect(webhook.asked).toHaveLength(2)
  })

  test('is asked only about namespaces and objects that it selects', async () => {
    await register('validating', {
      rules: [RULE],
      namespaceSelector: { matchLabels: { watched: 'yes' } },
      objectSelector: { matchExpressions: [{ key: 'skip', operator: 'DoesNotExist' }] },
    })
    await api.client.create(NAMESPACES, { metadata: { name: 'watched', labels: { watched: 'yes' } } } as object)

    await createConfigMap('outside')
    await createConfigMap('skipped', { namespace: 'watched', labels: { skip: '1' } })
    await createConfigMap('asked', { namespace: 'watched' })

    expect(webhook.asked.map(({ request }) => request.name)).toEqual(['asked'])
  })

  test('is asked only when its match conditions hold', async () => {
    await register('validating', {
      rules: [RULE],
      matchConditions: [
        { name: 'not-mine', expression: 'object.metadata.name != "mine"' },
        { name: 'by-admin', expression: 'request.userInfo.username == "admin" && "system:masters" in request.userInfo.groups' },
        { name: 'may', expression: 'authorizer.group("").resource("pods").namespace("default").check("get").allowed()' },
        { name: 'this', expression: 'authorizer.requestResource.check("create").allowed()' },
      ],
    })

    await createConfigMap('mine')
    await createConfigMap('yours')

    expect(webhook.asked.map(({ request }) => request.name)).toEqual(['yours'])
  })

  test('with a match condition that breaks refuses, or is left out, by its failure policy', async () => {
    const conditions = { rules: [RULE], matchConditions: [{ name: 'x', expression: 'object.data.missing == "a"' }] }
    const name = await register('validating', conditions)
    await expect(createConfigMap('a')).rejects.toMatchObject({
      code: 403,
      message: expect.stringContaining('no such key: missing'),
    })
    await api.client.delete(VALIDATING_WEBHOOK_CONFIGURATIONS, { name })
    await register('validating', { ...conditions, failurePolicy: 'Ignore' })

    await createConfigMap('a')

    expect(webhook.asked).toEqual([])
  })

  test('is told of another version of the kind, when its rule names only that', async () => {
    const rule = { ...RULE, apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'] }
    const spec = {
      scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' },
      maxReplicas: 3,
      targetCPUUtilizationPercentage: 50,
    }
    await register('validating', { rules: [{ ...rule, apiVersions: ['v2'] }] })

    await api.client.create(HORIZONTAL_POD_AUTOSCALERS_V1, { metadata: { name: 'h', namespace: 'default' }, spec } as object)

    expect(webhook.asked[0]?.request).toMatchObject({
      kind: { version: 'v2' },
      requestKind: { version: 'v1' },
      object: { apiVersion: 'autoscaling/v2', spec: { metrics: [{ type: 'Resource' }] } },
    })
  })

  test('is not asked in another version when it wants exactly what it names', async () => {
    const rule = { ...RULE, apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'] }
    const spec = { scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 3 }
    await register('validating', { rules: [{ ...rule, apiVersions: ['v2'] }], matchPolicy: 'Exact' })

    await api.client.create(HORIZONTAL_POD_AUTOSCALERS_V1, { metadata: { name: 'h', namespace: 'default' }, spec } as object)

    expect(webhook.asked).toEqual([])
  })

  test('judges a dry run only when it has no side effects', async () => {
    const name = await register('validating', { rules: [RULE] })
    await api.client.create(CONFIG_MAPS, { metadata: { name: 'a', namespace: 'default' } }, { dryRun: true })
    await api.client.patch(
      VALIDATING_WEBHOOK_CONFIGURATIONS,
      { name },
      { type: 'json', body: [{ op: 'replace', path: '/webhooks/0/sideEffects', value: 'NoneOnDryRun' }] },
    )
    await api.client.create(CONFIG_MAPS, { metadata: { name: 'a', namespace: 'default' } }, { dryRun: true })

    expect(webhook.asked.map(({ request }) => request.dryRun)).toEqual([true, true])
  })

  test('can not lock the cluster: configurations of webhooks and policies are never shown', async () => {
    const everything = { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }
    const name = await register('validating', { rules: [everything] })
    await register('mutating', { rules: [everything] })
    webhook.answer(() => ({ allowed: false }))

    await api.client.delete(VALIDATING_WEBHOOK_CONFIGURATIONS, { name })

    expect(webhook.asked).toEqual([])
  })
})

describe('a webhook that can not be asked', () => {
  test.each([
    [
      'is silent',
      'nothing',
      /failed to call webhook: Post "https:\/\/127\.0\.0\.1:\d+\/\?timeout=1s": context deadline exceeded$/,
    ],
    ['talks nonsense', 'hello', /json parse error/],
    ['answers no review', '{}', /received invalid webhook response: webhook response was absent$/],
    [
      'answers somebody else',
      { uid: 'other' },
      /received invalid webhook response: expected response\.uid="[^"]+", got "other"$/,
    ],
    ['patches though it only judges', patched({ op: 'add' }), /validating webhook may not return response.patch$/],
  ])('because it %s, refuses', async (_name, say, message) => {
    await register('validating', { rules: [RULE], timeoutSeconds: 1 })
    webhook.answer(() => say)

    await expect(createConfigMap('a')).rejects.toMatchObject({
      code: 500,
      reason: 'InternalError',
      message: expect.stringMatching(/^Internal error occurred: failed calling webhook "hook.example.com": /),
    })
    await expect(createConfigMap('a')).rejects.toMatchObject({ message: expect.stringMatching(message) })
  })

  test('because nobody vouches for it, refuses', async () => {
    await register('validating', { rules: [RULE], clientConfig: { url: webhook.url } })

    await expect(createConfigMap('a')).rejects.toMatchObject({
      message: expect.stringContaining('tls: failed to verify certificate: x509: certificate signed by unknown authority'),
    })
    expect(webhook.asked).toEqual([])
  })

  test.each([
    ['by its Service', 'hook', undefined],
    [
      'by a Service that nobody is behind',
      'gone',
      /Post "https:\/\/gone.default.svc:8443\/judge\?timeout=10s": no endpoints available$/,
    ],
  ])('or can: %s', async (_name, name, problem) => {
    const service = { namespace: 'default', name, port: 8443, path: '/judge' }
    await register('validating', { rules: [RULE], clientConfig: { service, caBundle: webhook.caBundle } })

    const created = createConfigMap('a')

    if (problem === undefined) await expect(created).resolves.toBeDefined()
    else await expect(created).rejects.toMatchObject({ message: expect.stringMatching(problem) })
    expect(webhook.asked.map(({ path }) => path)).toEqual(problem === undefined ? ['/judge?timeout=10s'] : [])
  })

  test('is left out when its failure policy says so', async () => {
    await register('validating', { rules: [RULE], failurePolicy: 'Ignore', clientConfig: { url: 'https://127.0.0.1:1' } })
    await register('mutating', { rules: [RULE], failurePolicy: 'Ignore', clientConfig: { url: 'https://127.0.0.1:1' } })

    await expect(createConfigMap('a')).resolves.toBeDefined()
  })
})

describe('a mutating webhook', () => {
  test('completes the object, which is defaulted and checked then', async () => {
    await register('mutating', { rules: [RULE] })
    webhook.answer(() =>
      patched(
        { op: 'add', path: '/data/added', value: 'yes' },
        { op: 'add', path: '/metadata/labels', value: { from: 'webhook' } },
        { op: 'add', path: '/nonsense', value: 1 },
      ),
    )

    const created = await createConfigMap('a')

    expect(created.data).toEqual({ k: 'v', added: 'yes' })
    expect(created.metadata.labels).toEqual({ from: 'webhook' })
    expect(created).not.toHaveProperty('nonsense')
  })

  test('that makes an object which can not be is told so', async () => {
    await register('mutating', { rules: [RULE] })
    webhook.answer(() => patched({ op: 'add', path: '/metadata/labels', value: { a: 'not valid!' } }))
    await expect(createConfigMap('a')).rejects.toMatchObject({ code: 422 })

    webhook.answer(() => patched({ op: 'replace', path: '/nowhere/at/all', value: 1 }))
    await expect(createConfigMap('a')).rejects.toMatchObject({ code: 500 })
  })

  test('sees what the ones before it did; they go by the names of their configurations', async () => {
    await register('mutating', { rules: [RULE] }, 'b-second')
    await register('mutating', { rules: [RULE] }, 'a-first')
    webhook.answer(({ request }) => {
      const { data = {} } = request.object as ConfigMap
      return patched({ op: 'add', path: '/data/seen', value: Object.keys(data).sort().join(',') })
    })

    const created = await createConfigMap('a')

    expect(webhook.asked.map(({ path }) => path)).toEqual(['/a-first?timeout=10s', '/b-second?timeout=10s'])
    expect(created.data?.seen).toBe('k,seen')
  })

  test('is asked again after others changed the object, if it wants that', async () => {
    await register('mutating', { rules: [RULE], reinvocationPolicy: 'IfNeeded' }, 'a-first')
    await register('mutating', { rules: [RULE] }, 'b-second')
    webhook.answer(({ path, request }) => {
      const { data = {} } = request.object as ConfigMap
      if (path.startsWith('/b-second')) return patched({ op: 'add', path: '/data/late', value: 'x' })
      return patched({ op: 'add', path: '/data/count', value: String(Object.keys(data).length) })
    })

    const created = await createConfigMap('a')

    expect(webhook.asked.map(({ path }) => path.slice(0, 3))).toEqual(['/a-', '/b-', '/a-'])
    expect(created.data).toEqual({ k: 'v', late: 'x', count: '3' })
  })

  test('may add a container, which then gets what every container gets', async () => {
    await api.client.create(SERVICE_ACCOUNTS, { metadata: { name: 'default', namespace: 'default' } })
    await register('mutating', { rules: [{ ...RULE, resources: ['pods'] }] })
    webhook.answer(() => patched({ op: 'add', path: '/spec/containers/-', value: { name: 'sidecar', image: 'proxy' } }))

    const draft = { metadata: { name: 'p', namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'x' }] } }
    const { spec } = await api.client.create<Pod>(PODS, draft as object)

    expect(spec.containers.map(({ name }) => name)).toEqual(['c', 'sidecar'])
    expect(spec.containers[1]).toMatchObject({ imagePullPolicy: 'Always', terminationMessagePath: '/dev/termination-log' })
    expect(spec.containers[1]?.volumeMounts).toEqual(spec.containers[0]?.volumeMounts)
    expect(spec.volumes).toHaveLength(1)
  })

  test('can not change what is deleted', async () => {
    await createConfigMap('a')
    await register('mutating', { rules: [{ ...RULE, operations: ['DELETE'] }] })
    webhook.answer(() => patched({ op: 'add', path: '/data', value: {} }))

    await expect(api.client.delete(CONFIG_MAPS, { name: 'a', namespace: 'default' })).rejects.toMatchObject({
      code: 500,
      message: expect.stringContaining('attempted to modify the object, which is not supported for this operation'),
    })
  })
})

describe('custom kinds', () => {
  test('are completed in the version that a rule names, and pruned by their schema', async () => {
    await createWidgets()
    await register('mutating', { rules: [{ ...RULE, apiGroups: ['example.com'], apiVersions: ['v1'], resources: ['widgets'] }] })
    webhook.answer(() =>
      patched({ op: 'add', path: '/spec/added', value: 'yes' }, { op: 'add', path: '/spec/unknown', value: 'pruned' }),
    )
    const path = '/apis/example.com/v2/namespaces/default/widgets'
    const body = { apiVersion: 'example.com/v2', kind: 'Widget', metadata: { name: 'w' }, spec: { size: 1 } }

    const created = JSON.parse((await api.client.request('POST', path, { body })).body.toString())

    expect(webhook.asked[0]?.request).toMatchObject({
      kind: { group: 'example.com', version: 'v1', kind: 'Widget' },
      requestKind: { version: 'v2' },
      object: { apiVersion: 'example.com/v1', spec: { size: 1 } },
    })
    expect(created).toMatchObject({ apiVersion: 'example.com/v2', spec: { size: 1, added: 'yes' } })
    expect(created.spec).not.toHaveProperty('unknown')
  })

  test('can be refused, and so can their definitions', async () => {
    await createWidgets()
    await register('validating', {
      rules: [{ ...RULE, apiGroups: ['*'], apiVersions: ['*'], resources: ['widgets', 'customresourcedefinitions'] }],
    })
    webhook.answer(() => ({ allowed: false, status: { message: 'no' } }))
    const body = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' }, spec: {} }

    await expect(api.client.request('POST', '/apis/example.com/v1/namespaces/default/widgets', { body })).rejects.toMatchObject({
      code: 400,
    })
    await expect(createWidgets('gadgets', 'Gadget')).rejects.toMatchObject({
      message: expect.stringMatching(/denied the request: no$/),
    })
  })
})

describe('what is no write of an object', () => {
  test('an exec can be refused, with what it would run in sight', async () => {
    await register('validating', { rules: [{ ...RULE, operations: ['CONNECT'], resources: ['pods/exec', 'pods/attach'] }] })
    webhook.answer(() => ({ allowed: false, status: { message: 'not here' } }))

    const path = '/api/v1/namespaces/default/pods/p/exec?command=sh&command=-c&stdin=true'
    const refused = api.client.webSocket(path, ['v5.channel.k8s.io'])
    const status = await new Promise((resolve) =>
      refused.once('unexpected-response', (_request, answer) => resolve(answer.statusCode)),
    )

    expect(status).toBe(400)
    expect(webhook.asked[0]?.request).toMatchObject({
      operation: 'CONNECT',
      subResource: 'exec',
      kind: { group: '', version: 'v1', kind: 'PodExecOptions' },
      object: { kind: 'PodExecOptions', command: ['sh', '-c'], stdin: true },
    })
  })

  test('a binding is shown as one, and an eviction', async () => {
    await api.client.create(SERVICE_ACCOUNTS, { metadata: { name: 'default', namespace: 'default' } })
    const draft = { metadata: { name: 'p', namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'x' }] } }
    await api.client.create(PODS, draft as object)
    await register('validating', { rules: [{ ...RULE, operations: ['CREATE'], resources: ['pods/binding', 'pods/eviction'] }] })
    const path = '/api/v1/namespaces/default/pods/p'
    const metadata = { name: 'p', namespace: 'default' }

    await api.client.request('POST', `${path}/binding`, { body: { metadata, target: { kind: 'Node', name: 'n1' } } })
    await api.client.request('POST', `${path}/eviction`, { body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata } })

    expect(webhook.asked.map(({ request }) => request)).toMatchObject([
      { operation: 'CREATE', kind: { kind: 'Binding' }, object: { kind: 'Binding', target: { name: 'n1' } } },
      { operation: 'CREATE', kind: { group: 'policy', version: 'v1', kind: 'Eviction' }, object: { kind: 'Eviction' } },
    ])
  })
})

async function createWidgets(plural = 'widgets', kind = 'Widget'): Promise<void> {
  const spec = { type: 'object', properties: { size: { type: 'integer' }, added: { type: 'string' } } }
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec } } }
  const versions = ['v1', 'v2'].map((name) => ({ name, served: true, storage: name === 'v2', schema }))
  await api.client.create(CUSTOM_RESOURCE_DEFINITIONS, {
    metadata: { name: `${plural}.example.com` },
    spec: { group: 'example.com', scope: 'Namespaced', names: { plural, kind }, versions },
  } as object)
}

function client() {
  return { url: webhook.url, caBundle: webhook.caBundle }
}

let registered = 0

async function register(kind: 'mutating' | 'validating', hook: object, named?: string): Promise<string> {
  registered += 1
  const name = named ?? `w${registered}`
  const clientConfig = named === undefined ? client() : { ...client(), url: `${webhook.url}/${named}` }
  const webhooks = [{ name: 'hook.example.com', sideEffects: 'None', admissionReviewVersions: ['v1'], clientConfig, ...hook }]
  const info = kind === 'mutating' ? MUTATING_WEBHOOK_CONFIGURATIONS : VALIDATING_WEBHOOK_CONFIGURATIONS
  await api.client.create(info, { metadata: { name }, webhooks } as object)
  return name
}

async function createConfigMap(
  name: string,
  { namespace = 'default', labels = {} }: { namespace?: string; labels?: object } = {},
) {
  return await api.client.create<ConfigMap>(CONFIG_MAPS, { metadata: { name, namespace, labels }, data: { k: 'v' } } as object)
}
