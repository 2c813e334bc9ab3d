/** The agent against the real API server, on an engine in memory: pods live, fail, restart and leave. */

import { FakeRuntime, ImageError, startTestAgent, type TestAgent } from '@skiff/agent/testing'
import { CONFIG_MAPS, ENDPOINT_SLICES, NODES, type Node, PODS, type Pod, SERVICES } from '@skiff/api'
import { startTestApiServer, type TestApiServer } from '@skiff/apiserver/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Pods } from '../support/pods.ts'
import { waitFor } from '../support/wait-for.ts'

let api: TestApiServer
let agent: TestAgent

beforeEach(async () => {
  api = await startTestApiServer({ namespaces: ['default', 'kube-system', 'kube-node-lease'] })
  agent = await startTestAgent({ client: api.client })
})

afterEach(async () => {
  await agent[Symbol.asyncDispose]()
  await api.close()
})

const C = { name: 'c', image: 'app:1' }
const SERVED = {
  metadata: { namespace: 'default', name: 'served' },
  spec: { selector: { app: 'served' }, ports: [{ port: 80 }] },
}

const pods = new Pods(() => api.client, { spec: { nodeName: 'node-1', containers: [C] } })
const createPod = (name: string, spec: object) => pods.create(name, spec)
const podThat = (name: string, is: (pod: Pod) => unknown) => pods.that(name, is)
const getPod = (name: string) => pods.get(name)
/** Events are written one after the other, a moment after what they tell. */
const areTold = (name: string, reasons: readonly string[]) =>
  waitFor(`${reasons.join(' and ')} are told of ${name}`, async () => {
    const told = await pods.eventReasons(name)
    if (reasons.every((reason) => told.includes(reason))) return true
    throw new Error(told.join())
  })

const isReady = (pod: Pod) => pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')

test('runs a pod and says that it is ready', async () => {
  await createPod('web', {})
  const pod = await podThat('web', isReady)
  expect(pod.status).toMatchObject({ phase: 'Running', podIP: '10.244.1.2', hostIP: '10.0.0.7' })
  expect(pod.status?.containerStatuses).toMatchObject([{ name: 'c', ready: true, restartCount: 0, image: 'app:1' }])
  await areTold('web', ['Created', 'Started'])
})

test('restarts a container that crashes at once, then after its back-off, and says so', async () => {
  await createPod('crash', {})
  const { uid } = (await podThat('crash', isReady)).metadata
  agent.runtime.exitContainer(idOf(agent.runtime.running(uid, 'c')), 1)
  await podThat('crash', ({ status }) => status?.containerStatuses?.[0]?.restartCount === 1 && status.containerStatuses[0].ready)
  agent.runtime.exitContainer(idOf(agent.runtime.running(uid, 'c')), 1)
  const pod = await podThat('crash', ({ status }) => status?.containerStatuses?.[0]?.state?.waiting)
  expect(pod.status?.phase).toBe('Running')
  expect(pod.status?.containerStatuses?.[0]).toMatchObject({
    state: {
      waiting: { reason: 'CrashLoopBackOff', message: `back-off 10s restarting failed container=c pod=crash_default(${uid})` },
    },
    lastState: { terminated: { exitCode: 1, reason: 'Error' } },
    restartCount: 1,
    ready: false,
  })
  await areTold('crash', ['BackOff'])
})

test('runs init containers one after the other, then the others', async () => {
  const init = (name: string) => ({ name, image: 'init:1' })
  await createPod('ordered', { initContainers: [init('i1'), init('i2')] })
  for (const name of ['i1', 'i2']) {
    const { metadata, status } = await podThat('ordered', (pod) => agent.runtime.running(pod.metadata.uid, name))
    expect(status?.phase).toBe('Pending')
    expect(agent.runtime.running(metadata.uid, 'c')).toBeUndefined()
    agent.runtime.exitContainer(idOf(agent.runtime.running(metadata.uid, name)), 0)
  }
  const pod = await podThat('ordered', isReady)
  expect(pod.status?.initContainerStatuses).toMatchObject([{ state: { terminated: { reason: 'Completed' } } }, { ready: true }])
  expect(starts()).toEqual(['i1', 'i2', 'c'])
})

