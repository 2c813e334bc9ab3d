import { randomInt } from 'node:crypto'
import {
  ApiError,
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  CONFIG_MAPS,
  LEASES,
  NODES,
  PODS,
  type Pod,
  ROLE_BINDINGS,
  ROLES,
  SECRETS,
  SERVICE_ACCOUNTS,
  type Secret,
  type ServiceAccount,
} from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { createTestAuthority } from '../streaming/testing/test-certificates.ts'
import { newToken } from './index.ts'
import { startAccessCluster } from './testing/access-cluster.ts'
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

interface Recorded {
  readonly step: string
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly status: number
  readonly body?: unknown
  readonly answer?: object
}

const DIFFERENT_SINCE_1_20: Readonly<Record<string, string>> = {
  'rules review': 'basic users may ask selfsubjectreviews since 1.28',
  'roleRef is immutable': 'the value is printed as JSON, not as a Go struct',
}

describe('a client certificate', () => {
  test('makes its common name the user and its organizations the groups', async () => {
    await using cluster = await startAccessCluster()
    const certificate = await cluster.authority.issue({ commonName: 'ann', organizations: ['dev', 'ops'], usage: 'client' })

    expect(await whoAmI(cluster.as({ certificate }))).toEqual({ username: 'ann', groups: ['dev', 'ops', 'system:authenticated'] })
  })

  test('of another authority is refused', async () => {
    await using cluster = await startAccessCluster()
    const foreign = await createTestAuthority()
    const certificate = await foreign.issue({ commonName: 'ann', organizations: ['system:masters'], usage: 'client' })

    await expect(whoAmI(cluster.as({ certificate }))).rejects.toMatchObject({ code: 401 })
  })

  test('for a server is no client’s', async () => {
    await using cluster = await startAccessCluster()
    const certificate = await cluster.authority.issue({ commonName: 'x', organizations: ['system:masters'], usage: 'server' })

    await expect(whoAmI(cluster.as({ certificate }))).rejects.toMatchObject({ code: 401 })
  })

  test('that has ended is refused, also on a connection that is still open', async () => {
    await using cluster = await startAccessCluster()
    const client = cluster.as({ certificate: await cluster.authority.issue({ commonName: 'ann', usage: 'client' }) })
    await whoAmI(client)

    cluster.setTime(new Date(Date.now() + 2 * 3600_000))

    await expect(whoAmI(client)).rejects.toMatchObject({ code: 401 })
  })
})

describe('an admin token', () => {
  const expires = () => new Date(Date.now() + 60_000)

  test('may do everything until it expires', async () => {
    await using cluster = await startAccessCluster()
    const { token, secret } = newToken({ usage: 'admin', expires: expires(), randomInt })
    await cluster.root.create(SECRETS, secret)
    const client = cluster.as({ token })

    await expect(client.list(SECRETS)).resolves.toBeDefined()
    cluster.setTime(new Date(Date.now() + 61_000))
    await expect(client.list(SECRETS)).rejects.toMatchObject({ code: 401 })
  })

  test('can not be used by who reads its Secret', async () => {
    await using cluster = await startAccessCluster()
    const { token, secret } = newToken({ usage: 'admin', expires: expires(), randomInt })
    await cluster.root.create(SECRETS, secret)

    const values = Object.values(secret.data ?? {}).map((value) => Buffer.from(value, 'base64').toString())
    expect(values.join(' ')).not.toContain(token.split('.')[1])
    const [id] = token.split('.')
    await expect(cluster.as({ token: `${id}.${values[1]?.slice(0, 40)}` }).list(SECRETS)).rejects.toMatchObject({ code: 401 })
  })

  test('is gone with its Secret, however often it was used before', async () => {
    await using cluster = await startAccessCluster()
    const { token, secret } = newToken({ usage: 'admin', expires: expires(), randomInt })
    await cluster.root.create(SECRETS, secret)
    const client = cluster.as({ token })
    await client.list(SECRETS)
    await client.list(SECRETS)
    await cluster.root.delete(SECRETS, { namespace: 'kube-system', name: secret.metadata.name ?? '' })

    await expect(client.list(SECRETS)).rejects.toMatchObject({ code: 401 })
  })

  test('is worth nothing once its Secret holds the hash of another', async () => {
    await using cluster = await startAccessCluster()
    const { token, secret } = newToken({ usage: 'admin', expires: expires(), randomInt })
    const other = newToken({ usage: 'admin', expires: expires(), randomInt }).secret
    const created = await cluster.root.create<Secret>(SECRETS, secret)
    const client = cluster.as({ token })
    await client.list(SECRETS)

    await cluster.root.update(SECRETS, { ...created, data: other.data ?? {} })

    await expect(client.list(SECRETS)).rejects.toMatchObject({ code: 401 })
  })
})

