/** A host joins a whole master over TLS by its token, on an engine in memory, and serves logs and commands through it. */

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer as createPlainServer, type IncomingMessage } from 'node:http'
import { createServer, request } from 'node:https'
import { type AddressInfo, connect, createServer as createPlainSocketServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type Agent, type AgentOptions, startAgent } from '@skiff/agent'
import { FakeImages, FakePodCgroups, FakePodNetwork, FakeRuntime } from '@skiff/agent/testing'
import { type ContainerStatus, NODES, type Node, PODS, type Pod } from '@skiff/api'
import { ApiClient } from '@skiff/client'
import { createJoinToken, type JoinToken, type Master } from '@skiff/master'
import { type Logger, pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestAuthority } from '../../packages/apiserver/src/streaming/testing/test-certificates.ts'
import { localAgentOptions } from '../support/local-agent.ts'
import { startLocalMaster } from '../support/local-master.ts'
import { waitFor } from '../support/wait-for.ts'

const FAR_MS = 200
const end = new AbortController()
const ENGINE = () => ({
  runtime: new FakeRuntime(),
  images: new FakeImages(),
  network: new FakePodNetwork(),
  cgroups: new FakePodCgroups(),
})
let directory: string
let master: Master
let client: ApiClient
let token: JoinToken
let runtime: FakeRuntime
let agent: Agent
const said: string[] = []

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skiff-join-'))
  const dataDir = join(directory, 'master')
  master = await startLocalMaster(dataDir, { signal: end.signal })
  client = new ApiClient({ server: `unix:${join(dataDir, 'api.sock')}`, userAgent: 'test' })
  token = await createJoinToken({ client, dataDir, ttlMs: 3_600_000 })
  runtime = new LoggingRuntime({ exec: (_, command) => ({ exitCode: 3, stdout: `ran ${command.join(' ')}\n` }) })
  agent = await startAgent(optionsFor('node-1', { logger: noting(said) }))
}, 120_000)

afterAll(async () => {
  end.abort()
  await Promise.all([agent.stopped, master.stopped])
  client.close()
  await rm(directory, { recursive: true, force: true })
})

function optionsFor(nodeName: string, changes: Partial<AgentOptions>): AgentOptions {
  return { ...localAgentOptions({ master, token, directory }, nodeName, runtime), signal: end.signal, ...changes }
}

/** Keeps what an agent says of itself. */
function noting(messages: string[]): Logger {
  return pino({ level: 'info' }, { write: (line) => messages.push((JSON.parse(line) as { msg: string }).msg) })
}

/** What a host that has joined has to show, and nothing of its pods: the directory that holds it. */
async function copyIdentity(from: string, to: string): Promise<string> {
  const dataDir = join(directory, to)
  await mkdir(dataDir)
  for (const file of await readdir(join(directory, from))) {
    if (/\.(crt|key)$|^server-url$/.test(file)) await copyFile(join(directory, from, file), join(dataDir, file))
  }
  await writeFile(join(dataDir, 'node-name'), to)
  return dataDir
}

/** The engine in memory writes no logs: here all containers have one and the same. */
class LoggingRuntime extends FakeRuntime {
  override async inspectPod(uid: string) {
    const found = await super.inspectPod(uid)
    return { ...found, containers: found.containers.map((one) => ({ ...one, logPath: join(directory, 'c-json.log') })) }
  }
}

async function readyNode(name: string): Promise<Node> {
  return await waitFor(`node ${name} is ready`, async () => {
    const node = await client.get<Node>(NODES, { name })
    return node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') && node
  })
}

test('a host becomes a ready node, with keys that only root reads', async () => {
  const node = await readyNode('node-1')
  expect(node.spec.podCIDR).toMatch(/^198\.19\.\d+\.0\/24$/)
  expect(node.status?.daemonEndpoints?.kubeletEndpoint?.Port).toBe(agent.port)
  for (const file of ['client.key', 'server.key', 'kubeconfig']) {
    expect((await stat(join(directory, 'node-1', file))).mode & 0o777).toBe(0o600)
  }
})

