import { randomInt } from 'node:crypto'
import { NODES, PODS, type Pod, SECRETS, SERVICE_ACCOUNTS, type Secret, type ServiceAccount } from '@skiff/api'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { createTestAuthority } from '../streaming/testing/test-certificates.ts'
import { newToken } from './index.ts'
import { decodeClaims, post, requestToken, whoAmI } from './testing/access-calls.ts'
import { startAccessCluster } from './testing/access-cluster.ts'

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

  test('is asked for where it belongs', async () => {
    await using cluster = await startAccessCluster()
    await cluster.root.create(SERVICE_ACCOUNTS, { metadata: { name: 'joe', namespace: 'default' } })
    const path = '/api/v1/namespaces/default/serviceaccounts/joe/token'

    await expect(post(cluster.root, path, { metadata: { name: 'joe', namespace: 'default' } })).resolves.toBeDefined()
    await expect(post(cluster.root, path, { metadata: { name: 'ann' } })).rejects.toMatchObject({
      code: 422,
      message:
        'TokenRequest.authentication.k8s.io "joe" is invalid: metadata.name: Invalid value: "ann": must match the service account name if specified',
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