describe('a join token', () => {
  test('may ask for certificates and nothing else', async () => {
    await using cluster = await startAccessCluster()
    const { token, secret } = newToken({ usage: 'join', expires: undefined, randomInt })
    await cluster.root.create(SECRETS, secret)
    const client = cluster.as({ token })

    expect(token).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/)
    await expect(client.request('GET', '/apis/certificates.k8s.io/v1/certificatesigningrequests')).resolves.toMatchObject({
      status: 200,
    })
    await expect(client.list(NODES)).rejects.toMatchObject({ code: 403 })
    await expect(client.list(SECRETS)).rejects.toMatchObject({ code: 403 })
  })
})

describe('a bootstrap token as kubeadm makes it', () => {
  const data = (more: Record<string, string> = {}) => ({
    'token-id': 'abcdef',
    'token-secret': '0123456789abcdef',
    'usage-bootstrap-authentication': 'true',
    'auth-extra-groups': 'system:bootstrappers:edge,system:masters',
    ...more,
  })
  const secretOf = (stringData: object) => ({
    metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    stringData,
  })
  const TOKEN = 'abcdef.0123456789abcdef'

  test('is a bootstrapper’s, with extra groups only of bootstrappers', async () => {
    await using cluster = await startAccessCluster()
    await cluster.root.create(SECRETS, secretOf(data()))

    expect(await whoAmI(cluster.as({ token: TOKEN }))).toEqual({
      username: 'system:bootstrap:abcdef',
      groups: ['system:bootstrappers', 'system:bootstrappers:edge', 'system:authenticated'],
    })
    await expect(whoAmI(cluster.as({ token: 'abcdef.0123456789abcdeX'.toLowerCase() }))).rejects.toMatchObject({ code: 401 })
  })

  test.each([
    ['has expired', { expiration: '2020-01-01T00:00:00Z' }],
    ['is not for authentication', { 'usage-bootstrap-authentication': 'false' }],
  ])('that %s is refused', async (_, more) => {
    await using cluster = await startAccessCluster()
    await cluster.root.create(SECRETS, secretOf(data(more)))

    await expect(whoAmI(cluster.as({ token: TOKEN }))).rejects.toMatchObject({ code: 401 })
  })
})

