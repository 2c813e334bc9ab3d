import {
  CONFIG_MAPS,
  type ConfigMap,
  DEPLOYMENTS,
  type Deployment,
  type Draft,
  EVENTS,
  isOfAnother,
  PODS,
  type Pod,
} from '@skiff/api'
import { expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../testing.ts'

const PATH = '/api/v1/namespaces/default/configmaps'

test('concurrent patches of one object all succeed, and none is lost', async () => {
  await using api = await startTestApiServer()
  await createConfigMap(api, 'a')

  const keys = Array.from({ length: 30 }, (_, index) => `k${index}`)
  await Promise.all(
    keys.map((key) =>
      api.client.patch(CONFIG_MAPS, { name: 'a', namespace: 'default' }, { type: 'merge', body: { data: { [key]: 'v' } } }),
    ),
  )

  const { data } = await api.client.get<ConfigMap>(CONFIG_MAPS, { name: 'a', namespace: 'default' })
  expect(Object.keys(data ?? {}).sort()).toEqual(['k', ...keys].sort())
})

test('of concurrent updates from one revision, one wins and the others are told of the conflict', async () => {
  await using api = await startTestApiServer()
  const created = await createConfigMap(api, 'a')

  const results = await Promise.allSettled(
    ['x', 'y', 'z'].map((value) => api.client.update<ConfigMap>(CONFIG_MAPS, { ...created, data: { value } })),
  )

  expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(1)
  for (const result of results)
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ reason: 'Conflict', code: 409 })
})

test('a patch that names a revision is conditional', async () => {
  await using api = await startTestApiServer()
  await createConfigMap(api, 'a')

  const stale = await patch(api, `${PATH}/a`, { metadata: { resourceVersion: '1' }, data: { a: 'b' } })

  expect(stale.status).toBe(409)
})

test('a write that changes nothing is not stored', async () => {
  await using api = await startTestApiServer()
  const created = await createConfigMap(api, 'a')
  const before = api.store.revision()

  const patched = await patch(api, `${PATH}/a`, { data: { k: 'v' } })
  const updated = await api.client.update<ConfigMap>(CONFIG_MAPS, created)

  expect(api.store.revision()).toBe(before)
  expect(updated.metadata.resourceVersion).toBe(created.metadata.resourceVersion)
  expect(patched.status).toBe(200)
})

test('many creates with one generateName get names of their own', async () => {
  await using api = await startTestApiServer()
  const draft: Omit<Draft<ConfigMap>, 'apiVersion' | 'kind'> = { metadata: { generateName: 'g-', namespace: 'default' } }

  const created = await Promise.all(Array.from({ length: 50 }, () => api.client.create<ConfigMap>(CONFIG_MAPS, draft)))

  const names = new Set(created.map(({ metadata }) => metadata.name))
  expect(names.size).toBe(50)
  expect([...names].every((name) => /^g-[bcdfghjklmnpqrstvwxz2456789]{5}$/.test(name))).toBe(true)
})

test('a dry run answers as if, and stores nothing', async () => {
  await using api = await startTestApiServer()
  const before = api.store.revision()

  const response = await fetch(`${api.url}${PATH}?dryRun=All`, json('POST', { metadata: { name: 'a' } }))
  const again = await fetch(`${api.url}${PATH}?dryRun=All`, json('POST', { metadata: { name: 'a' } }))

  expect([response.status, again.status]).toEqual([201, 201])
  expect(((await response.json()) as ConfigMap).metadata.resourceVersion).toBeUndefined()
  expect(api.store.revision()).toBe(before)
})

test('generation counts changes of the spec, not of metadata or status', async () => {
  await using api = await startTestApiServer()
  const created = await createDeployment(api, 'd')
  const ref = { name: 'd', namespace: 'default' }

  const labelled = await api.client.patch<Deployment>(DEPLOYMENTS, ref, {
    type: 'merge',
    body: { metadata: { labels: { a: 'b' } } },
  })
  const reported = await api.client.patch<Deployment>(
    DEPLOYMENTS,
    { ...ref, subresource: 'status' },
    { type: 'merge', body: { status: { replicas: 1 }, spec: { replicas: 9 }, metadata: { labels: { c: 'd' } } } },
  )
  const scaled = await api.client.patch<Deployment>(DEPLOYMENTS, ref, { type: 'merge', body: { spec: { replicas: 4 } } })

  expect([created, labelled, reported, scaled].map(({ metadata }) => metadata.generation)).toEqual([1, 1, 1, 2])
  expect([reported.spec.replicas, reported.status?.replicas, reported.metadata.labels]).toEqual([2, 1, { a: 'b' }])
})

