import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { CONFIG_MAPS, FLOW_SCHEMAS, type FlowSchema, PRIORITY_LEVEL_CONFIGURATIONS } from '@skiff/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { UserInfo } from '../http/request-context.ts'
import { startTestApiServer, type TestApiServer } from '../testing.ts'
import { defaultFlowSchemas, defaultPriorityLevels } from './default-config.ts'

const MASTER: UserInfo = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }
const USERS: Readonly<Record<string, UserInfo>> = {
  'system:node:n1': { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] },
  greedy: { name: 'greedy', groups: ['system:authenticated'] },
  banned: { name: 'banned', groups: ['system:authenticated'] },
  anonymous: { name: 'system:anonymous', groups: ['system:unauthenticated'] },
  scheduler: { name: 'system:kube-scheduler', groups: ['system:authenticated'] },
  'of no group': { name: 'stray', groups: [] },
  account: { name: 'system:serviceaccount:default:a', groups: ['system:serviceaccounts', 'system:authenticated'] },
  'kube-system account': {
    name: 'system:serviceaccount:kube-system:a',
    groups: ['system:serviceaccounts', 'system:authenticated'],
  },
}

let api: TestApiServer
/** Whose requests began, in this order. */
let began: string[] = []

beforeAll(async () => {
  api = await startTestApiServer({
    namespaces: ['default', 'kube-system', 'kube-node-lease'],
    authenticator: { authenticate: async ({ headers }) => USERS[String(headers['x-test-user'])] ?? MASTER },
    authorizer: {
      authorize: ({ name }) => {
        began.push(name)
        return { allowed: true, reason: '' }
      },
    },
  })
  for (const level of defaultPriorityLevels()) await api.client.create(PRIORITY_LEVEL_CONFIGURATIONS, level)
  for (const schema of defaultFlowSchemas()) await api.client.create(FLOW_SCHEMAS, schema)
})
afterAll(() => api.close())

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'

describe('a request falls under upstream’s schema', () => {
  test.each([
    ['exempt', 'master', 'GET', '/api/v1/pods'],
    ['probes', 'anonymous', 'GET', '/readyz'],
    ['system-node-high', 'system:node:n1', 'PUT', `${LEASES}/n1`],
    ['system-node-high', 'system:node:n1', 'PATCH', '/api/v1/nodes/n1/status'],
    ['system-nodes', 'system:node:n1', 'GET', '/api/v1/pods'],
    ['kube-scheduler', 'scheduler', 'GET', '/api/v1/pods'],
    ['system-leader-election', 'scheduler', 'GET', '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/x'],
    ['workload-leader-election', 'kube-system account', 'GET', '/apis/coordination.k8s.io/v1/namespaces/default/leases/x'],
    ['kube-system-service-accounts', 'kube-system account', 'GET', '/api/v1/pods'],
    ['service-accounts', 'account', 'GET', '/api/v1/pods'],
    ['global-default', 'greedy', 'GET', '/api/v1/pods'],
    ['catch-all', 'of no group', 'GET', '/api/v1/pods'],
    ['global-default', 'greedy', 'GET', '/api/v1/pods?watch=1&timeoutSeconds=1'],
  ])('%s: %s, %s %s', async (name, user, method, path) => {
    const schema = await api.client.get<FlowSchema>(FLOW_SCHEMAS, { name })

    const response = await fetch(api.url + path, { method, headers: { 'x-test-user': user } })
    await response.body?.cancel()

    expect(response.headers.get('x-kubernetes-pf-flowschema-uid')).toBe(schema.metadata.uid)
    const level = await api.client.get<FlowSchema>(PRIORITY_LEVEL_CONFIGURATIONS, {
      name: schema.spec.priorityLevelConfiguration.name,
    })
    expect(response.headers.get('x-kubernetes-pf-prioritylevel-uid')).toBe(level.metadata.uid)
  })
})

test('who may not wait is told when to come back', async () => {
  const limited = { nominalConcurrencyShares: 0, limitResponse: { type: 'Reject' } }
  await api.client.create(PRIORITY_LEVEL_CONFIGURATIONS, {
    metadata: { name: 'closed' },
    spec: { type: 'Limited', limited },
  } as object)
  const everything = { verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true }
  const rules = [{ subjects: [{ kind: 'User', user: { name: 'banned' } }], resourceRules: [everything] }]
  const spec = { priorityLevelConfiguration: { name: 'closed' }, matchingPrecedence: 50, rules }
  await api.client.create(FLOW_SCHEMAS, { metadata: { name: 'closed' }, spec } as object)

  const response = await fetch(`${api.url}/api/v1/pods`, { headers: { 'x-test-user': 'banned' } })

  expect([response.status, response.headers.get('retry-after')]).toEqual([429, '1'])
  expect(await response.json()).toMatchObject({ kind: 'Status', reason: 'TooManyRequests', code: 429 })
})

