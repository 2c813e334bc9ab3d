import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CERTIFICATE_SIGNING_REQUESTS,
  type CertificateSigningRequest,
  CLUSTER_ROLES,
  type ClusterRole,
  CONFIG_MAPS,
  type ConfigMap,
  NAMESPACES,
  NODES,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
  type Secret,
  type Service,
} from '@skiff/api'
import { ApiClient, loadKubeconfig } from '@skiff/client'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { newEcKey } from './certificates/key-pair.ts'
import { createAdminToken, createJoinToken } from './join-token.ts'
import type { MasterOptions } from './master-options.ts'
import { type Master, startMaster } from './start-master.ts'
import { nodeCertificateRequest } from './testing/node-certificate-request.ts'

/** Ranges for benchmarks (RFC 2544): no host's routes and no other cluster on this machine use them. */
const RANGES = { serviceCidr: '198.18.0.0/16', podCidr: '198.19.0.0/16' }

let dataDir: string
const running: Master[] = []

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'skiff-master-'))
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((master) => master.close()))
  await rm(dataDir, { recursive: true, force: true })
})

async function start(options: Partial<MasterOptions> = {}): Promise<Master> {
  const { signal } = new AbortController()
  const logger = pino({ level: 'silent' })
  const local = { bind: '127.0.0.1', advertiseAddress: '127.0.0.1', port: 0 }
  const master = await startMaster({ dataDir, ...RANGES, ...local, logger, signal, ...options })
  running.push(master)
  return master
}

async function stop(master: Master): Promise<void> {
  running.splice(running.indexOf(master), 1)
  await master.close()
}

const adminClient = async () => new ApiClient({ ...(await loadKubeconfig(join(dataDir, 'admin.kubeconfig'))), userAgent: 'test' })
const socketClient = (master: Master) => new ApiClient({ server: `unix:${master.socketPath}`, userAgent: 'test' })