test('the scale subresource reads and writes the replicas of its object', async () => {
  await using api = await startTestApiServer()
  const created = await createDeployment(api, 'd')
  const path = '/apis/apps/v1/namespaces/default/deployments/d/scale'

  const read = await (await fetch(api.url + path)).json()
  const table = await (
    await fetch(api.url + path, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } })
  ).json()
  const patched = await (await patch(api, path, { spec: { replicas: 5 } })).json()
  const refused = await patch(api, path, { spec: { replicas: -1 } })
  const former = { metadata: { name: 'd', uid: 'u-1' }, spec: { replicas: 7 } }
  const ofAnother = await fetch(api.url + path, json('PUT', former))

  expect(read).toMatchObject({
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { uid: created.metadata.uid },
    spec: { replicas: 2 },
  })
  expect(table).toMatchObject({ kind: 'Table', rows: [{ cells: ['d', 2, 0, expect.any(String)] }] })
  expect(patched).toMatchObject({ spec: { replicas: 5 }, status: { selector: 'app=d' } })
  expect((await api.client.get<Deployment>(DEPLOYMENTS, { name: 'd', namespace: 'default' })).spec.replicas).toBe(5)
  expect([refused.status, ofAnother.status]).toEqual([422, 409])
})

test('a binding gives a pod its node once', async () => {
  await using api = await startTestApiServer()
  await createPod(api, 'p')
  const bind = (node: string) =>
    fetch(
      `${api.url}/api/v1/namespaces/default/pods/p/binding`,
      json('POST', { metadata: { name: 'p' }, target: { kind: 'Node', name: node } }),
    )

  const [first, second] = [await bind('n1'), await bind('n2')]

  const pod = await api.client.get<Pod>(PODS, { name: 'p', namespace: 'default' })
  expect([first.status, second.status, pod.spec.nodeName]).toEqual([201, 409, 'n1'])
  expect(pod.status?.conditions?.find(({ type }) => type === 'PodScheduled')?.status).toBe('True')
  expect(((await second.json()) as { message: string }).message).toContain('pod p is already assigned to node "n1"')
})

test('a pod on a node stays until its grace ends, and goes when the agent says so', async () => {
  await using api = await startTestApiServer()
  await createPod(api, 'p', 'n1')
  const remove = (query: string) => fetch(`${api.url}/api/v1/namespaces/default/pods/p${query}`, { method: 'DELETE' })

  const marked = (await (await remove('')).json()) as Pod
  const shorter = (await (await remove('?gracePeriodSeconds=5')).json()) as Pod
  const finished = (await (await remove('?gracePeriodSeconds=0')).json()) as Pod

  expect([marked, shorter, finished].map(({ metadata }) => metadata.deletionGracePeriodSeconds)).toEqual([30, 5, 0])
  expect((await remove('')).status).toBe(404)
})

test('an eviction deletes', async () => {
  await using api = await startTestApiServer()
  await createPod(api, 'p')

  const response = await fetch(
    `${api.url}/api/v1/namespaces/default/pods/p/eviction`,
    json('POST', { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p', namespace: 'default' } }),
  )

  expect([response.status, (await response.json()) as object]).toMatchObject([201, { status: 'Success' }])
  await expect(api.client.get(PODS, { name: 'p', namespace: 'default' })).rejects.toMatchObject({ reason: 'NotFound' })
})

test('foreground deletion waits for its finalizer, and the patch that removes it is the deletion', async () => {
  await using api = await startTestApiServer()
  const created = await createDeployment(api, 'd')
  const path = '/apis/apps/v1/namespaces/default/deployments/d'

  const marked = (await (await fetch(api.url + path, json('DELETE', { propagationPolicy: 'Foreground' }))).json()) as Deployment
  const removed = await patch(api, path, { metadata: { finalizers: null } })

  expect(marked.metadata.finalizers).toEqual(['foregroundDeletion'])
  expect(marked.metadata.generation).toBe((created.metadata.generation ?? 0) + 1)
  expect(removed.status).toBe(200)
  expect((await fetch(api.url + path)).status).toBe(404)
})

test('preconditions of a DELETE are held', async () => {
  await using api = await startTestApiServer()
  const created = await createConfigMap(api, 'a')
  const remove = (preconditions: object) => fetch(`${api.url}${PATH}/a`, json('DELETE', { preconditions }))

  const statuses = [
    (await remove({ uid: 'other' })).status,
    (await remove({ resourceVersion: '1' })).status,
    (await remove({ uid: created.metadata.uid, resourceVersion: created.metadata.resourceVersion })).status,
  ]

  expect(statuses).toEqual([409, 409, 200])
})

test('a write that names the uid of an object that is gone finds nothing, or doesn’t make another in its place', async () => {
  await using api = await startTestApiServer()
  const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases'
  const metadata = { name: 'gone', uid: 'u-1', resourceVersion: '1' }
  const apply = { method: 'PATCH', headers: { 'content-type': 'application/apply-patch+yaml' } }
  const applied = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'gone', uid: 'u-1' } }

  const answers = await Promise.all([
    fetch(`${api.url}${PATH}/gone`, json('PUT', { metadata })),
    patch(api, `${PATH}/gone`, { metadata }),
    fetch(`${api.url}${leases}/gone`, json('PUT', { metadata })),
    fetch(`${api.url}${PATH}/gone?fieldManager=m`, { ...apply, body: JSON.stringify(applied) }),
  ])
  const anew = await fetch(`${api.url}${leases}/gone`, json('PUT', { metadata: { ...metadata, uid: undefined } }))

  const messages = await Promise.all(answers.map(async (answer) => ((await answer.json()) as { message: string }).message))
  expect(answers.map(({ status }) => status)).toEqual([404, 404, 409, 409])
  expect(messages[2]).toMatch(/Precondition failed: UID in precondition: u-1, UID in object meta: $/)
  expect(messages[3]).toMatch(/uid mismatch: the provided object specified uid u-1, and no existing object was found$/)
  expect(anew.status).toBe(201)
})

