import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, NAMESPACES } from '@skiff/api'
import { ApiClient } from '@skiff/client'
import { pino } from 'pino'
import { createAdmission, type PodSecurityDefault } from '../../admission/index.ts'
import { type ApiServer, createApiServer } from '../../api-server.ts'
import type { Registry } from '../../registry/registry.ts'
import { createResourceMetrics } from '../../resource-metrics/resource-metrics.ts'
import { createTestAuthority, type TestAuthority, type TestCertificate } from '../../streaming/testing/test-certificates.ts'
import { startTestApiServer, TEST_CLUSTER } from '../../testing.ts'
import { type Auth, createAuth, defaultClusterRoleBindings, defaultClusterRoles } from '../index.ts'

export interface AccessCluster extends AsyncDisposable {
  readonly auth: Auth
  readonly registry: Registry
  /** As root of the master's machine: by the unix socket. */
  readonly root: ApiClient
  /** Over HTTPS, with whatever credentials. */
  as(credentials: { readonly token?: string; readonly certificate?: TestCertificate }): ApiClient
  readonly authority: TestAuthority
  setTime(now: Date): void
}

/** An API server as a master runs it, with authentication, RBAC, admission and the default roles, over a memory store. */
export async function startAccessCluster(
  options: { podSecurityDefault?: PodSecurityDefault; namespaces?: readonly string[] } = {},
): Promise<AccessCluster> {
  const { podSecurityDefault = 'warn', namespaces = [] } = options
  const directory = await mkdtemp(join(tmpdir(), 'skiff-access-'))
  const authority = await createTestAuthority()
  const serving = await authority.issue({ commonName: 'localhost', usage: 'server' })
  const base = await startTestApiServer()
  const { registry, store, liveness } = base
  const stopping = new AbortController()
  let now: Date | undefined
  const clock = () => now ?? new Date()
  const auth = createAuth({
    store,
    clock,
    objects: registry.objects,
    authorityPem: authority.certificatePem,
    serviceAccountKeyPem: serviceAccountKey(),
    clusterDomain: TEST_CLUSTER.clusterDomain,
    signal: stopping.signal,
  })
  const metrics = createResourceMetrics({
    objects: registry.objects,
    credentials: () => {
      throw new Error('there are no agents in this test')
    },
    clock,
    signal: stopping.signal,
  })
  const server = await createApiServer({
    registry,
    liveness,
    clock,
    random: Math.random,
    authenticator: auth.authenticator,
    authorizer: auth.authorizer,
    admission: createAdmission({
      registry,
      authorizer: auth.authorizer,
      podSecurityDefault,
      dialService: () => Promise.reject(new Error('there are no agents in this test')),
      clock,
      random: Math.random,
      logger: pino({ level: 'silent' }),
      signal: stopping.signal,
    }),
    virtualResources: [...auth.virtualResources, ...metrics],
    tokenRequests: auth.tokenRequests,
    tokenIssuer: auth.serviceAccountTokens,
    caCertificates: authority.certificatePem,
    logger: pino({ level: 'silent' }),
  })
  const { socketPath, port } = await listen(server, directory, serving, authority)
  const root = new ApiClient({ server: `unix:${socketPath}`, userAgent: 'test' })
  for (const role of defaultClusterRoles()) await root.create(CLUSTER_ROLES, role)
  for (const binding of defaultClusterRoleBindings()) await root.create(CLUSTER_ROLE_BINDINGS, binding)
  for (const name of namespaces) await root.create(NAMESPACES, { metadata: { name } })
  return {
    ...{ auth, registry, root, authority },
    as: ({ token, certificate }) =>
      new ApiClient({
        server: `https://127.0.0.1:${port}`,
        ca: authority.certificatePem,
        userAgent: 'test',
        ...(token === undefined ? {} : { token }),
        ...(certificate === undefined ? {} : { cert: certificate.certificatePem, key: certificate.keyPem }),
      }),
    setTime: (time) => {
      now = time
    },
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await server.close()
      await base.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function listen(server: ApiServer, directory: string, serving: TestCertificate, authority: TestAuthority) {
  const socketPath = join(directory, 'api.sock')
  await server.listenUnix(socketPath)
  const tls = { cert: serving.certificatePem, key: serving.keyPem, clientCa: authority.certificatePem }
  const { port } = await server.listenTls({ host: '127.0.0.1', port: 0, ...tls })
  return { socketPath, port }
}

let serviceAccountKeyPem: string | undefined

/** One for all clusters of a test run: to find such a key takes longer than to start a cluster. */
function serviceAccountKey(): string {
  serviceAccountKeyPem ??= rsaKey()
  return serviceAccountKeyPem
}

function rsaKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}