describe('a master', () => {
  test('serves its administrator over HTTPS as soon as it has started', async () => {
    await start()
    const client = await adminClient()

    const { items } = await client.list<{ metadata: { name: string } }>(NAMESPACES)
    const kubernetes = await client.get<Service>(SERVICES, { namespace: 'default', name: 'kubernetes' })

    expect(items.map(({ metadata }) => metadata.name)).toEqual(['default', 'kube-node-lease', 'kube-public', 'kube-system'])
    expect(kubernetes.spec.clusterIP).toBe('198.18.0.1')
    client.close()
  })

  test('keeps its files to itself', async () => {
    const { socketPath } = await start()

    expect((await stat(dataDir)).mode & 0o777).toBe(0o700)
    for (const path of [socketPath, join(dataDir, 'ca.key'), join(dataDir, 'admin.kubeconfig')]) {
      expect((await stat(path)).mode & 0o777, path).toBe(0o600)
    }
  })

  test('runs its controllers: a namespace gets its account and the cluster’s authority', async () => {
    const client = socketClient(await start())
    await client.create(NAMESPACES, { metadata: { name: 'new' } })

    await expect
      .poll(() => client.get(SERVICE_ACCOUNTS, { namespace: 'new', name: 'default' }).catch(() => undefined))
      .toBeDefined()
    await expect
      .poll(() => client.get<ConfigMap>(CONFIG_MAPS, { namespace: 'new', name: 'kube-root-ca.crt' }).catch(() => undefined))
      .toMatchObject({ data: { 'ca.crt': await readFile(join(dataDir, 'ca.crt'), 'utf8') } })
    client.close()
  })

  test('fills a Secret for a token of an account, which works until the account is gone', async () => {
    const master = await start()
    const client = socketClient(master)
    const ref = { name: 'robot', namespace: 'default' }
    await client.create(SERVICE_ACCOUNTS, { metadata: ref })
    const annotations = { 'kubernetes.io/service-account.name': 'robot' }
    await client.create(SECRETS, { metadata: { ...ref, annotations }, type: 'kubernetes.io/service-account-token' } as object)
    const secret = () => client.get<Secret>(SECRETS, ref).catch(() => undefined)
    await expect.poll(async () => (await secret())?.data?.token).toBeDefined()
    const data = Object.entries((await secret())?.data ?? {}).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString(),
    ])
    const { token = '', 'ca.crt': ca = '', namespace } = Object.fromEntries(data) as Record<string, string>
    const robot = new ApiClient({ server: master.server, ca, token, userAgent: 'test' })

    await expect(robot.request('GET', '/api')).resolves.toMatchObject({ status: 200 })
    expect(namespace).toBe('default')
    await client.delete(SERVICE_ACCOUNTS, ref)
    await expect(robot.request('GET', '/api')).rejects.toMatchObject({ code: 401 })
    await expect.poll(secret).toBeUndefined()
    robot.close()
    client.close()
  })

  test('writes into aggregated roles what they gather', async () => {
    const client = socketClient(await start())
    const labels = { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' }
    const rule = { apiGroups: ['example.com'], resources: ['things'], verbs: ['get'] }
    await client.create(CLUSTER_ROLES, { metadata: { name: 'things', labels }, rules: [rule] } as object)
    const rulesOf = async (name: string) => (await client.get<ClusterRole>(CLUSTER_ROLES, { name })).rules ?? []

    for (const name of ['view', 'edit', 'admin']) await expect.poll(() => rulesOf(name), { message: name }).toContainEqual(rule)
    await client.delete(CLUSTER_ROLES, { name: 'things' })
    for (const name of ['view', 'edit', 'admin'])
      await expect.poll(() => rulesOf(name), { message: name }).not.toContainEqual(rule)
    expect(await rulesOf('view')).not.toEqual([])
    client.close()
  })

  test('keeps Secrets out of its files', async () => {
    const master = await start()
    const client = socketClient(master)
    const stringData = { password: 'correct horse battery staple' }
    await client.create(SECRETS, { metadata: { name: 'hidden', namespace: 'default' }, stringData } as object)
    await client.create(CONFIG_MAPS, { metadata: { name: 'open', namespace: 'default' }, data: { a: 'for everybody' } } as object)
    client.close()
    const holding = async (text: string) => {
      const files = (await readdir(dataDir, { withFileTypes: true })).filter((entry) => entry.isFile())
      const contents = await Promise.all(files.map(async ({ name }) => ({ name, bytes: await readFile(join(dataDir, name)) })))
      return contents.filter(({ bytes }) => bytes.includes(text)).map(({ name }) => name)
    }
    const encoded = Buffer.from(stringData.password).toString('base64')

    expect(await holding('for everybody')).not.toEqual([])
    expect([...(await holding(stringData.password)), ...(await holding(encoded))]).toEqual([])
    await stop(master)
    expect([...(await holding(stringData.password)), ...(await holding(encoded))]).toEqual([])
  })

  test('goes on after a restart with the same authority and objects', async () => {
    const first = await start()
    const client = socketClient(first)
    await client.create(CONFIG_MAPS, { metadata: { name: 'kept', namespace: 'default' } })
    client.close()
    await stop(first)

    const second = await start()

    expect(second.caHash).toBe(first.caHash)
    const admin = await adminClient()
    await expect(admin.get(CONFIG_MAPS, { namespace: 'default', name: 'kept' })).resolves.toBeDefined()
    admin.close()
  })

  test('refuses a directory on which another one runs, which goes on undisturbed', async () => {
    const first = await start()

    await expect(start()).rejects.toThrow(/is in use: another master runs on it/)

    const client = socketClient(first)
    await expect(client.list(NAMESPACES)).resolves.toBeDefined()
    client.close()
  })

  test('says which port is taken, and can be started with another', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as { port: number }

    await expect(start({ port })).rejects.toThrow(
      `port ${port} is taken on 127.0.0.1: stop what listens there, or choose another with --port`,
    )
    await start()
    taken.close()
  })

  test('does not begin with ranges that overlap, and keeps those that it has', async () => {
    await expect(start({ podCidr: '198.18.128.0/17' })).rejects.toThrow(/collides with the service range/)
    await stop(await start())

    await expect(start({ podCidr: '198.20.0.0/16' })).rejects.toThrow(/made with the pod range 198.19.0.0\/16/)
  })

  test('stops when its signal says so', async () => {
    const stopping = new AbortController()
    const master = await start({ signal: stopping.signal })

    stopping.abort()

    await master.stopped
    await stop(master)
  })
})