test('a host whose engine fails as the agent starts takes pods once it answers', async () => {
  let listings = 0
  class FailingRuntime extends FakeRuntime {
    override async listPods() {
      listings += 1
      if (listings === 1) throw new Error('the engine has a bad day')
      return await super.listPods()
    }
  }
  const engine = { ...ENGINE(), runtime: new FailingRuntime() }
  const again = new AbortController()
  const agent = await startAgent({ ...optionsFor('node-5', { signal: again.signal }), engine: () => engine })
  const namespace = 'default'
  await readyNode('node-5')
  await client.create<Pod>(PODS, {
    metadata: { name: 'patient', namespace },
    spec: { nodeName: 'node-5', containers: [{ name: 'c', image: 'app:1' }] },
  } as never)
  await waitFor('the pod runs', async () => {
    return (await client.get<Pod>(PODS, { namespace, name: 'patient' })).status?.phase === 'Running'
  })
  again.abort()
  await agent.stopped
})

test('a joined host needs no token any more, and keeps its certificate', async () => {
  const before = await readFile(join(directory, 'node-1', 'client.crt'), 'utf8')
  const again = new AbortController()
  const { token: _token, caHash: _hash, server: _server, ...known } = optionsFor('node-1', { signal: again.signal })
  const second = await startAgent({
    ...known,
    engine: ENGINE,
  })
  again.abort()
  await second.stopped
  expect(await readFile(join(directory, 'node-1', 'client.crt'), 'utf8')).toBe(before)
})

test('logs and commands of a pod go through the master to the agent', async () => {
  await readyNode('node-1')
  const container = { name: 'c', image: 'app:1' }
  const namespace = 'default'
  await client.create<Pod>(PODS, {
    metadata: { name: 'web', namespace },
    spec: { nodeName: 'node-1', containers: [container] },
  } as never)
  await waitFor('the pod runs', async () => {
    const found = await client.get<Pod>(PODS, { namespace, name: 'web' })
    return found.status?.phase === 'Running' && found
  })
  await writeFile(
    join(directory, 'c-json.log'),
    `${JSON.stringify({ log: 'hello\n', stream: 'stdout', time: '2026-01-01T00:00:00Z' })}\n`,
  )
  const answer = await client.request('GET', '/api/v1/namespaces/default/pods/web/log')
  expect(answer.body.toString()).toBe('hello\n')
  expect(await execOutput('/api/v1/namespaces/default/pods/web/exec?command=echo&command=hi&stdout=true')).toEqual({
    stdout: 'ran echo hi\n',
    status: expect.objectContaining({ status: 'Failure', reason: 'NonZeroExitCode' }),
  })
})

test('a command in a container that has ended, and the log of one that never began, are refused with what became of it', async () => {
  const namespace = 'default'
  const env = [{ name: 'COLOUR', valueFrom: { configMapKeyRef: { name: 'nowhere', key: 'colour' } } }]
  const containers = ['dead', 'unborn'].map((name) => ({ name, image: 'app:1', ...(name === 'unborn' ? { env } : {}) }))
  const { metadata } = await client.create<Pod>(PODS, {
    metadata: { name: 'half', namespace },
    spec: { nodeName: 'node-1', restartPolicy: 'Never', containers },
  } as never)
  const says = (is: (state: ContainerStatus['state'], name: string) => unknown) =>
    waitFor('the pod says so', async () => {
      const { status } = await client.get<Pod>(PODS, { namespace, name: 'half' })
      return status?.containerStatuses?.some(({ state, name }) => is(state, name))
    })
  await says((state, name) => name === 'dead' && state?.running)
  runtime.exitContainer(runtime.running(metadata.uid, 'dead')?.id ?? '', 4)
  await says((state) => state?.terminated)
  await says((state) => state?.waiting?.reason === 'CreateContainerConfigError')
  const pod = '/api/v1/namespaces/default/pods/half'
  expect(await execRefusal(`${pod}/exec?container=dead&command=date&stdout=true`)).toBe(
    'container not found ("dead"): it is not running, it ended with exit code 4',
  )
  await expect(client.request('GET', `${pod}/log?container=unborn`)).rejects.toThrow(
    'container "unborn" in pod "half" is waiting to start: configmap "nowhere" not found',
  )
})