test('a PUT that names another’s uid is a conflict, a patch that does is invalid, and neither changes anything', async () => {
  await using api = await startTestApiServer()
  const { metadata } = await createConfigMap(api, 'a')
  const another = { metadata: { name: 'a', uid: 'u-1' }, data: { k: 'x' } }

  const put = await fetch(`${api.url}${PATH}/a`, json('PUT', another))
  const patched = await patch(api, `${PATH}/a`, another)
  const told = await api.client
    .patch(CONFIG_MAPS, { name: 'a', namespace: 'default' }, { type: 'merge', body: another })
    .catch((error: unknown) => error)
  const stale = await patch(api, `${PATH}/a`, { ...another, metadata: { uid: 'u-1', resourceVersion: '1' } })

  const { message } = (await patched.json()) as { message: string }
  expect([put.status, patched.status, stale.status]).toEqual([409, 422, 409])
  expect(message).toBe('ConfigMap "a" is invalid: metadata.uid: Invalid value: "u-1": field is immutable')
  expect(isOfAnother(told)).toBe(true)
  const kept = await api.client.get<ConfigMap>(CONFIG_MAPS, { name: 'a', namespace: 'default' })
  expect(kept).toMatchObject({ metadata: { resourceVersion: metadata.resourceVersion }, data: { k: 'v' } })
})

test('a namespace goes when its content finalizer is taken away by PUT finalize', async () => {
  await using api = await startTestApiServer({ namespaces: ['default', 'n'] })
  const namespace = await (await fetch(`${api.url}/api/v1/namespaces/n`, { method: 'DELETE' })).json()

  const late = await fetch(`${api.url}/api/v1/namespaces/n/configmaps`, json('POST', { metadata: { name: 'late' } }))
  const finalized = await fetch(
    `${api.url}/api/v1/namespaces/n/finalize`,
    json('PUT', { metadata: { name: 'n' }, spec: { finalizers: [] } }),
  )

  expect(namespace).toMatchObject({ status: { phase: 'Terminating' } })
  expect(late.status).toBe(403)
  expect(finalized.status).toBe(200)
  expect((await fetch(`${api.url}/api/v1/namespaces/n`)).status).toBe(404)
})

test('unsupported media types of patches are 415', async () => {
  await using api = await startTestApiServer()
  await createConfigMap(api, 'a')

  expect((await fetch(`${api.url}${PATH}/a`, json('PATCH', {}))).status).toBe(415)
})

test('a patch that makes nonsense is 422 and names the field', async () => {
  await using api = await startTestApiServer()
  await createConfigMap(api, 'a')

  const response = await patch(api, `${PATH}/a`, { data: { k: 5 } })

  expect(response.status).toBe(422)
  expect(await response.json()).toMatchObject({ reason: 'Invalid', details: { causes: [{ field: 'patch' }] } })
})

