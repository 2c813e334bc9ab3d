import {
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  CONFIG_MAPS,
  LEASES,
  NODES,
  PODS,
  ROLE_BINDINGS,
  ROLES,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import { describe, expect, test } from 'vitest'
import { type AskedFor, ask, bind, requestToken } from './testing/access-calls.ts'
import { type AccessCluster, startAccessCluster } from './testing/access-cluster.ts'
import recorded from './testing/recorded-access.json' with { type: 'json' }

describe('access, as a real Kubernetes answered it', () => {
  test('is judged with the same words', async () => {
    await using cluster = await startAccessCluster({ namespaces: ['g2'] })
    await cluster.root.create(SERVICE_ACCOUNTS, { metadata: { name: 'sa', namespace: 'g2' } })

    for (const { step, method, path, headers, status, ...rest } of recorded as readonly Recorded[]) {
      const answer = await ask(cluster.root, { method, path, headers, body: rest.body })

      expect(answer.status, step).toBe(status)
      if (rest.answer !== undefined && !(step in DIFFERENT_SINCE_1_20)) expect(answer.body, step).toMatchObject(rest.answer)
    }
  })
})

interface Recorded extends AskedFor {
  readonly step: string
  readonly status: number
  readonly answer?: object
}

const DIFFERENT_SINCE_1_20: Readonly<Record<string, string>> = {
  'rules review': 'basic users may ask selfsubjectreviews since 1.28',
  'roleRef is immutable': 'the value is printed as JSON, not as a Go struct',
}

describe('RBAC', () => {
  test('grants by a ClusterRole in one namespace only, from the moment of the binding to that of its end', async () => {
    await using cluster = await startAccessCluster({ namespaces: ['a', 'b'] })
    const eve = cluster.as({ certificate: await cluster.authority.issue({ commonName: 'eve', usage: 'client' }) })
    await expect(eve.list(PODS, { namespace: 'a' })).rejects.toMatchObject({ code: 403 })

    await bind(cluster.root, 'a', { kind: 'ClusterRole', name: 'edit' }, 'eve')

    await expect(eve.create(CONFIG_MAPS, { metadata: { name: 'c', namespace: 'a' } })).resolves.toBeDefined()
    await expect(eve.list(PODS, { namespace: 'b' })).rejects.toMatchObject({ code: 403 })
    await expect(eve.list(ROLES, { namespace: 'a' })).rejects.toMatchObject({ code: 403 })
    await cluster.root.delete(ROLE_BINDINGS, { namespace: 'a', name: 'edit-eve' })
    await expect(eve.list(PODS, { namespace: 'a' })).rejects.toMatchObject({ code: 403 })
  })

  test('lets nobody see Secrets by view', async () => {
    await using cluster = await startAccessCluster()
    const eve = cluster.as({ certificate: await cluster.authority.issue({ commonName: 'eve', usage: 'client' }) })
    await bind(cluster.root, 'default', { kind: 'ClusterRole', name: 'view' }, 'eve')

    await expect(eve.list(CONFIG_MAPS, { namespace: 'default' })).resolves.toBeDefined()
    await expect(eve.list(SECRETS, { namespace: 'default' })).rejects.toMatchObject({ code: 403 })
  })

  test('gathers roles into an aggregated one by their labels', async () => {
    await using cluster = await startAccessCluster()
    const eve = cluster.as({ certificate: await cluster.authority.issue({ commonName: 'eve', usage: 'client' }) })
    await bind(cluster.root, 'default', { kind: 'ClusterRole', name: 'view' }, 'eve')

    await cluster.root.create(CLUSTER_ROLES, {
      metadata: { name: 'more', labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
      rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['list'] }],
    } as object)

    await expect(eve.list(SECRETS, { namespace: 'default' })).resolves.toBeDefined()
  })

  test('heeds resource names', async () => {
    await using cluster = await startAccessCluster()
    const eve = cluster.as({ certificate: await cluster.authority.issue({ commonName: 'eve', usage: 'client' }) })
    await cluster.root.create(CONFIG_MAPS, { metadata: { name: 'one', namespace: 'default' } })
    const rules = [{ apiGroups: [''], resources: ['configmaps'], resourceNames: ['one'], verbs: ['get'] }]
    await cluster.root.create(ROLES, { metadata: { name: 'r', namespace: 'default' }, rules } as object)
    await bind(cluster.root, 'default', { kind: 'Role', name: 'r' }, 'eve')

    await expect(eve.get(CONFIG_MAPS, { namespace: 'default', name: 'one' })).resolves.toBeDefined()
    await expect(eve.get(CONFIG_MAPS, { namespace: 'default', name: 'two' })).rejects.toMatchObject({ code: 403 })
  })

  test('is not got around by impersonating', async () => {
    await using cluster = await startAccessCluster()
    const eve = cluster.as({ certificate: await cluster.authority.issue({ commonName: 'eve', usage: 'client' }) })
    const asMaster = { headers: { 'impersonate-user': 'x', 'impersonate-group': 'system:masters' } }

    await expect(eve.request('GET', '/api/v1/secrets', asMaster)).rejects.toMatchObject({
      code: 403,
      message: 'users "x" is forbidden: User "eve" cannot impersonate resource "users" in API group "" at the cluster scope',
    })
  })
})

