/** ResourceQuotas and LimitRanges with the controllers that go with them, beyond what recorded.test.ts replays. */

import {
  CONFIG_MAPS,
  CUSTOM_RESOURCE_DEFINITIONS,
  findCondition,
  LIMIT_RANGES,
  PODS,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  RESOURCE_QUOTAS,
  type ReplicaSet,
  type ResourceQuota,
  SERVICE_ACCOUNTS,
  SERVICES,
} from '@skiff/api'
import { fullAdmission, startTestApiServer, type TestApiServer } from '@skiff/apiserver/testing'
import { startControllers } from '@skiff/controllers'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { waitFor } from '../support/wait-for.ts'

type ReplicaSetStatus = NonNullable<ReplicaSet['status']>
type Condition = NonNullable<ReplicaSetStatus['conditions']>[number]

let api: TestApiServer
const stopping = new AbortController()
let stopped: Promise<void>

beforeAll(async () => {
  api = await startTestApiServer({ admission: fullAdmission({ signal: stopping.signal }) })
  const common = { client: api.client, logger: pino({ level: 'silent' }), clock: () => new Date(), random: Math.random }
  const options = { heartbeats: api.liveness, caCertificate: 'PEM', podCidr: '10.244.0.0/16', signal: stopping.signal }
  stopped = startControllers({ ...common, ...options }).stopped
})

afterAll(async () => {
  stopping.abort()
  await stopped
  await api.close()
})

