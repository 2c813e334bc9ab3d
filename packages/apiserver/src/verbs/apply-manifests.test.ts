import { CONFIG_MAPS, type ConfigMap, DEPLOYMENTS, type Deployment } from '@skiff/api'
import { expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../testing.ts'

const HELLO = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: hello}
spec:
  selector: {matchLabels: {app: hello}}
  template:
    metadata: {labels: {app: hello}}
    spec: {containers: [{name: c, image: hello}]}
---
# nothing here
---
apiVersion: v1
kind: Service
metadata: {name: hello}
spec: {selector: {app: hello}, ports: [{port: 80}]}
`

test('applies what curl sends, and says what it did in lines', async () => {
  await using api = await startTestApiServer()

  const first = await apply(api, HELLO)
  const again = await apply(api, HELLO)
  const changed = await apply(api, HELLO.replace('image: hello', 'image: hello:2'))

  expect([first.status, await first.text()]).toEqual([200, 'service/hello created\ndeployment.apps/hello created\n'])
  expect(await again.text()).toBe('service/hello unchanged\ndeployment.apps/hello unchanged\n')
  expect(await changed.text()).toBe('service/hello unchanged\ndeployment.apps/hello configured\n')
  const { spec } = await api.client.get<Deployment>(DEPLOYMENTS, { name: 'hello', namespace: 'default' })
  expect(spec.template.spec?.containers[0]?.image).toBe('hello:2')
})

test('answers a JSON list to whoever asks for JSON', async () => {
  await using api = await startTestApiServer()

  const response = await apply(api, HELLO, { accept: 'application/json' })

  expect(await response.json()).toEqual([
    { kind: 'Service', name: 'hello', namespace: 'default', action: 'created', message: '' },
    { kind: 'Deployment', name: 'hello', namespace: 'default', action: 'created', message: '' },
  ])
})

test('a namespace may come with, or even after, what lives in it', async () => {
  await using api = await startTestApiServer()
  const body = `
{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: new}, data: {a: b}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: new}}
`

  const response = await apply(api, body)

  expect([response.status, await response.text()]).toEqual([200, 'namespace/new created\nconfigmap/c created\n'])
})

test.each([
  ['not YAML', 'a: [\n', /document 2: .*line 6/, 400],
  [
    'an unknown kind',
    'apiVersion: v1\nkind: Fish\nmetadata: {name: f}',
    /document 2: no kind "Fish" is registered for version "v1"/,
    400,
  ],
  [
    'a version that is gone',
    'apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: f}',
    /document 2: no kind "Deployment" is registered for version "extensions\/v1beta1" \(it is there as apps\/v1\)/,
    400,
  ],
  ['an unknown field', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndat: {}', /document 2: .*unknown field "dat"/, 400],
  ['a wrong type', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: 1}', /document 2: .*data/, 400],
  ['a bad name', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: Not_DNS}', /document 2: .*metadata\.name/, 422],
  [
    'a selector that does not match',
    HELLO.replace('labels: {app: hello}', 'labels: {app: other}').split('---')[0] ?? '',
    /document 2: .*selector.*does not match/,
    422,
  ],
  ['no name', 'apiVersion: v1\nkind: ConfigMap\ndata: {}', /document 2: metadata.name: Required value/, 400],
  [
    'a missing namespace',
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: none}',
    /document 2: namespaces "none" not found/,
    404,
  ],
])('with %s in it nothing is written', async (_name, bad, message, status) => {
  await using api = await startTestApiServer()
  const good = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n---\n'
  const before = api.store.revision()

  const response = await apply(api, good + bad)
  const asJson = await apply(api, good + bad, { accept: 'text/plain, application/json' })

  const told = expect.stringMatching(message)
  expect([response.status, await response.text()]).toEqual([status, told])
  expect(await asJson.json()).toMatchObject({ kind: 'Status', code: status, message: told })
  expect(api.store.revision()).toBe(before)
})

test('a dry run writes nothing', async () => {
  await using api = await startTestApiServer()
  const before = api.store.revision()

  const response = await apply(api, HELLO, { query: '?dryRun=All' })

  expect(await response.text()).toBe('service/hello created (dry run)\ndeployment.apps/hello created (dry run)\n')
  expect(api.store.revision()).toBe(before)
})

test('puts what names no namespace where the query says', async () => {
  await using api = await startTestApiServer({ namespaces: ['default', 'n'] })

  await apply(api, '{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}}]}', {
    query: '?namespace=n',
  })

  expect((await api.client.get<ConfigMap>(CONFIG_MAPS, { name: 'c', namespace: 'n' })).metadata.namespace).toBe('n')
})

test('what another manager owns is a conflict unless forced', async () => {
  await using api = await startTestApiServer()
  await apply(api, 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: "1"}')
  const ref = { name: 'c', namespace: 'default' }
  await api.client.patch(CONFIG_MAPS, ref, { type: 'merge', body: { data: { a: '2' } }, fieldManager: 'somebody' })
  const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: "3"}'

  const refused = await apply(api, body)
  const forced = await apply(api, body, { query: '?force=true' })

  expect(refused.status).toBe(409)
  expect(await refused.text()).toMatch(/conflict with "somebody" using v1: \.data\.a \(.*--force-conflicts.*\?force=true/)
  expect(await forced.text()).toBe('configmap/c configured\n')
})

test('may only do what its user may', async () => {
  const authorizer = {
    authorize: (_user: unknown, { verb, resource }: { verb: string; resource: string }) => ({
      allowed: !(verb === 'create' && resource === 'services'),
      reason: '',
    }),
  }
  await using api = await startTestApiServer({ authorizer })
  const before = api.store.revision()

  const response = await apply(api, HELLO)

  expect(response.status).toBe(403)
  expect(api.store.revision()).toBe(before)
})

function apply(api: TestApiServer, body: string, options: { accept?: string; query?: string } = {}): Promise<Response> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: options.accept ?? '*/*' }
  return fetch(`${api.url}/apply${options.query ?? ''}`, { method: 'POST', headers, body })
}

const labelled = (name: string, more = '') =>
  `{apiVersion: v1, kind: ConfigMap, metadata: {name: ${name}, labels: {set: blog}${more}}, data: {a: b}}`

test('takes away what was applied before with the same labels and is there no more, and nothing else', async () => {
  await using api = await startTestApiServer({ namespaces: ['default', 'other'] })
  await apply(api, `${labelled('kept')}\n---\n${labelled('old')}\n---\n${labelled('elsewhere', ', namespace: other')}`)
  await api.client.create(CONFIG_MAPS, { metadata: { name: 'by-hand', namespace: 'default', labels: { set: 'blog' } } })
  await apply(api, '{apiVersion: v1, kind: ConfigMap, metadata: {name: another-set, labels: {set: shop}}}')

  const rehearsed = await apply(api, labelled('kept'), { query: '?prune=set=blog&dryRun=All' })
  const names = async () => (await api.client.list<ConfigMap>(CONFIG_MAPS)).items.map(({ metadata }) => metadata.name).sort()
  expect(await rehearsed.text()).toBe('configmap/kept unchanged (dry run)\nconfigmap/old pruned (dry run)\n')
  expect(await names()).toEqual(['another-set', 'by-hand', 'elsewhere', 'kept', 'old'])

  const pruned = await apply(api, labelled('kept'), { query: '?prune=set=blog' })
  expect([pruned.status, await pruned.text()]).toEqual([200, 'configmap/kept unchanged\nconfigmap/old pruned\n'])
  expect(await names()).toEqual(['another-set', 'by-hand', 'elsewhere', 'kept'])
})

test('prunes nothing for a set that can’t be told, and writes nothing then', async () => {
  await using api = await startTestApiServer()

  const unnamed = await apply(api, labelled('a'), { query: '?prune=true' })
  const stranger = await apply(api, labelled('a'), { query: '?prune=set=shop' })

  expect([unnamed.status, stranger.status]).toEqual([400, 400])
  expect(await stranger.text()).toContain('document 1')
  expect((await api.client.list(CONFIG_MAPS)).items).toEqual([])
})
