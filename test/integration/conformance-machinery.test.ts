/** What upstream's conformance tests of sig-api-machinery, sig-auth and sig-cli ask beyond the life of single objects, asked of a master of ours. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApiCalls, type Json, startApi } from '../support/api-calls.ts'
import { shellWith } from '../support/kubectl.ts'
import { waitFor } from '../support/wait-for.ts'

let api: ApiCalls

beforeAll(async () => {
  api = await startApi()
}, 120_000)

afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const OPEN = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
const POD = { spec: { containers: [{ name: 'c', image: 'x' }] } }

const isGone = (path: string) => waitFor(`${path} is gone`, async () => (await api.get(path)).status === 404)

describe('namespaces', () => {
  test('take a status and finalizers of other people', async () => {
    const own = await api.namespace('with-status')
    const condition = { type: 'StatusPatch', status: 'True', reason: 'E2E', message: 'patched' }
    const patched = await api.patch(`${own}/status`, {
      metadata: { annotations: { a: 'b' } },
      status: { conditions: [condition] },
    })
    expect(patched.body).toMatchObject({
      metadata: { annotations: { a: 'b' } },
      status: { phase: 'Active', conditions: [condition] },
    })
    const finalizer = 'e2e.example.com/fakeFinalizer'
    const held = await api.change(`${own}/finalize`, ({ spec }) => spec.finalizers.push(finalizer), own)
    expect(held.body.spec.finalizers).toEqual(['kubernetes', finalizer])
    const freed = await api.change(`${own}/finalize`, ({ spec }) => spec.finalizers.pop(), own)
    expect(freed.body.spec.finalizers).toEqual(['kubernetes'])
  })

  test('let their pods go first, and all else only then', async () => {
    const own = await api.namespace('ordered')
    await api.post(`${own}/pods`, { metadata: { name: 'held', finalizers: ['example.com/hold'] }, ...POD })
    await api.post(`${own}/configmaps`, { metadata: { name: 'waits' } })
    await api.delete(own)
    const conditions = async () => (await api.get(own)).body.status.conditions as Json[] | undefined
    const remaining = await waitFor('it is said what remains', async () =>
      (await conditions())?.find(({ type, status }) => type === 'NamespaceFinalizersRemaining' && status === 'True'),
    )
    expect(remaining.message).toContain('example.com/hold in 1 resource instances')
    expect((await api.get(`${own}/pods/held`)).body.metadata.deletionTimestamp).toBeDefined()
    expect((await api.get(`${own}/configmaps/waits`)).body.metadata.deletionTimestamp).toBeUndefined()
    await api.patch(`${own}/pods/held`, { metadata: { finalizers: null } })
    await isGone(own)
  })

  test('get their certificate authority back', async () => {
    const path = `${await api.namespace('roots')}/configmaps/kube-root-ca.crt`
    const certificate = () =>
      waitFor('it is there', async () => (await api.get(path)).body.data?.['ca.crt'] as string | undefined)
    const before = await certificate()
    await api.delete(path)
    expect(await certificate()).toBe(before)
    await api.patch(path, { data: { 'ca.crt': 'x' } })
    await waitFor('it is mended', async () => (await certificate()) === before)
  })
})

describe('custom resource definitions', () => {
  const definition = (plural: string, schema: object, versions: readonly string[] = ['v1', 'v0']) => {
    const kind = plural[0]?.toUpperCase() + plural.slice(1, -1)
    const served = versions.map((name, index) => ({
      name,
      served: true,
      storage: index === 0,
      schema: { openAPIV3Schema: schema },
    }))
    const names = { plural, singular: plural.slice(0, -1), kind, listKind: `${kind}List` }
    const metadata = { name: `${plural}.e2e.example.com`, labels: { e2e: plural } }
    return { metadata, spec: { group: 'e2e.example.com', scope: 'Cluster', names, versions: served } }
  }
  const published = async (name: string) =>
    (await api.get('/openapi/v2')).body.definitions[`com.example.e2e.${name}`] as Json | undefined

  test('keep conditions that other people write', async () => {
    await api.post(DEFINITIONS, definition('conditions', OPEN))
    const path = `${DEFINITIONS}/conditions.e2e.example.com/status`
    const updated = await api.change(path, ({ status }) => status.conditions.push({ message: 'updated', type: '', status: '' }))
    expect(updated.body.status.conditions).toContainEqual({ message: 'updated', type: '', status: '' })
    const patched = await api.patch(path, [{ op: 'add', path: '/status/conditions', value: [{ message: 'patched' }] }], 'json')
    expect(patched.body.status.conditions).toContainEqual({ message: 'patched', type: '', status: '' })
  })

  test('are found by their labels and deleted together', async () => {
    await Promise.all(['manyas', 'manybs'].map((plural) => api.post(DEFINITIONS, definition(plural, OPEN))))
    const selector = `labelSelector=${encodeURIComponent('e2e in (manyas,manybs)')}`
    expect((await api.get(`${DEFINITIONS}?${selector}`)).body.items).toHaveLength(2)
    await api.delete(`${DEFINITIONS}?${selector}`)
    await waitFor('both are gone', async () => (await api.get(`${DEFINITIONS}?${selector}`)).body.items.length === 0)
  })

  test('default what is read as well as what is written', async () => {
    const texts = { a: { type: 'string' }, b: { type: 'string' } }
    await api.post(DEFINITIONS, definition('defaults', { ...OPEN, properties: texts }))
    const path = '/apis/e2e.example.com/v1/defaults'
    const create = (name: string) => api.post(path, { apiVersion: 'e2e.example.com/v1', kind: 'Default', metadata: { name } })
    const at = (field: string) => `/spec/versions/0/schema/openAPIV3Schema/properties/${field}/default`
    const change = (steps: object[]) => api.patch(`${DEFINITIONS}/defaults.e2e.example.com`, steps, 'json')
    await create('first')
    await change([{ op: 'add', path: at('a'), value: 'A' }])
    expect((await api.get(`${path}/first`)).body.a).toBe('A')
    expect((await create('second')).body.a).toBe('A')
    await change([
      { op: 'remove', path: at('a') },
      { op: 'add', path: at('b'), value: 'B' },
    ])
    expect((await api.get(`${path}/first`)).body).not.toHaveProperty('a')
    expect((await api.get(`${path}/second`)).body).toMatchObject({ a: 'A', b: 'B' })
    const each = { apiVersion: 'e2e.example.com/v1', kind: 'Default' }
    expect((await api.get(path)).body.items).toMatchObject([{ ...each, b: 'B' }, each])
  })

  test('are published with their schema for as long as their version is served', async () => {
    const bars = {
      description: 'List of Bars.',
      type: 'array',
      items: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
    }
    const spec = { description: 'Specification.', type: 'object', properties: { bars } }
    await api.post(DEFINITIONS, definition('foos', { description: 'Foo.', type: 'object', properties: { spec } }, ['v2', 'v3']))
    expect(await published('v3.Foo')).toMatchObject({ description: 'Foo.', type: 'object', properties: { spec } })
    await api.patch(
      `${DEFINITIONS}/foos.e2e.example.com`,
      [{ op: 'replace', path: '/spec/versions/1/name', value: 'v4' }],
      'json',
    )
    expect([await published('v3.Foo'), (await published('v4.Foo'))?.description]).toEqual([undefined, 'Foo.'])
    await api.change(`${DEFINITIONS}/foos.e2e.example.com`, (foo) => Object.assign(foo.spec.versions[1], { served: false }))
    expect([await published('v4.Foo'), (await published('v2.Foo'))?.description]).toEqual([undefined, 'Foo.'])
    await api.post(DEFINITIONS, definition('opens', OPEN))
    expect(await published('v1.Open')).toMatchObject({ type: 'object' })
    expect(await published('v1.Open')).not.toHaveProperty('x-kubernetes-preserve-unknown-fields')
  })

  test.each([
    ['fields that the schema has not', 'unknownField: unknown\nspec:\n  foo: a\n', '.unknownField: field not declared in schema'],
    [
      'metadata that nobody knows',
      'spec:\n  template:\n    metadata:\n      unknownSub: x\n',
      '.spec.template.metadata.unknownSub: field not declared in schema',
    ],
    ['a key twice', 'spec:\n  foo: a\n  foo: b\n', 'line 7: key \\"foo\\" already set in map'],
  ])('refuse an applied object with %s', async (_name, yaml, message) => {
    const template = { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { spec: { type: 'object' } } }
    const spec = { type: 'object', properties: { foo: { type: 'string' }, template } }
    await api.post(DEFINITIONS, definition('fields', { type: 'object', properties: { spec } }))
    const path = '/apis/e2e.example.com/v1/fields/a?fieldManager=m&fieldValidation=Strict'
    const refused = await api.patch(path, `apiVersion: e2e.example.com/v1\nkind: Field\nmetadata:\n  name: a\n${yaml}`, 'apply')
    expect(refused.text).toContain(message)
  })
})

describe('the garbage collector', () => {
  test('is not blocked by a circle of owners', async () => {
    const own = await api.namespace('circle')
    const names = ['pod1', 'pod2', 'pod3']
    const pods = await Promise.all(
      names.map(async (name) => (await api.post(`${own}/pods`, { metadata: { name }, ...POD })).body),
    )
    await Promise.all(
      pods.map(({ metadata }, index) => {
        const { name, uid } = pods.at(index - 1)?.metadata ?? {}
        const owner = { apiVersion: 'v1', kind: 'Pod', name, uid, controller: true, blockOwnerDeletion: true }
        return api.patch(`${own}/pods/${metadata.name}`, { metadata: { ownerReferences: [owner] } })
      }),
    )
    await api.delete(`${own}/pods/pod1`, { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Foreground' })
    await waitFor('all are gone', async () => (await api.get(`${own}/pods`)).body.items.length === 0)
  })
})

describe('quotas', () => {
  test('take a status, and put it right again without touching the spec', async () => {
    const path = `${await api.namespace('quota-status')}/resourcequotas`
    await api.post(path, { metadata: { name: 'q' }, spec: { hard: { cpu: '1', memory: '1Gi' } } })
    using watched = await api.watch(`${path}?watch=true&fieldSelector=metadata.name%3Dq`)
    const patched = await api.patch(`${path}/q/status`, { status: { hard: { cpu: '2', memory: '2Gi' } } }, 'strategic')
    expect(patched.body).toMatchObject({
      spec: { hard: { cpu: '1', memory: '1Gi' } },
      status: { hard: { cpu: '2', memory: '2Gi' } },
    })
    await watched.until('the status', ({ object }) => object.status.hard?.cpu === '2')
    await expect.poll(async () => (await api.get(`${path}/q/status`)).body.status.hard).toEqual({ cpu: '1', memory: '1Gi' })
  })
})

describe('watches', () => {
  test('begun at any revision show the same events in the same order', async () => {
    const own = `${await api.namespace('watches')}/configmaps`
    using first = await api.watch(`${own}?watch=true&labelSelector=e2e`)
    for (let round = 0; round < 8; round++) {
      const path = `${own}/c${round % 3}`
      await api.post(own, { metadata: { name: `c${round % 3}`, labels: { e2e: 'x' } } })
      await api.patch(path, { data: { round: String(round) } })
      if (round % 2 === 0) await api.delete(path)
    }
    await api.post(own, { metadata: { name: 'last', labels: { e2e: 'x' } } })
    await first.until('the last', ({ object }) => object.metadata.name === 'last')
    const revisions = first.events.map(({ object }) => object.metadata.resourceVersion as string)
    for (const from of [0, 5, 11]) {
      using later = await api.watch(`${own}?watch=true&labelSelector=e2e&resourceVersion=${revisions[from]}`)
      await later.until('the last', ({ object }) => object.metadata.name === 'last')
      expect(later.events.map(({ object }) => object.metadata.resourceVersion)).toEqual(revisions.slice(from + 1))
    }
  })

  test('see an object that no longer matches as deleted, and as new when it matches again', async () => {
    const own = `${await api.namespace('labels')}/configmaps`
    using watched = await api.watch(`${own}?watch=true&labelSelector=shown%3Dyes`)
    await api.post(own, { metadata: { name: 'a', labels: { shown: 'yes' } } })
    await api.patch(`${own}/a`, { metadata: { labels: { shown: 'no' } } })
    await api.patch(`${own}/a`, { data: { unseen: 'x' } })
    await api.patch(`${own}/a`, { metadata: { labels: { shown: 'yes' } } })
    await api.delete(`${own}/a`)
    await waitFor('four events', () => watched.events.length >= 4)
    expect(watched.events.map(({ type }) => type)).toEqual(['ADDED', 'DELETED', 'ADDED', 'DELETED'])
  })
})

test('the range of Services goes by the name of kubernetes and is ready, any other is not', async () => {
  const ranges = '/apis/networking.k8s.io/v1/servicecidrs'
  const { body: served } = await api.get(`${ranges}/kubernetes/status`)
  const { body: other } = await api.post(ranges, { metadata: { name: 'other' }, spec: { cidrs: ['203.0.113.0/24'] } })

  const readiness = ({ status }: Json) => status.conditions.map(({ type, status }: Json) => [type, status])
  expect([served.kind, ...readiness(served)]).toEqual(['ServiceCIDR', ['Ready', 'True']])
  expect(readiness(other)).toEqual([['Ready', 'False']])
})

describe('services', () => {
  test('change their type, and what belonged to the old one goes', async () => {
    const path = `${await api.namespace('types')}/services`
    await api.post(path, { metadata: { name: 'a' }, spec: { type: 'ExternalName', externalName: 'foo.example.com' } })
    const ports = [{ port: 80, name: 'http', protocol: 'TCP' }]
    const become = (spec: Json) => api.change(`${path}/a`, (service) => Object.assign(service.spec, spec))
    const internal = await become({ type: 'NodePort', externalName: undefined, ports })
    expect(internal.body.spec).toMatchObject({
      clusterIP: expect.stringMatching(/^198\.18\./),
      ports: [{ nodePort: expect.any(Number) }],
    })
    const external = await become({ type: 'ExternalName', externalName: 'foo.example.com', clusterIP: '', clusterIPs: undefined })
    expect(external.body.spec).toMatchObject({ type: 'ExternalName', externalName: 'foo.example.com' })
    for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'])
      expect(external.body.spec).not.toHaveProperty(field)
  })
})

test('what is written into the Endpoints of a Service without a selector is mirrored in slices', async () => {
  const own = await api.namespace('mirrored')
  const slices = `/apis/discovery.k8s.io/v1/namespaces/mirrored/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dby-hand`
  const mirrored = async () => (await api.get(slices)).body.items as Json[]
  const addresses = async () => (await mirrored()).map(({ endpoints, ports }) => [endpoints[0].addresses[0], ports[0].port])
  const subsets = (ip: string, port: number) => [{ addresses: [{ ip }], ports: [{ name: 'example', port, protocol: 'TCP' }] }]
  await api.post(`${own}/services`, { metadata: { name: 'by-hand' }, spec: { ports: [{ name: 'example', port: 80 }] } })
  await api.post(`${own}/endpoints`, { metadata: { name: 'by-hand' }, subsets: subsets('10.1.2.3', 80) })
  await expect.poll(addresses).toEqual([['10.1.2.3', 80]])
  await api.change(`${own}/endpoints/by-hand`, (endpoints) => Object.assign(endpoints, { subsets: subsets('10.2.3.4', 9090) }))
  await expect.poll(addresses).toEqual([['10.2.3.4', 9090]])
  await api.delete(`${own}/endpoints/by-hand`)
  await expect.poll(mirrored).toEqual([])
})

test.each([
  ['timeout=invalid', 400, 'invalid timeout specified in the request URL'],
  ['timeout=4h', 200, 'NamespaceList'],
  ['timeout=0s', 200, 'NamespaceList'],
])('a request with %s is answered with %i', async (query, status, said) => {
  const reply = await api.get(`/api/v1/namespaces?${query}`)
  expect([reply.status, reply.text]).toEqual([status, expect.stringContaining(said)])
})

test.each(['healthz', 'livez', 'readyz'])('/%s tells of the store', async (root) => {
  expect((await api.get(`/${root}?verbose=1`)).text).toContain('[+]ping ok\n[+]etcd ok\n')
})

test('each group that discovery names has its versions, a preferred one, and resources in each', async () => {
  const { groups } = (await api.get('/apis')).body as { groups: Json[] }
  for (const { name, versions, preferredVersion } of groups) {
    expect((await api.get(`/apis/${name}`)).body).toMatchObject({ name, versions, preferredVersion })
    for (const { groupVersion } of versions) {
      const { body } = await api.get(`/apis/${groupVersion}`)
      expect([body.groupVersion, body.resources.length > 0]).toEqual([groupVersion, true])
    }
  }
})

describe('reviews', () => {
  test('say who asks, impersonated in every respect, and what they may', async () => {
    const who = {
      'impersonate-user': 'jane',
      'impersonate-group': 'system:authenticated',
      'impersonate-uid': 'u',
      'impersonate-extra-tongue': 'python',
    }
    for (const version of ['v1', 'v1beta1']) {
      const { body } = await api.post(`/apis/authentication.k8s.io/${version}/selfsubjectreviews`, {}, who)
      expect(body.status.userInfo).toEqual({
        username: 'jane',
        uid: 'u',
        groups: ['system:authenticated'],
        extra: { tongue: ['python'] },
      })
    }
    const spec = { user: 'jane', resourceAttributes: { verb: 'list', resource: 'configmaps', namespace: 'default' } }
    const { body } = await api.post('/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec })
    expect([body.status.allowed, body.spec]).toEqual([false, spec])
  })
})

test.each(['v27', 'v36'] as const)('kubectl %s gets component statuses and is told who it is', async (version) => {
  const shell = shellWith(api.kubeconfig, version)
  const statuses = await waitFor('the components run', async () => {
    const { stdout } = await shell('kubectl get cs')
    return stdout.includes('Unhealthy') ? undefined : stdout
  })
  expect(statuses).toMatch(
    /^NAME +STATUS +MESSAGE +ERROR\ncontroller-manager +Healthy +ok +\netcd-0 +Healthy +ok +\nscheduler +Healthy +ok +\n$/,
  )
  expect((await shell('kubectl auth whoami')).stdout).toMatch(/^Username +skiff-admin$/m)
})