describe('a ResourceQuota', () => {
  test('gives its last place to one of many that want it at the same time', async () => {
    const namespace = await newNamespace({ hard: { pods: '3', configmaps: '4', 'count/configmaps': '4' } })
    const drafts = Array.from({ length: 12 }, (_, index) => ({ metadata: { name: `c${index}`, namespace } }))

    const made = await Promise.allSettled(drafts.map((draft) => api.client.create(CONFIG_MAPS, draft)))

    // The cluster's certificate, which every namespace has, takes one place.
    const isMade = made.filter(({ status }) => status === 'fulfilled').length
    const { items } = await api.client.list(CONFIG_MAPS, { namespace })
    expect(items).toHaveLength(4)
    expect(isMade).toBe(3)
    const refused = made.find((each) => each.status === 'rejected')
    expect(refused?.reason).toMatchObject({ code: 403, message: expect.stringContaining('exceeded quota: q, requested: ') })
  })

  test('counts nothing for a dry run, nor for what was refused for another reason', async () => {
    const namespace = await newNamespace({ hard: { services: '1' } })
    const service = { metadata: { name: 's', namespace }, spec: { ports: [{ port: 80 }] } }

    await api.client.create(SERVICES, service, { dryRun: true })
    await expect(api.client.create(SERVICES, { ...service, spec: { ports: [{ port: -1 }] } })).rejects.toMatchObject({
      code: 422,
    })
    await api.client.create(SERVICES, service)

    await expect(api.client.create(SERVICES, service)).rejects.toMatchObject({ code: 403 })
    await usedIs(namespace, { services: '1' })
  })

  test('shows at once what a creation took, and gives it back after a deletion', async () => {
    const namespace = await newNamespace({ hard: { secrets: '2', 'services.nodeports': '1', 'services.loadbalancers': '1' } })
    const service = (type: string) => ({
      metadata: { name: type.toLowerCase(), namespace },
      spec: { type, ports: [{ port: 80 }] },
    })

    await api.client.create(SERVICES, service('NodePort'))
    const [after] = (await api.client.list<ResourceQuota>(RESOURCE_QUOTAS, { namespace })).items
    const second = api.client.create(SERVICES, service('LoadBalancer'))

    expect(after?.status?.used).toEqual({ secrets: '0', 'services.nodeports': '1', 'services.loadbalancers': '0' })
    await expect(second).rejects.toMatchObject({
      message:
        'services "loadbalancer" is forbidden: exceeded quota: q, requested: services.nodeports=1, used: services.nodeports=1, limited: services.nodeports=1',
    })
    await api.client.delete(SERVICES, { name: 'nodeport', namespace })
    await usedIs(namespace, { secrets: '0', 'services.nodeports': '0', 'services.loadbalancers': '0' })
  })

  test('charges an update for what it adds', async () => {
    const namespace = await newNamespace({ hard: { 'services.nodeports': '1' } })
    await api.client.create(SERVICES, { metadata: { name: 's', namespace }, spec: { ports: [{ port: 80 }] } })
    const change = (spec: object) => api.client.patch(SERVICES, { name: 's', namespace }, { type: 'merge', body: { spec } })

    await change({ type: 'NodePort' })

    const ports = ['a', 'b'].map((name, index) => ({ name, port: 80 + index }))
    await expect(change({ ports })).rejects.toMatchObject({ code: 403 })
    await change({ sessionAffinity: 'ClientIP' })
  })

  test.each([
    [{ scopes: ['Terminating'] }, { activeDeadlineSeconds: 60 }, {}],
    [{ scopes: ['NotTerminating'] }, {}, { activeDeadlineSeconds: 60 }],
    [{ scopes: ['BestEffort'] }, {}, withRequests()],
    [{ scopes: ['NotBestEffort'] }, withRequests(), {}],
    [
      { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['system-node-critical'] }] } },
      { priorityClassName: 'system-node-critical' },
      {},
    ],
    [
      { scopeSelector: { matchExpressions: [{ scopeName: 'CrossNamespacePodAffinity', operator: 'Exists' }] } },
      { affinity: elsewhere() },
      {},
    ],
  ])('of scope %j counts only the pods within', async (scope, within, outside) => {
    await systemPriorityClass()
    const namespace = await newNamespace({ hard: { pods: '1' }, ...scope })
    const pod = (name: string, spec: object) => ({
      metadata: { name, namespace },
      spec: { containers: [{ name: 'c', image: 'x' }], ...spec },
    })

    await api.client.create(PODS, pod('in', within))
    await api.client.create(PODS, pod('out', outside))

    await expect(api.client.create(PODS, pod('more', within))).rejects.toMatchObject({ code: 403 })
    await usedIs(namespace, { pods: '1' })
  })

  test('gives back what a pod that has ended took, but not its place among all pods', async () => {
    const namespace = await newNamespace({ hard: { pods: '1', 'count/pods': '2', 'requests.cpu': '1' } })
    const resources = { requests: { cpu: '300m' }, limits: { cpu: '300m' } }
    await api.client.create(PODS, {
      metadata: { name: 'p', namespace },
      spec: { containers: [{ name: 'c', image: 'x', resources }] },
    })
    await usedIs(namespace, { pods: '1', 'count/pods': '1', 'requests.cpu': '300m' })

    const body = { status: { phase: 'Succeeded' } }
    await api.client.patch(PODS, { name: 'p', namespace, subresource: 'status' }, { type: 'merge', body })

    await usedIs(namespace, { pods: '0', 'count/pods': '1', 'requests.cpu': '0' })
  })

  test.each([
    ['ReplicaSet', REPLICA_SETS, { matchLabels: { app: 'many' } }],
    ['ReplicationController', REPLICATION_CONTROLLERS, { app: 'many' }],
  ] as const)('is what a %s says that keeps it from its pods, for as long as it wants them', async (_, info, selector) => {
    const namespace = await newNamespace({ hard: { pods: '2' } })
    const template = { metadata: { labels: { app: 'many' } }, spec: { containers: [{ name: 'c', image: 'x' }] } }
    await api.client.create(info, { metadata: { name: 'r', namespace }, spec: { replicas: 3, selector, template } } as object)
    const says = (what: string, is: (status: ReplicaSetStatus, failure: Condition | undefined) => boolean) =>
      waitFor(what, async () => {
        const { status = { replicas: 0 }, metadata } = await api.client.get<ReplicaSet>(info, { name: 'r', namespace })
        const isNews = status.observedGeneration === metadata.generation
        if (isNews && is(status, findCondition(status.conditions, 'ReplicaFailure'))) return true
        throw new Error(JSON.stringify(status))
      })
    await says('the quota is in its way', ({ replicas }, failure) => {
      const isTold = failure?.reason === 'FailedCreate' && failure.message?.includes('exceeded quota: q') === true
      return replicas === 2 && failure?.status === 'True' && isTold
    })

    await api.client.patch(info, { name: 'r', namespace }, { type: 'merge', body: { spec: { replicas: 2 } } })

    await says('nothing is in its way', ({ replicas }, failure) => replicas === 2 && failure === undefined)
  })

  test('counts custom kinds, those that are still to come as well', async () => {
    const namespace = await newNamespace({ hard: { 'count/widgets.example.com': '1' } })
    const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }]
    await api.client.create(CUSTOM_RESOURCE_DEFINITIONS, {
      metadata: { name: 'widgets.example.com' },
      spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'widgets', kind: 'Widget' }, versions },
    } as object)
    const path = `${api.url}/apis/example.com/v1/namespaces/${namespace}/widgets`
    const widget = (name: string) => json({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name } })

    const [first, second] = [await fetch(path, widget('a')), await fetch(path, widget('b'))]

    expect([first.status, second.status]).toEqual([201, 403])
    await usedIs(namespace, { 'count/widgets.example.com': '1' })
    await fetch(`${path}/a`, { method: 'DELETE' })
    await usedIs(namespace, { 'count/widgets.example.com': '0' })
  })

  test('follows what it allows', async () => {
    const namespace = await newNamespace({ hard: { secrets: '1', pods: '1' } })

    const body = [{ op: 'replace', path: '/spec/hard', value: { pods: '7' } }]
    await api.client.patch(RESOURCE_QUOTAS, { name: 'q', namespace }, { type: 'json', body })

    await waitFor('the status shows the new limits', async () => {
      const quota = await api.client.get<ResourceQuota>(RESOURCE_QUOTAS, { name: 'q', namespace })
      expect(quota.status).toEqual({ hard: { pods: '7' }, used: { pods: '0' } })
      return true
    })
  })
})

