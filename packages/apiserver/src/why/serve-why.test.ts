import { NODES, type Node, PODS, type Pod } from '@skiff/api'
import { expect, test } from 'vitest'
import { startTestApiServer } from '../testing.ts'

const POD = { metadata: { name: 'hello', namespace: 'default' }, spec: { containers: [{ name: 'main', image: 'hello' }] } }
const BOUND_POD = { ...POD, spec: { ...POD.spec, nodeName: 'a' } }
const NODE = { metadata: { name: 'a' } }

test('explains an object by any of its kind’s names, as JSON or as lines', async () => {
  await using api = await startTestApiServer()
  await api.client.create<Pod>(PODS, POD)

  const json = await (await fetch(`${api.url}/why/pods/default/hello`, { headers: { accept: 'application/json' } })).json()
  const lines = await (await fetch(`${api.url}/why/po/hello`, { headers: { accept: '*/*' } })).text()

  const cause = 'The pod has no node yet: the scheduler is about to look for one.'
  expect(json).toEqual({
    kind: 'Pod',
    namespace: 'default',
    name: 'hello',
    fine: '',
    findings: [{ about: 'pod/hello', cause, cure: '' }],
  })
  expect(lines).toBe(`pod/hello: ${cause}\n`)
})

test('answers NotFound for what is not there', async () => {
  await using api = await startTestApiServer()
  for (const path of ['/why/pods/default/nobody', '/why/rockets/default/apollo', '/why/pods']) {
    expect([path, (await fetch(`${api.url}${path}`)).status]).toEqual([path, 404])
  }
})

test('tells each user only of what he may read', async () => {
  await using api = await startTestApiServer({
    authorizer: {
      authorize: (_user, { resource, namespace, verb }) => ({
        allowed: resource === 'pods' && (namespace === 'default' || verb === 'create'),
        reason: '',
      }),
    },
    authenticator: { authenticate: async () => ({ name: 'ann', groups: [] }) },
  })
  await api.client.create<Pod>(PODS, BOUND_POD)

  const own = await fetch(`${api.url}/why/pods/default/hello`)
  const foreign = await fetch(`${api.url}/why/pods/kube-system/hello`)
  const node = await fetch(`${api.url}/why/nodes/a`)

  expect(own.status).toBe(200)
  expect(await own.text()).not.toContain('no longer part of the cluster')
  expect([foreign.status, node.status]).toEqual([403, 403])
})

test('explains kinds without namespaces', async () => {
  await using api = await startTestApiServer()
  await api.client.create<Node>(NODES, NODE)
  expect(await (await fetch(`${api.url}/why/node/a`)).text()).toContain('has registered and not told how it is yet')
})