describe('a service account’s token', () => {
  const POD = {
    metadata: { name: 'p', namespace: 'default' },
    spec: { serviceAccountName: 'joe', containers: [{ name: 'c', image: 'x' }] },
  }

  test('is its user’s, and dies with the account', async () => {
    await using cluster = await startAccessCluster()
    const account = await cluster.root.create<ServiceAccount>(SERVICE_ACCOUNTS, {
      metadata: { name: 'joe', namespace: 'default' },
    })
    const client = cluster.as({ token: await requestToken(cluster.root, {}) })

    expect(await whoAmI(client)).toMatchObject({
      username: 'system:serviceaccount:default:joe',
      uid: account.metadata.uid,
      groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
    })
    await cluster.root.delete(SERVICE_ACCOUNTS, { namespace: 'default', name: 'joe' })
    await cluster.root.create(SERVICE_ACCOUNTS, { metadata: { name: 'joe', namespace: 'default' } })
    await expect(whoAmI(client)).rejects.toMatchObject({ code: 401 })
  })

  test('that is bound to a pod dies with the pod', async () => {
    await using cluster = await startAccessCluster()
    await cluster.root.create(SERVICE_ACCOUNTS, { metadata: { name: 'joe', namespace: 'default' } })
    await cluster.root.create<Pod>(PODS, POD)
    const client = cluster.as({
      token: await requestToken(cluster.root, { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p' } }),
    })

    expect(await whoAmI(client)).toMatchObject({ extra: { 'authentication.kubernetes.io/pod-name': ['p'] } })
    await cluster.root.delete(PODS, { namespace: 'default', name: 'p' }, { gracePeriodSeconds: 0 })
    await expect(whoAmI(client)).rejects.toMatchObject({ code: 401 })
  })

  test.each(['Secret', 'Node'] as const)(
    'that is bound to a %s dies with it, also when a namesake takes its place',
    async (kind) => {
      await using cluster = await startAccessCluster()
      await cluster.root.create(SERVICE_ACCOUNTS, { metadata: { name: 'joe', namespace: 'default' } })
      const info = kind === 'Secret' ? SECRETS : NODES
      const metadata = kind === 'Secret' ? { name: 'bound', namespace: 'default' } : { name: 'bound' }
      const { metadata: created } = await cluster.root.create<Pod>(info, { metadata })
      const boundObjectRef = { kind, apiVersion: 'v1', name: 'bound', uid: created.uid }
      const client = cluster.as({ token: await requestToken(cluster.root, { boundObjectRef }) })
      await expect(whoAmI(client)).resolves.toBeDefined()
      await expect(requestToken(cluster.root, { boundObjectRef: { ...boundObjectRef, uid: 'another' } })).rejects.toMatchObject({
        code: 409,
      })

      await cluster.root.delete(info, metadata)
      await cluster.root.create(info, { metadata })

      await expect(whoAmI(client)).rejects.toMatchObject({ code: 401 })
    },
  )

  test('can be bound to nothing else', async () => {
    await using cluster = await startAccessCluster()
    await cluster.root.create(SERVICE_ACCOUNTS, { metadata: { name: 'joe', namespace: 'default' } })

    await expect(
      requestToken(cluster.root, { boundObjectRef: { kind: 'ConfigMap', apiVersion: 'v1', name: 'c' } }),
    ).rejects.toMatchObject({
      code: 400,
      message: 'cannot bind token for serviceaccount "joe" to object type v1, Kind=ConfigMap',
    })
  })

  test('can be verified by anybody with the published keys', async () => {
    await using cluster = await startAccessCluster()
    await cluster.root.create(SERVICE_ACCOUNTS, { metadata: { name: 'joe', namespace: 'default' } })
    const token = await requestToken(cluster.root, { audiences: ['vault'] })
    const account = cluster.as({ token: await requestToken(cluster.root, {}) })
    const read = async (path: string, accept?: string) => {
      const answer = await account.request('GET', path, accept === undefined ? {} : { accept })
      return { type: answer.headers['content-type'], body: JSON.parse(answer.body.toString()) as unknown }
    }

    const discovery = await read('/.well-known/openid-configuration')
    const keys = await read('/openid/v1/jwks', 'application/jwk-set+json')

    expect(discovery).toEqual({
      type: 'application/json',
      body: {
        issuer: 'https://kubernetes.default.svc.cluster.local',
        jwks_uri: 'https://kubernetes.default.svc.cluster.local/openid/v1/jwks',
        response_types_supported: ['id_token'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      },
    })
    expect(keys.type).toBe('application/jwk-set+json')
    const keySet = createLocalJWKSet(keys.body as JSONWebKeySet)
    const { payload } = await jwtVerify(token, keySet, {
      audience: 'vault',
      issuer: (discovery.body as { issuer: string }).issuer,
    })
    expect(payload.sub).toBe('system:serviceaccount:default:joe')
    await expect(read('/openid/v1/jwks', 'application/json')).rejects.toMatchObject({ code: 406 })
    await expect(cluster.as({}).request('GET', '/openid/v1/jwks')).rejects.toMatchObject({ code: 403 })
  })

  test('for another audience is not for this API server', async () => {
    await using cluster = await startAccessCluster()
    await cluster.root.create(SERVICE_ACCOUNTS, { metadata: { name: 'joe', namespace: 'default' } })
    const token = await requestToken(cluster.root, { audiences: ['vault'] })

    await expect(whoAmI(cluster.as({ token }))).rejects.toMatchObject({ code: 401 })
    const review = await post(cluster.root, '/apis/authentication.k8s.io/v1/tokenreviews', {
      spec: { token, audiences: ['vault'] },
    })
    expect(review.status).toMatchObject({ authenticated: true, audiences: ['vault'] })
  })

  test('that was tampered with, or has expired, is refused', async () => {
    await using cluster = await startAccessCluster()
    await cluster.root.create(SERVICE_ACCOUNTS, { metadata: { name: 'joe', namespace: 'default' } })
    const token = await requestToken(cluster.root, {})
    const [head, , signature] = token.split('.')
    const claims = { ...decodeClaims(token), sub: 'system:serviceaccount:kube-system:admin' }
    const forged = [head, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.')

    await expect(whoAmI(cluster.as({ token: forged }))).rejects.toMatchObject({ code: 401 })
    await expect(whoAmI(cluster.as({ token }))).resolves.toBeDefined()
    cluster.setTime(new Date(Date.now() + 3601_000))
    await expect(whoAmI(cluster.as({ token }))).rejects.toMatchObject({ code: 401 })
  })
})

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
    const node = cluster.as({
      certificate: await cluster.authority.issue({
        commonName: 'system:node:n1',
        organizations: ['system:nodes'],
        usage: 'client',
      }),
    })
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
    for (const name of ['n1', 'n2']) {
      const spec = { nodeName: name, containers: [{ name: 'c', image: 'x' }] }
      await cluster.root.create(PODS, { metadata: { name: `on-${name}`, namespace: 'default' }, spec } as object)
    }
    const node = cluster.as({
      certificate: await cluster.authority.issue({
        commonName: 'system:node:n1',
        organizations: ['system:nodes'],
        usage: 'client',
      }),
    })
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
    const subject = { commonName: 'system:node:n1', organizations: ['system:nodes'], usage: 'client' } as const
    const joining = cluster.as({ certificate: await cluster.authority.issue(subject) })
    await joining.create(NODES, { metadata: { name: 'n1' } })
    cluster.setTime(new Date(Date.now() + 30 * 60_000))

    await expect(joining.get(NODES, { name: 'n1' })).resolves.toBeDefined()
    await cluster.root.delete(NODES, { name: 'n1' })
    await expect(joining.get(NODES, { name: 'n1' })).rejects.toMatchObject({ code: 401 })
  })

  test('gets tokens for the pods that run on it only', async () => {
    await using cluster = await startAccessCluster()
    await cluster.root.create(SERVICE_ACCOUNTS, { metadata: { name: 'joe', namespace: 'default' } })
    for (const name of ['n1', 'n2']) {
      const spec = { nodeName: name, serviceAccountName: 'joe', containers: [{ name: 'c', image: 'x' }] }
      await cluster.root.create(PODS, { metadata: { name: `on-${name}`, namespace: 'default' }, spec } as object)
    }
    const node = cluster.as({
      certificate: await cluster.authority.issue({
        commonName: 'system:node:n1',
        organizations: ['system:nodes'],
        usage: 'client',
      }),
    })
    const boundTo = (name: string) => requestToken(node, { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name } })

    await expect(boundTo('on-n1')).resolves.toBeTypeOf('string')
    await expect(boundTo('on-n2')).rejects.toMatchObject({ code: 403 })
    await expect(requestToken(node, {})).rejects.toMatchObject({ code: 403 })
  })
})