test('a LimitRange refuses a claim that is too large, and one that grows too large', async () => {
  const namespace = await newNamespace()
  const limits = [{ type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '2Gi' } }]
  await api.client.create(LIMIT_RANGES, { metadata: { name: 'l', namespace }, spec: { limits } })
  const claim = (storage: string) => ({
    metadata: { name: 'c', namespace },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
  })
  const path = `${api.url}/api/v1/namespaces/${namespace}/persistentvolumeclaims`

  const refused = await (await fetch(path, json(claim('3Gi')))).json()
  const allowed = await fetch(path, json(claim('2Gi')))

  expect(refused).toMatchObject({
    message:
      'persistentvolumeclaims "c" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi',
  })
  expect(allowed.status).toBe(201)
})

let namespaces = 0

async function newNamespace(quota?: object): Promise<string> {
  namespaces += 1
  const namespace = `n${namespaces}`
  await fetch(`${api.url}/api/v1/namespaces`, json({ metadata: { name: namespace } }))
  await accountOf(namespace)
  await waitFor('the certificate is there', () => api.client.get(CONFIG_MAPS, { name: 'kube-root-ca.crt', namespace }))
  if (quota === undefined) return namespace
  await api.client.create(RESOURCE_QUOTAS, { metadata: { name: 'q', namespace }, spec: quota })
  await waitFor('the quota has been counted', async () => {
    const { status } = await api.client.get<ResourceQuota>(RESOURCE_QUOTAS, { name: 'q', namespace })
    return status?.hard !== undefined
  })
  return namespace
}

async function accountOf(namespace: string): Promise<void> {
  await waitFor('the account is there', () => api.client.get(SERVICE_ACCOUNTS, { name: 'default', namespace }))
}

async function usedIs(namespace: string, used: Record<string, string>): Promise<void> {
  await waitFor(`the quota shows ${JSON.stringify(used)}`, async () => {
    const quota = await api.client.get<ResourceQuota>(RESOURCE_QUOTAS, { name: 'q', namespace })
    expect(quota.status?.used).toEqual(used)
    return true
  })
}

async function systemPriorityClass(): Promise<void> {
  const priorityClass = { metadata: { name: 'system-node-critical' }, value: 2_000_001_000 }
  await fetch(`${api.url}/apis/scheduling.k8s.io/v1/priorityclasses`, json(priorityClass))
}

function withRequests() {
  return { containers: [{ name: 'c', image: 'x', resources: { requests: { cpu: '1m' } } }] }
}

function elsewhere() {
  const term = { topologyKey: 'kubernetes.io/hostname', namespaces: ['other'], labelSelector: { matchLabels: { a: 'b' } } }
  return { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } }
}

function json(body: object): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}