test('pages of a list are one snapshot', async () => {
  await using api = await startTestApiServer()
  for (const name of ['a', 'b', 'c', 'd', 'e']) await createConfigMap(api, name)
  interface Page {
    readonly metadata: { readonly resourceVersion: string; readonly continue?: string; readonly remainingItemCount?: number }
    readonly items: readonly ConfigMap[]
  }
  const page = async (token: string) => (await (await fetch(`${api.url}${PATH}?limit=2&continue=${token}`)).json()) as Page

  const first = await page('')
  await api.client.delete(CONFIG_MAPS, { name: 'd', namespace: 'default' })
  const second = await page(first.metadata.continue ?? '')
  const third = await page(second.metadata.continue ?? '')

  const names = [first, second, third].map(({ items }) => items.map(({ metadata }) => metadata.name))
  expect(names).toEqual([['a', 'b'], ['c', 'd'], ['e']])
  expect([first, second, third].map(({ metadata }) => metadata.remainingItemCount)).toEqual([3, 1, undefined])
  expect(new Set([first, second, third].map(({ metadata }) => metadata.resourceVersion)).size).toBe(1)
})

test('a list from revision 0 comes in one piece, but Events, which upstream has no cache of, in pages', async () => {
  await using api = await startTestApiServer()
  for (const name of ['a', 'b', 'c']) await createConfigMap(api, name)
  for (const name of ['d', 'e']) {
    const involvedObject = { kind: 'Pod', namespace: 'default', name }
    await api.client.create(EVENTS, { metadata: { name, namespace: 'default' }, involvedObject } as never)
  }
  const countOf = async (path: string) => {
    const { items, metadata } = (await (await fetch(api.url + path)).json()) as {
      items: object[]
      metadata: { continue?: string }
    }
    return [items.length, metadata.continue !== undefined]
  }

  expect(await countOf(`${PATH}?limit=2&resourceVersion=0`)).toEqual([3, false])
  expect(await countOf(`${PATH}?limit=2`)).toEqual([2, true])
  expect(await countOf('/api/v1/namespaces/default/events?limit=1&resourceVersion=0')).toEqual([1, true])
})

test('what is immutable takes other labels, and can be deleted, and nothing else', async () => {
  await using api = await startTestApiServer()
  const sealed = 'field is immutable when `immutable` is set'
  const change = { immutable: false, data: { a: 'Mg==' } }
  for (const resource of ['secrets', 'configmaps']) {
    const all = `/api/v1/namespaces/default/${resource}`
    await fetch(api.url + all, json('POST', { metadata: { name: 'a' }, data: { a: 'MQ==' } }))
    await patch(api, `${all}/a`, { immutable: true })

    const put = await fetch(`${api.url}${all}/a`, json('PUT', { metadata: { name: 'a' }, ...change }))
    const patched = await patch(api, `${all}/a`, { data: { b: 'MQ==' } })
    const labelled = await patch(api, `${all}/a`, { metadata: { labels: { a: 'b' } } })

    const messages = await Promise.all([put, patched].map(async (one) => ((await one.json()) as { message: string }).message))
    const kind = resource === 'secrets' ? 'Secret' : 'ConfigMap'
    expect(messages).toEqual([
      `${kind} "a" is invalid: [immutable: Forbidden: ${sealed}, data: Forbidden: ${sealed}]`,
      `${kind} "a" is invalid: data: Forbidden: ${sealed}`,
    ])
    expect([put.status, patched.status, labelled.status]).toEqual([422, 422, 200])
    expect((await fetch(`${api.url}${all}/a`, { method: 'DELETE' })).status).toBe(200)
  }
})

function createConfigMap(api: TestApiServer, name: string): Promise<ConfigMap> {
  const draft: Omit<Draft<ConfigMap>, 'apiVersion' | 'kind'> = { metadata: { name, namespace: 'default' }, data: { k: 'v' } }
  return api.client.create<ConfigMap>(CONFIG_MAPS, draft)
}

function createDeployment(api: TestApiServer, name: string): Promise<Deployment> {
  const labels = { app: name }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const draft: Omit<Draft<Deployment>, 'apiVersion' | 'kind'> = {
    metadata: { name, namespace: 'default' },
    spec: { replicas: 2, selector: { matchLabels: labels }, template },
  }
  return api.client.create<Deployment>(DEPLOYMENTS, draft)
}

function createPod(api: TestApiServer, name: string, nodeName?: string): Promise<Pod> {
  const spec = { containers: [{ name: 'c', image: 'i' }], ...(nodeName === undefined ? {} : { nodeName }) }
  const draft: Omit<Draft<Pod>, 'apiVersion' | 'kind'> = { metadata: { name, namespace: 'default' }, spec }
  return api.client.create<Pod>(PODS, draft)
}

function patch(api: TestApiServer, path: string, body: object): Promise<Response> {
  return fetch(api.url + path, {
    method: 'PATCH',
    headers: { 'content-type': 'application/merge-patch+json' },
    body: JSON.stringify(body),
  })
}

function json(method: string, body: object): RequestInit {
  return { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}