async function ask(
  client: ApiClient,
  { method, path, headers, body }: Pick<Recorded, 'method' | 'path' | 'headers' | 'body'>,
): Promise<{ status: number; body: unknown }> {
  const { 'content-type': contentType, accept: _, ...rest } = headers as Record<string, string>
  try {
    const response = await client.request(method, path, {
      headers: rest,
      ...(body === undefined ? {} : { body }),
      ...(contentType === undefined ? {} : { contentType }),
    })
    return { status: response.status, body: JSON.parse(response.body.toString()) }
  } catch (error) {
    if (error instanceof ApiError) return { status: error.code, body: error.toStatus() }
    throw error
  }
}

async function post(client: ApiClient, path: string, body: object): Promise<{ status: unknown }> {
  const response = await client.request('POST', path, { body })
  return JSON.parse(response.body.toString()) as { status: unknown }
}

async function whoAmI(client: ApiClient): Promise<unknown> {
  const { status } = await post(client, '/apis/authentication.k8s.io/v1/selfsubjectreviews', {})
  return (status as { userInfo: unknown }).userInfo
}

async function requestToken(client: ApiClient, spec: object): Promise<string> {
  const { status } = await post(client, '/api/v1/namespaces/default/serviceaccounts/joe/token', { spec })
  return (status as { token: string }).token
}

function decodeClaims(token: string): object {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as object
}

async function bind(client: ApiClient, namespace: string, role: { kind: string; name: string }, user: string): Promise<void> {
  await client.create(ROLE_BINDINGS, {
    metadata: { name: `${role.name}-${user}`, namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', ...role },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }],
  } as object)
}