describe('impersonation', () => {
  test('takes user, groups, uid and extra, each of which needs leave of its own', async () => {
    await using cluster = await startAccessCluster()
    const headers = {
      'impersonate-user': 'ann',
      'impersonate-group': 'dev',
      'impersonate-uid': 'u-1',
      'impersonate-extra-example.com%2Fscopes': 'view',
    }
    const ask = async (client: ApiClient) => {
      const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
      const answer = await client.request('POST', path, { body: {}, headers })
      return (JSON.parse(answer.body.toString()) as { status: { userInfo: unknown } }).status.userInfo
    }
    expect(await ask(cluster.root)).toEqual({
      username: 'ann',
      uid: 'u-1',
      groups: ['dev', 'system:authenticated'],
      extra: { 'example.com/scopes': ['view'] },
    })

    const eve = cluster.as({ certificate: await cluster.authority.issue({ commonName: 'eve', usage: 'client' }) })
    const impersonate = (apiGroups: string[], resources: string[]) => ({ apiGroups, resources, verbs: ['impersonate'] })
    const steps = [
      { rule: impersonate([''], ['users']), next: 'groups "dev"' },
      { rule: impersonate([''], ['groups']), next: 'userextras.authentication.k8s.io "view"' },
      {
        rule: impersonate(['authentication.k8s.io'], ['userextras/example.com/scopes']),
        next: 'uids.authentication.k8s.io "u-1"',
      },
      { rule: impersonate(['authentication.k8s.io'], ['uids']), next: undefined },
    ]
    const rules: object[] = []
    await expect(ask(eve)).rejects.toThrow(/^users "ann" is forbidden/)
    for (const { rule, next } of steps) {
      rules.push(rule)
      const name = `impersonator-${rules.length}`
      await cluster.root.create(CLUSTER_ROLES, { metadata: { name }, rules } as object)
      await cluster.root.create(CLUSTER_ROLE_BINDINGS, {
        metadata: { name },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'eve' }],
      } as object)
      if (next === undefined) await expect(ask(eve)).resolves.toMatchObject({ username: 'ann' })
      else await expect(ask(eve)).rejects.toThrow(`${next} is forbidden`)
    }
  })
})

describe('a node', () => {
  test('writes its own objects, not another node’s', async () => {
    await using cluster = await startAccessCluster({ namespaces: ['kube-node-lease'] })
    const node = await nodeN1(cluster)
    const lease = (name: string) => node.create(LEASES, { metadata: { name, namespace: 'kube-node-lease' } })

    await expect(node.create(NODES, { metadata: { name: 'n1' } })).resolves.toBeDefined()
    await expect(node.create(NODES, { metadata: { name: 'n2' } })).rejects.toThrow('node "n1" is not allowed to modify node "n2"')
    await expect(lease('n1')).resolves.toBeDefined()
    await expect(lease('n2')).rejects.toMatchObject({ code: 403 })
    await expect(node.delete(NODES, { name: 'n1' })).rejects.toMatchObject({ code: 403 })
  })

  test('writes the status of the pods that run on it, and deletes only those', async () => {
    await using cluster = await startAccessCluster()
    await cluster.root.create(SERVICE_ACCOUNTS, { metadata: { name: 'default', namespace: 'default' } })
    await createPodsOn(cluster, ['n1', 'n2'], 'default')
    const node = await nodeN1(cluster)
    const ref = (name: string) => ({ name, namespace: 'default' })
    const report = (name: string) =>
      node.patch(PODS, { ...ref(name), subresource: 'status' }, { type: 'merge', body: { status: { phase: 'Running' } } })

    await expect(report('on-n1')).resolves.toMatchObject({ status: { phase: 'Running' } })
    await expect(report('on-n2')).rejects.toMatchObject({ code: 403 })
    await expect(node.delete(PODS, ref('on-n2'))).rejects.toMatchObject({ code: 403 })
    await expect(node.delete(PODS, ref('on-n1'), { gracePeriodSeconds: 0 })).resolves.toBeUndefined()
  })

  test('that was deleted is turned away, once it has had the time to join', async () => {
    await using cluster = await startAccessCluster()
    const joining = await nodeN1(cluster)
    await joining.create(NODES, { metadata: { name: 'n1' } })
    cluster.setTime(new Date(Date.now() + 30 * 60_000))

    await expect(joining.get(NODES, { name: 'n1' })).resolves.toBeDefined()
    await cluster.root.delete(NODES, { name: 'n1' })
    await expect(joining.get(NODES, { name: 'n1' })).rejects.toMatchObject({ code: 401 })
  })

  test('gets tokens for the pods that run on it only', async () => {
    await using cluster = await startAccessCluster()
    await cluster.root.create(SERVICE_ACCOUNTS, { metadata: { name: 'joe', namespace: 'default' } })
    await createPodsOn(cluster, ['n1', 'n2'], 'joe')
    const node = await nodeN1(cluster)
    const boundTo = (name: string) => requestToken(node, { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name } })

    await expect(boundTo('on-n1')).resolves.toBeTypeOf('string')
    await expect(boundTo('on-n2')).rejects.toMatchObject({ code: 403 })
    await expect(requestToken(node, {})).rejects.toMatchObject({ code: 403 })
  })
})

async function nodeN1({ as, authority }: AccessCluster): Promise<ApiClient> {
  const subject = { commonName: 'system:node:n1', organizations: ['system:nodes'], usage: 'client' } as const
  return as({ certificate: await authority.issue(subject) })
}

async function createPodsOn({ root }: AccessCluster, nodes: readonly string[], serviceAccountName: string): Promise<void> {
  for (const nodeName of nodes) {
    const spec = { nodeName, serviceAccountName, containers: [{ name: 'c', image: 'x' }] }
    await root.create(PODS, { metadata: { name: `on-${nodeName}`, namespace: 'default' }, spec } as object)
  }
}