test('an address that somebody wrote into the status of a pod is never dialled', async () => {
  await using stack = new AsyncDisposableStack()
  let asked = 0
  const secret = createPlainServer((_, response) => {
    asked += 1
    response.end('secret')
  }).listen(0, '127.0.0.1')
  stack.defer(() => void secret.close())
  await once(secret, 'listening')
  const { port } = secret.address() as AddressInfo
  const namespace = 'default'
  const { metadata } = await client.create<Pod>(PODS, {
    metadata: { name: 'evil', namespace },
    spec: { nodeName: 'node-1', restartPolicy: 'Never', containers: [{ name: 'c', image: 'app:1' }] },
  } as never)
  const reaches = (phase: string) =>
    waitFor(`the pod is ${phase}`, async () => {
      return (await client.get<Pod>(PODS, { namespace, name: 'evil' })).status?.phase === phase
    })
  await reaches('Running')
  runtime.exitContainer(runtime.running(metadata.uid, 'c')?.id ?? '', 0)
  await reaches('Succeeded')
  await waitFor('its network is gone', async () => {
    return (await runtime.inspectPod(metadata.uid)).sandboxes.every(({ phase }) => phase !== 'running')
  })
  const body = { status: { podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }] } }
  await waitFor('the agent knows that', async () => {
    // Each time: a last word of its own may come in between.
    await client.patch(PODS, { namespace, name: 'evil', subresource: 'status' }, { type: 'merge', body })
    const pods = JSON.parse((await client.request('GET', '/api/v1/nodes/node-1/proxy/pods')).body.toString()) as { items: Pod[] }
    return pods.items.some(({ metadata: { name }, status }) => name === 'evil' && status?.podIP === '127.0.0.1')
  })
  await expect(client.request('GET', `/api/v1/namespaces/default/pods/evil:${port}/proxy/`)).rejects.toThrow(/can't be reached/)
  expect(asked).toBe(0)
})

test('a token that is wrong, or a hash of another authority, is refused with what to do', async () => {
  const refused = (changes: Partial<AgentOptions>) => startAgent(optionsFor('node-2', changes))
  await expect(refused({ token: 'abcdef.0123456789abcdef' })).rejects.toThrow(
    /refused the token: it is wrong or has expired; .*skiff token create/,
  )
  await expect(refused({ caHash: `sha256:${'0'.repeat(64)}` })).rejects.toThrow(
    /another certificate authority .* than --ca-hash says/,
  )
  const { token: _token, ...without } = optionsFor('node-2', {})
  await expect(startAgent(without)).rejects.toThrow('this host has not joined a cluster yet')
})

test('a host whose certificate ended while it was away is told what to type, and joins by that', async () => {
  await copyIdentity('node-1', 'node-4')
  const afterItsEnd = () => new Date(Date.now() + 400 * 24 * 3_600_000)
  const { token: _token, caHash: _hash, ...known } = optionsFor('node-4', { now: afterItsEnd })
  await expect(startAgent(known)).rejects.toThrow(
    "this node's certificate has expired: run `skiff token create` on the master and type the line that it prints",
  )
})

test('a node that is deleted as soon as it is there has left the cluster, too', async () => {
  // The agent hears of its registration only when the node is gone again.
  const far = createPlainSocketServer((near) => {
    const there = connect(Number(new URL(master.server).port), '127.0.0.1')
    near.pipe(there)
    there.on('data', (chunk) => setTimeout(() => near.write(chunk), FAR_MS))
    there.on('close', () => setTimeout(() => near.destroy(), FAR_MS))
    near.on('close', () => there.destroy()).on('error', () => undefined)
  }).listen(0, '127.0.0.1')
  await once(far, 'listening')
  const { port } = far.address() as AddressInfo
  const joined = startAgent(optionsFor('node-7', { server: `https://127.0.0.1:${port}` }))
  await waitFor('the node is there', () => client.delete(NODES, { name: 'node-7' }).then(() => true))
  await expect(joined.then(({ stopped }) => stopped)).rejects.toThrow('node node-7 was deleted from the cluster')
  far.close()
})