test('masters are exempt whatever somebody made of their schema', async () => {
  const patch = { type: 'merge', body: { spec: { rules: [], priorityLevelConfiguration: { name: 'catch-all' } } } } as const
  await api.client.patch(FLOW_SCHEMAS, { name: 'exempt' }, patch)
  const exempt = await api.client.get<FlowSchema>(PRIORITY_LEVEL_CONFIGURATIONS, { name: 'exempt' })

  const response = await fetch(`${api.url}/api/v1/namespaces`)

  expect(response.headers.get('x-kubernetes-pf-prioritylevel-uid')).toBe(exempt.metadata.uid)
})

describe('one greedy client', () => {
  const GREEDY_REQUESTS = 100

  test('does not keep a node from renewing its lease', async () => {
    const data = { a: 'x'.repeat(200) }
    for (let n = 0; n < 400; n += 1)
      await api.client.create(CONFIG_MAPS, { metadata: { name: `c${n}`, namespace: 'default' }, data } as object)
    const table = 'application/json;as=Table;v=v1;g=meta.k8s.io'
    const list = `GET /api/v1/configmaps HTTP/1.1\r\nHost: x\r\nX-Test-User: greedy\r\nAccept: ${table}\r\nConnection: close\r\n\r\n`
    const body = JSON.stringify({ metadata: { name: 'n1' }, spec: { holderIdentity: 'n1' } })
    const lease = `POST ${LEASES} HTTP/1.1\r\nHost: x\r\nX-Test-User: system:node:n1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`
    const sockets = await Promise.all(Array.from({ length: GREEDY_REQUESTS + 1 }, () => open(api.url)))
    began = []

    // The lease comes last: all the others are there before it.
    const answers = sockets.map((socket, index) => answerTo(socket, index < GREEDY_REQUESTS ? list : lease))
    const statuses = (await Promise.all(answers)).map((answer) => answer.slice(9, 12))

    expect(statuses).toEqual([...Array<string>(GREEDY_REQUESTS).fill('200'), '201'])
    expect(began).toHaveLength(GREEDY_REQUESTS + 1)
    expect(began.indexOf('system:node:n1')).toBeLessThan(GREEDY_REQUESTS / 3)
  })
})

/** A connection that the server has accepted: it has answered on it. */
async function open(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(socket, 'data')
  return socket
}

async function answerTo(socket: Socket, request: string): Promise<string> {
  let answer = ''
  socket.on('data', (chunk: Buffer) => {
    if (answer.length < 100) answer += chunk.toString()
  })
  socket.write(request)
  await once(socket, 'close')
  return answer
}

test('a schema says whether its level is there, and which requests fall under it shows in their answers', async () => {
  const level = {
    metadata: { name: 'mine' },
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } },
  } as object
  const spec = {
    ...{ matchingPrecedence: 1_000, priorityLevelConfiguration: { name: 'mine' } },
    rules: [
      { subjects: [{ kind: 'User', user: { name: 'stray' } }], nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }] },
    ],
  }
  const { metadata, status } = await api.client.create<FlowSchema>(FLOW_SCHEMAS, { metadata: { name: 'mine' }, spec } as object)
  expect(status?.conditions).toMatchObject([{ type: 'Dangling', status: 'True', reason: 'NotFound' }])

  const { metadata: mine } = await api.client.create<FlowSchema>(PRIORITY_LEVEL_CONFIGURATIONS, level)
  const dangling = async () => (await api.client.get<FlowSchema>(FLOW_SCHEMAS, { name: 'mine' })).status?.conditions?.[0]?.status
  await expect.poll(dangling).toBe('False')
  const { headers } = await fetch(`${api.url}/version`, { headers: { 'x-test-user': 'of no group' } })
  expect(headers.get('x-kubernetes-pf-flowschema-uid')).toBe(metadata.uid)
  expect(headers.get('x-kubernetes-pf-prioritylevel-uid')).toBe(mine.uid)
  expect(await (await fetch(`${api.url}/metrics`)).text()).toMatch(
    /^apiserver_flowcontrol_nominal_limit_seats\{priority_level="mine"\} [1-9]\d*$/m,
  )

  await api.client.delete(PRIORITY_LEVEL_CONFIGURATIONS, { name: 'mine' })
  await expect.poll(dangling).toBe('True')
  await api.client.delete(FLOW_SCHEMAS, { name: 'mine' })
})