test('fails a pod whose init container fails and must not be restarted', async () => {
  await createPod('hopeless', { restartPolicy: 'Never', initContainers: [{ name: 'i', image: 'init:1' }] })
  const { metadata } = await podThat('hopeless', (pod) => agent.runtime.running(pod.metadata.uid, 'i'))
  agent.runtime.exitContainer(idOf(agent.runtime.running(metadata.uid, 'i')), 4)
  const pod = await podThat('hopeless', ({ status }) => status?.phase === 'Failed')
  expect(pod.status?.initContainerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 4, reason: 'Error' })
  expect(starts()).toEqual(['i'])
})

test('a pod that has done its work is Succeeded and gives back its network, and keeps its container for logs', async () => {
  await createPod('job', { restartPolicy: 'OnFailure' })
  const { metadata } = await podThat('job', isReady)
  agent.runtime.exitContainer(idOf(agent.runtime.running(metadata.uid, 'c')), 0)
  const pod = await podThat('job', ({ status }) => status?.phase === 'Succeeded')
  expect(pod.status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({ status: 'False', reason: 'PodCompleted' })
  await waitFor('the sandbox is removed', async () => (await agent.runtime.inspectPod(metadata.uid)).sandboxes.length === 0)
  expect((await agent.runtime.inspectPod(metadata.uid)).containers).toHaveLength(1)
  await waitFor('the address is free', () => !agent.network.plumbed.has(metadata.uid))
})

test('a deleted pod is stopped, says how it ended, and leaves nothing', async () => {
  await createPod('leaving', {})
  const { metadata } = await podThat('leaving', isReady)
  await api.client.delete(PODS, { namespace: 'default', name: 'leaving' })
  await waitFor('the pod is gone', async () => await pods.isGone('leaving'))
  const left = await agent.runtime.inspectPod(metadata.uid)
  expect([...left.containers, ...left.sandboxes]).toEqual([])
  expect(agent.network.plumbed.has(metadata.uid)).toBe(false)
  await areTold('leaving', ['Killing'])
})

test('the sandbox of a pod that leaves goes with the last process, before the engine tells of that', async () => {
  class LateEngine extends FakeRuntime {
    override async stopContainer(id: string, graceSeconds: number) {
      const stopped = await super.stopContainer(id, graceSeconds)
      await waitFor('the sandbox is removed', () => this.calls.includes('removeSandbox leaving'))
      return stopped
    }
  }
  await agent[Symbol.asyncDispose]()
  agent = await startTestAgent({ client: api.client, runtime: new LateEngine() })
  await createPod('leaving', {})
  await podThat('leaving', isReady)
  await pods.delete('leaving')
  await waitFor('the pod is gone', async () => await pods.isGone('leaving'))
  expect(agent.runtime.calls.filter((call) => call === 'removeSandbox leaving')).toHaveLength(1)
})

test('a pod that leaves is not stopped before its endpoints have been taken out', async () => {
  let takenOut = false
  const order: boolean[] = []
  await agent[Symbol.asyncDispose]()
  const onTerm = () => order.push(takenOut) - 1
  await api.client.create(SERVICES, SERVED as never)
  agent = await startTestAgent({ client: api.client, runtime: new FakeRuntime({ onTerm }) })
  await pods.create('served', {}, { labels: { app: 'served' } })
  const { metadata } = await podThat('served', isReady)
  const endpoint = {
    addresses: ['10.244.1.2'],
    targetRef: { kind: 'Pod', namespace: 'default', name: 'served', uid: metadata.uid },
  }
  const slice = { metadata: { namespace: 'default', name: 'served-1' }, addressType: 'IPv4', ports: [] }
  await api.client.create(ENDPOINT_SLICES, { ...slice, endpoints: [{ ...endpoint, conditions: { ready: true } }] } as never)
  await api.client.delete(PODS, { namespace: 'default', name: 'served' })
  await podThat('served', (pod) => pod.metadata.deletionTimestamp)
  takenOut = true
  const endpoints = [{ ...endpoint, conditions: { ready: false, terminating: true } }]
  await api.client.patch(ENDPOINT_SLICES, { namespace: 'default', name: 'served-1' }, { type: 'merge', body: { endpoints } })
  await waitFor('the pod is gone', async () => await pods.isGone('served'))
  expect(order).toEqual([true])
})

test('a pod that leaves waits for a proxy that is slow, but not for ever', async () => {
  let endedAtMs = 0
  await agent[Symbol.asyncDispose]()
  const onTerm = () => {
    endedAtMs = performance.now()
    return 0
  }
  await api.client.create(SERVICES, SERVED as never)
  agent = await startTestAgent({ client: api.client, runtime: new FakeRuntime({ onTerm }) })
  await pods.create('served', {}, { labels: { app: 'served' } })
  const { metadata } = await podThat('served', isReady)
  const endpoint = { addresses: ['10.244.1.2'], conditions: { ready: false, terminating: true } }
  const targetRef = { kind: 'Pod', namespace: 'default', name: 'served', uid: metadata.uid }
  const slice = { metadata: { namespace: 'default', name: 'served-1' }, addressType: 'IPv4', ports: [] }
  await api.client.create(ENDPOINT_SLICES, { ...slice, endpoints: [{ ...endpoint, targetRef }] } as never)
  let beats = 0
  // It gets on all the time, and never so far.
  const beat = () => api.liveness.beat('slow', beats++ / 1e6)
  beat()
  const beating = setInterval(beat, 100)
  const begin = performance.now()
  await pods.delete('served')
  await waitFor('the pod is gone', () => pods.isGone('served')).finally(() => clearInterval(beating))
  // As long as a silent node is waited for.
  expect(endedAtMs - begin).toBeGreaterThan(5_000)
})

test('a container without a probe result is not ready, a passed probe makes it so, and a failed one ends that', async () => {
  let answer = 1
  await agent[Symbol.asyncDispose]()
  agent = await startTestAgent({
    client: api.client,
    runtime: new FakeRuntime({ exec: () => ({ exitCode: answer, stdout: 'not yet' }) }),
  })
  const readinessProbe = { exec: { command: ['check'] }, periodSeconds: 1, failureThreshold: 1 }
  await createPod('probed', { containers: [{ ...C, readinessProbe }] })
  const pod = await podThat('probed', ({ status }) => status?.phase === 'Running')
  expect(isReady(pod)).toBe(false)
  await areTold('probed', ['Unhealthy'])
  answer = 0
  await podThat('probed', isReady)
  answer = 1
  await podThat('probed', (now) => !isReady(now))
})

test('a clock that is behind keeps no probe waiting', async () => {
  await agent[Symbol.asyncDispose]()
  const runtime = new FakeRuntime({ exec: () => ({ exitCode: 0 }) })
  agent = await startTestAgent({ client: api.client, runtime, now: () => new Date(Date.now() - 3_600_000) })
  const readinessProbe = { exec: { command: ['check'] } }
  await createPod('probed', { containers: [{ ...C, readinessProbe }] })
  await podThat('probed', isReady)
})

test('a container that fails its liveness probe is killed and started again', async () => {
  await agent[Symbol.asyncDispose]()
  agent = await startTestAgent({
    client: api.client,
    runtime: new FakeRuntime({ exec: ({ attempt }) => ({ exitCode: attempt > 0 ? 0 : 1 }) }),
  })
  const livenessProbe = { exec: { command: ['check'] }, periodSeconds: 1, failureThreshold: 1 }
  await createPod('sick', { containers: [{ ...C, livenessProbe }] })
  const pod = await podThat('sick', (now) => isReady(now) && now.status?.containerStatuses?.[0]?.restartCount === 1)
  expect(pod.status?.containerStatuses?.[0]?.lastState?.terminated).toBeDefined()
  await areTold('sick', ['Unhealthy', 'Killing'])
})

test("an image that is missing is shown with the registry's words, and runs as soon as it comes to this host", async () => {
  agent.images.fail('app:1', new ImageError('ErrImagePull', 'manifest for app:1 not found'))
  await createPod('imageless', {})
  const pod = await podThat(
    'imageless',
    ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'ImagePullBackOff',
  )
  expect(pod.status?.phase).toBe('Pending')
  expect(pod.status?.containerStatuses?.[0]?.state?.waiting?.message).toBe(
    'Back-off pulling image "app:1": ErrImagePull: manifest for app:1 not found',
  )
  agent.images.heal('app:1')
  await agent.images.ensure({
    image: 'other:1',
    pullPolicy: 'Never',
    credentials: [],
    onProgress: () => undefined,
    signal: AbortSignal.timeout(1000),
  })
  await podThat('imageless', isReady)
})

test('a container waits for the ConfigMap that its variables name, and starts when it comes', async () => {
  await createPod('unset', { containers: [{ ...C, envFrom: [{ configMapRef: { name: 'settings' } }] }] })
  const waiting = await podThat('unset', ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.message)
  expect(waiting.status?.containerStatuses?.[0]?.state?.waiting).toEqual({
    reason: 'CreateContainerConfigError',
    message: 'configmap "settings" not found',
  })
  await api.client.create(CONFIG_MAPS, {
    metadata: { namespace: 'default', name: 'settings' },
    data: { COLOUR: 'blue' },
  } as never)
  const { metadata } = await podThat('unset', isReady)
  const spec = agent.runtime.spec(idOf(agent.runtime.running(metadata.uid, 'c')))
  expect(spec?.env).toContainEqual({ name: 'COLOUR', value: 'blue' })
})

test('an immutable ConfigMap is not watched: a container that starts again has what the pod had', async () => {
  const metadata = { namespace: 'default', name: 'settings' }
  const settingsOf = (COLOUR: string) => ({ metadata, immutable: true, data: { COLOUR } })
  await api.client.create(CONFIG_MAPS, settingsOf('blue') as never)
  await createPod('sealed', { containers: [{ ...C, envFrom: [{ configMapRef: { name: 'settings' } }] }] })
  const { uid } = (await podThat('sealed', isReady)).metadata
  await api.client.delete(CONFIG_MAPS, metadata)
  await api.client.create(CONFIG_MAPS, settingsOf('red') as never)
  agent.runtime.exitContainer(idOf(agent.runtime.running(uid, 'c')), 1)
  await podThat('sealed', ({ status }) => status?.containerStatuses?.[0]?.restartCount === 1 && status.containerStatuses[0].ready)
  const spec = agent.runtime.spec(idOf(agent.runtime.running(uid, 'c')))
  expect(spec?.env).toContainEqual({ name: 'COLOUR', value: 'blue' })
})

test('an agent that has ended leaves no listener at its images', async () => {
  expect(agent.images.listeners).toBeGreaterThan(0)
  await agent.stop()
  expect(agent.images.listeners).toBe(0)
})

test('a new agent adopts what runs: nothing is restarted and a ready pod stays ready', async () => {
  await createPod('kept', {})
  const before = await podThat('kept', isReady)
  const { runtime, images } = agent
  await agent.stop()
  const next = await startTestAgent({ client: api.client, runtime, images })
  try {
    await waitFor(
      'the new agent looks after the pod',
      () => next.running.pods.worker(before.metadata.uid)?.observed !== undefined,
    )
    const after = await getPod('kept')
    expect(after.status?.containerStatuses).toEqual(before.status?.containerStatuses)
    expect(starts()).toEqual(['c'])
  } finally {
    await next[Symbol.asyncDispose]()
  }
})

test('containers are made while the sandbox starts, and what an agent had only made when it died is made anew', async () => {
  const { runtime, images } = agent
  await createPod('web', {})
  const { uid } = (await podThat('web', isReady)).metadata
  expect(runtime.calls.filter((call) => / c$/.test(call))).toEqual(['createContainer c', 'startContainer c'])
  const running = idOf(runtime.running(uid, 'c'))
  const spec = runtime.spec(running)
  await agent.stop()
  await runtime.removeContainer(running)
  if (spec !== undefined) await runtime.createContainer(spec)
  const next = await startTestAgent({ client: api.client, runtime, images })
  try {
    await waitFor('it runs', () => runtime.running(uid, 'c') !== undefined)
    expect((await runtime.inspectPod(uid)).containers).toHaveLength(1)
  } finally {
    await next[Symbol.asyncDispose]()
  }
})

test('after a restart of the machine a pod has the address that it had', async () => {
  await createPod('first', {})
  await podThat('first', isReady)
  await createPod('second', {})
  const before = await podThat('second', isReady)
  await api.client.delete(PODS, { namespace: 'default', name: 'first' }, { gracePeriodSeconds: 0 })
  await waitFor('the first is gone', async () => (await agent.runtime.listPods()).length === 1)
  const { runtime, images } = agent
  await agent.stop()
  for (const { id } of (await runtime.inspectPod(before.metadata.uid)).sandboxes) runtime.exitSandbox(id)
  const next = await startTestAgent({ client: api.client, runtime, images })
  try {
    const again = (now: Pod) => isReady(now) && now.status?.containerStatuses?.[0]?.restartCount === 1
    const after = await podThat('second', again)
    expect(after.status?.podIP).toBe(before.status?.podIP)
  } finally {
    await next[Symbol.asyncDispose]()
  }
})

test('what runs of a pod that was deleted while the agent was away is stopped and removed', async () => {
  await createPod('forgotten', {})
  const { metadata } = await podThat('forgotten', isReady)
  const { runtime, images } = agent
  await agent.stop()
  await api.client.delete(PODS, { namespace: 'default', name: 'forgotten' }, { gracePeriodSeconds: 0 })
  const next = await startTestAgent({ client: api.client, runtime, images })
  try {
    await waitFor('nothing is left', async () => {
      const left = await runtime.inspectPod(metadata.uid)
      return left.containers.length + left.sandboxes.length === 0
    })
  } finally {
    await next[Symbol.asyncDispose]()
  }
})

test('a pod whose sandbox dies gets a new one and new containers', async () => {
  await createPod('reborn', {})
  const { metadata } = await podThat('reborn', isReady)
  const [sandbox] = (await agent.runtime.inspectPod(metadata.uid)).sandboxes
  agent.runtime.exitSandbox(idOf(sandbox))
  const pod = await podThat('reborn', (now) => isReady(now) && now.status?.containerStatuses?.[0]?.restartCount === 1)
  expect(pod.status?.podIP).toBe('10.244.1.2')
  const { sandboxes } = await agent.runtime.inspectPod(metadata.uid)
  expect(sandboxes).toMatchObject([{ attempt: 1, phase: 'running' }])
})

test('a pod past its deadline is stopped and says why', async () => {
  await createPod('late', { activeDeadlineSeconds: 1 })
  const pod = await podThat('late', ({ status }) => status?.phase === 'Failed')
  expect(pod.status).toMatchObject({
    reason: 'DeadlineExceeded',
    message: 'Pod was active on the node longer than the specified deadline',
  })
  expect(agent.runtime.running(pod.metadata.uid, 'c')).toBeUndefined()
})

test('a changed image is started in place', async () => {
  await createPod('changed', {})
  await podThat('changed', isReady)
  const body = { spec: { containers: [{ name: 'c', image: 'app:2' }] } }
  await api.client.patch(PODS, { namespace: 'default', name: 'changed' }, { type: 'strategic', body })
  const pod = await podThat('changed', (now) => isReady(now) && now.status?.containerStatuses?.[0]?.restartCount === 1)
  expect(pod.status?.containerStatuses?.[0]?.image).toBe('app:2')
})

test('the node says what it can do, and is ready', async () => {
  const node = await waitFor('the node is ready', async () => {
    const found = await api.client.get<Node>(NODES, { name: 'node-1' })
    return found.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') && found
  })
  expect(node.metadata.labels).toMatchObject({ 'kubernetes.io/hostname': 'node-1', 'kubernetes.io/os': 'linux' })
  expect(node.status?.capacity).toMatchObject({ cpu: '4', memory: '8Gi', pods: '110' })
  const labels = { 'kubernetes.io/os': 'dummy', 'kubernetes.io/arch': null, 'example.com/mine': 'kept' }
  await api.client.patch(NODES, { name: 'node-1' }, { type: 'merge', body: { metadata: { labels } } })
  const mended = await waitFor('the node says again what it runs on', async () => {
    const found = await api.client.get<Node>(NODES, { name: 'node-1' })
    return found.metadata.labels?.['kubernetes.io/os'] === 'linux' && found
  })
  expect(mended.metadata.labels).toEqual({ ...node.metadata.labels, 'example.com/mine': 'kept' })
  agent.runtime.setAvailable(false)
  const down = await waitFor('the node says that its engine is down', async () => {
    const found = await api.client.get<Node>(NODES, { name: 'node-1' })
    return found.status?.conditions?.find(({ type, status }) => type === 'Ready' && status === 'False')
  })
  expect(down.message).toBe('container runtime is down: the engine does not answer')
})

function idOf(container: { readonly id: string } | undefined): string {
  if (container === undefined) throw new Error('it does not run')
  return container.id
}

/** Names of the containers that were started, in order; one pod per test. */
function starts(): string[] {
  return agent.runtime.calls
    .filter((call) => call.startsWith('startContainer '))
    .map((call) => call.slice('startContainer '.length))
}

test('routes to other nodes are set when one has another address, not for all that nodes tell of themselves', async () => {
  const patch = (status: object) =>
    api.client.patch(NODES, { name: 'node-2', subresource: 'status' }, { type: 'merge', body: { status } })
  const addresses = (address: string) => ({ addresses: [{ type: 'InternalIP', address }] })
  const isReached = (nodeIp: string) =>
    waitFor(`node-2 is reached at ${nodeIp}`, () => agent.network.peers.some((peer) => peer.nodeIp === nodeIp))
  await waitFor(
    'this node has its address',
    async () => (await api.client.get<Node>(NODES, { name: 'node-1' })).status?.addresses,
  )
  const node = { metadata: { name: 'node-2' }, spec: { podCIDR: '10.244.2.0/24', podCIDRs: ['10.244.2.0/24'] } }
  await api.client.create(NODES, { ...node, status: addresses('10.0.0.8') } as never)
  await isReached('10.0.0.8')
  const before = agent.network.timesPeersWereSet
  for (const message of ['one', 'two', 'three', 'four', 'five'])
    await patch({ conditions: [{ type: 'Ready', status: 'True', reason: 'Test', message }] })
  await patch(addresses('10.0.0.9'))
  await isReached('10.0.0.9')
  expect(agent.network.timesPeersWereSet).toBe(before + 1)
})

test('extended resources that a client gives the node may be had by pods, as long as they are there', async () => {
  await hasAllocatable('cpu', '4')
  await giveNode('5')
  await hasAllocatable('example.com/foo', '5')

  await giveNode(null)
  await hasAllocatable('example.com/foo', undefined)
})

test('devices that the node’s settings declare are there for pods, and gone with the settings', async () => {
  const { runtime, images, dataDir } = agent
  const again = async (settings: Record<string, unknown>) => {
    await agent.stop()
    agent = await startTestAgent({ client: api.client, runtime, images, dataDir, settings })
  }
  await again({ devices: { 'example.com/thing': { count: 4, paths: ['/dev/full'] } } })
  await hasAllocatable('example.com/thing', '4')
  await createPod('asking', { containers: [{ ...C, resources: { limits: { 'example.com/thing': '1' } } }] })
  const { uid } = (await podThat('asking', isReady)).metadata
  const spec = runtime.spec(idOf(runtime.running(uid, 'c')))
  expect(spec?.devices).toEqual([{ path: '/dev/full', target: '/dev/full', permissions: 'rwm' }])

  await again({})
  await hasAllocatable('example.com/thing', undefined)
})

test('a node without room on its disk says so, takes no pods, and gives up what ended ones left here', async () => {
  await createPod('done', { restartPolicy: 'Never' })
  const { uid } = (await podThat('done', isReady)).metadata
  agent.runtime.exitContainer(idOf(agent.runtime.running(uid, 'c')), 3)
  const before = await podThat('done', ({ status }) => status?.phase === 'Failed')
  await agent.stop()
  const { runtime, images, dataDir } = agent
  const settings = { evictionHard: { 'nodefs.available': '99.99%' } }
  agent = await startTestAgent({ client: api.client, runtime, images, dataDir, settings })

  await waitFor('the containers are gone', async () => (await runtime.inspectPod(uid)).containers.length === 0)
  await waitFor('the node says so', async () => {
    const { status } = await api.client.get<Node>(NODES, { name: 'node-1' })
    return status?.conditions?.some((one) => one.type === 'DiskPressure' && one.status === 'True')
  })
  await createPod('late', {})
  const late = await podThat('late', ({ status }) => status?.phase === 'Failed')
  expect(late.status).toMatchObject({ reason: 'Evicted', message: 'Pod was rejected: The node had condition: [DiskPressure]. ' })
  const { phase, containerStatuses } = (await getPod('done')).status ?? {}
  expect({ phase, containerStatuses }).toEqual({ phase: 'Failed', containerStatuses: before.status?.containerStatuses })
})

async function giveNode(foo: string | null): Promise<void> {
  const body = { status: { capacity: { 'example.com/foo': foo } } }
  await api.client.patch(NODES, { name: 'node-1', subresource: 'status' }, { type: 'strategic', body })
}

async function hasAllocatable(name: string, amount: string | undefined): Promise<void> {
  await waitFor(`pods may have ${amount} of ${name}`, async () => {
    const { status } = await api.client.get<Node>(NODES, { name: 'node-1' })
    return status?.conditions !== undefined && status.allocatable?.[name] === amount
  })
}