test('a host that belonged to another cluster joins the one that the line names', async () => {
  const dataDir = await copyIdentity('node-1', 'node-3')
  const { certificatePem } = await createTestAuthority()
  await writeFile(join(dataDir, 'ca.crt'), certificatePem)
  const end = new AbortController()
  const moved = await startAgent(optionsFor('node-3', { signal: end.signal }))
  await readyNode('node-3')
  end.abort()
  await moved.stopped
})

test('a host whose disk is full is told so, and the master is not blamed', async () => {
  const dataDir = join(directory, 'full')
  await mkdir(dataDir)
  // Room for some of its certificates and keys.
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'skiff-test', dataDir])
  try {
    await expect(startAgent(optionsFor('node-6', { dataDir }))).rejects.toThrow(
      /full\/\S+ can't be written \(ENOSPC: .*\): make room on its disk$/,
    )
  } finally {
    execFileSync('umount', [dataDir])
  }
})

test('a node that was deleted gets no images of others any more, until it is one again', async () => {
  const credentials = await Promise.all(
    ['client.crt', 'client.key', 'ca.crt'].map((file) => readFile(join(directory, 'node-3', file))),
  )
  const [cert, key, ca] = credentials
  const askFor = async (path: string) => {
    const asked = request({ host: '127.0.0.1', servername: 'node-1', port: agent.port, path, cert, key, ca, agent: false }).end()
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    answer.resume()
    return answer.statusCode
  }
  await client.delete(NODES, { name: 'node-3' })
  expect(await askFor('/images/none')).toBe(401)
  await client.create(NODES, { metadata: { name: 'node-3' } } as never)
  await waitFor('it is a node again', async () => (await askFor('/images/none')) === 404)
})

test('a master whose certificate is not valid yet means that a clock is wrong, and it is said which', async () => {
  const authority = await createTestAuthority(new Date(Date.now() + 3 * 24 * 3_600_000))
  const { certificatePem: cert, keyPem: key } = await authority.issue({ commonName: 'master', usage: 'server' })
  const server = createServer({ cert, key }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const early = new ApiClient({ server: `https://127.0.0.1:${port}`, ca: authority.certificatePem, userAgent: 'test' })
  await expect(early.request('GET', '/')).rejects.toThrow(
    /not valid yet, and this machine's clock says \d{4}-.*: set the clock \(timedatectl set-ntp true\)/,
  )
  early.close()
  server.close()
})

test('a node name that a living agent of another machine has is refused, and nobody says that it joined', async () => {
  await readyNode('node-1')
  expect(said).toContain('host joined the cluster')
  const saidThere: string[] = []
  const dataDir = join(directory, 'other')
  await expect(startAgent(optionsFor('node-1', { dataDir, logger: noting(saidThere) }))).rejects.toThrow(
    'the node name node-1 is taken by another machine (127.0.0.1)',
  )
  expect(saidThere).not.toContain('host joined the cluster')
})

async function execOutput(path: string): Promise<{ stdout: string; status: unknown }> {
  const socket = client.webSocket(path, ['v5.channel.k8s.io'])
  let stdout = ''
  let status: unknown
  socket.on('message', (data: Buffer) => {
    if (data[0] === 1) stdout += data.subarray(1).toString()
    if (data[0] === 3) status = JSON.parse(data.subarray(1).toString())
  })
  await new Promise((resolve, reject) => socket.once('close', resolve).once('error', reject))
  return { stdout, status }
}

/** What the Status says that is answered instead of a WebSocket. */
async function execRefusal(path: string): Promise<unknown> {
  const socket = client.webSocket(path, ['v5.channel.k8s.io'])
  socket.on('error', () => undefined)
  const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
  return (JSON.parse(await text(answer)) as { message?: unknown }).message
}