describe('a host that joins', () => {
  test('gets a client certificate by its token, and a serving one as the node that it is then', async () => {
    const master = await start()
    const root = socketClient(master)
    const { token, caHash } = await createJoinToken({ client: root, dataDir, ttlMs: 60_000 })
    const ca = await readFile(join(dataDir, 'ca.crt'), 'utf8')
    expect(caHash).toBe(master.caHash)

    const bootstrap = new ApiClient({ server: master.server, ca, token, userAgent: 'test' })
    const key = await newEcKey()
    const client = await requestCertificate(bootstrap, 'kube-apiserver-client-kubelet', key, [])
    const node = new ApiClient({ server: master.server, ca, cert: client, key, userAgent: 'test' })
    await node.create(NODES, { metadata: { name: 'n1' } })
    const serving = await requestCertificate(node, 'kubelet-serving', key, ['n1', '192.0.2.9'])

    expect(client).toContain('BEGIN CERTIFICATE')
    expect(serving).toContain('BEGIN CERTIFICATE')
    for (const each of [root, bootstrap, node]) each.close()
  })

  test('may not take the API server’s names, nor another node’s', async () => {
    const master = await start()
    const root = socketClient(master)
    const { token } = await createJoinToken({ client: root, dataDir, ttlMs: 60_000 })
    const ca = await readFile(join(dataDir, 'ca.crt'), 'utf8')
    await root.create(NODES, { metadata: { name: 'n2' } })
    const bootstrap = new ApiClient({ server: master.server, ca, token, userAgent: 'test' })
    const key = await newEcKey()
    const cert = await requestCertificate(bootstrap, 'kube-apiserver-client-kubelet', key, [])
    const node = new ApiClient({ server: master.server, ca, cert, key, userAgent: 'test' })

    for (const name of ['kubernetes.default.svc', '198.18.0.1', 'n2']) {
      const { metadata } = await createRequest(node, 'kubelet-serving', key, [name])
      await approve(root, metadata.name)
      await expect.poll(() => conditionsOf(root, metadata.name), { message: name }).toContain('Failed')
    }
    for (const each of [root, bootstrap, node]) each.close()
  })

  test('is turned away with a wrong token', async () => {
    const master = await start()
    const ca = await readFile(join(dataDir, 'ca.crt'), 'utf8')
    const bootstrap = new ApiClient({ server: master.server, ca, token: 'abcdef.0123456789abcdef', userAgent: 'test' })

    await expect(createRequest(bootstrap, 'kube-apiserver-client-kubelet', await newEcKey(), [])).rejects.toMatchObject({
      code: 401,
    })
    bootstrap.close()
  })
})

test('an admin token works from another machine', async () => {
  const master = await start()
  const root = socketClient(master)
  const token = await createAdminToken({ client: root, ttlMs: 60_000 })
  const ca = await readFile(join(dataDir, 'ca.crt'), 'utf8')

  const remote = new ApiClient({ server: master.server, ca, token, userAgent: 'test' })

  await expect(remote.create(NAMESPACES, { metadata: { name: 'by-token' } })).resolves.toBeDefined()
  remote.close()
  root.close()
})

type Signer = 'kube-apiserver-client-kubelet' | 'kubelet-serving'

async function createRequest(client: ApiClient, signer: Signer, key: string, names: readonly string[]) {
  const request = await nodeCertificateRequest({ keyPem: key, node: 'n1', names })
  return client.create<CertificateSigningRequest>(CERTIFICATE_SIGNING_REQUESTS, {
    metadata: { generateName: 'node-' },
    spec: {
      request: Buffer.from(request).toString('base64'),
      signerName: `kubernetes.io/${signer}`,
      usages: ['digital signature', 'key encipherment', signer === 'kubelet-serving' ? 'server auth' : 'client auth'],
    },
  } as object)
}

async function requestCertificate(client: ApiClient, signer: Signer, key: string, names: readonly string[]): Promise<string> {
  const { metadata } = await createRequest(client, signer, key, names)
  const signal = AbortSignal.timeout(60_000)
  const events = client.watch<CertificateSigningRequest>(CERTIFICATE_SIGNING_REQUESTS, {
    fieldSelector: `metadata.name=${metadata.name}`,
    sendInitialEvents: true,
    signal,
  })
  for await (const { object } of events) {
    if (object.status?.certificate !== undefined) return Buffer.from(object.status.certificate, 'base64').toString()
  }
  throw new Error(`${metadata.name} was not signed`)
}

async function approve(client: ApiClient, name: string): Promise<void> {
  const status = { conditions: [{ type: 'Approved', status: 'True', reason: 'Test', message: '' }] }
  await client.patch(CERTIFICATE_SIGNING_REQUESTS, { name, subresource: 'approval' }, { type: 'merge', body: { status } })
}

async function conditionsOf(client: ApiClient, name: string): Promise<string[]> {
  const { status } = await client.get<CertificateSigningRequest>(CERTIFICATE_SIGNING_REQUESTS, { name })
  return (status?.conditions ?? []).map(({ type }) => type)
}
