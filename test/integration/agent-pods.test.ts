/** The agent against the real API server, on an engine in memory: pods run, fail and are started again. */

import { ImageError } from '@skiff/agent/testing'
import { CONFIG_MAPS, PODS, podIsReady } from '@skiff/api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { C, TestNode } from '../support/test-node.ts'
import { waitFor } from '../support/wait-for.ts'

let node: TestNode

beforeEach(async () => {
  node = await TestNode.start()
})

afterEach(() => node[Symbol.asyncDispose]())

test('runs a pod and says that it is ready', async () => {
  await node.pods.create('web', {})
  const pod = await node.pods.that('web', podIsReady)
  expect(pod.status).toMatchObject({ phase: 'Running', podIP: '10.244.1.2', hostIP: '10.0.0.7' })
  expect(pod.status?.containerStatuses).toMatchObject([{ name: 'c', ready: true, restartCount: 0, image: 'app:1' }])
  await node.pods.areTold('web', ['Created', 'Started'])
})

test('restarts a container that crashes at once, then after its back-off, and says so', async () => {
  await node.pods.create('crash', {})
  const { uid } = (await node.pods.that('crash', podIsReady)).metadata
  node.runtime.exitContainer(node.idOf(uid, 'c'), 1)
  await node.pods.that(
    'crash',
    ({ status }) => status?.containerStatuses?.[0]?.restartCount === 1 && status.containerStatuses[0].ready,
  )
  node.runtime.exitContainer(node.idOf(uid, 'c'), 1)
  const pod = await node.pods.that('crash', ({ status }) => status?.containerStatuses?.[0]?.state?.waiting)
  expect(pod.status?.phase).toBe('Running')
  expect(pod.status?.containerStatuses?.[0]).toMatchObject({
    state: {
      waiting: { reason: 'CrashLoopBackOff', message: `back-off 10s restarting failed container=c pod=crash_default(${uid})` },
    },
    lastState: { terminated: { exitCode: 1, reason: 'Error' } },
    restartCount: 1,
    ready: false,
  })
  await node.pods.areTold('crash', ['BackOff'])
})

test('runs init containers one after the other, then the others', async () => {
  const init = (name: string) => ({ name, image: 'init:1' })
  await node.pods.create('ordered', { initContainers: [init('i1'), init('i2')] })
  for (const name of ['i1', 'i2']) {
    const { metadata, status } = await node.pods.that('ordered', (pod) => node.runtime.running(pod.metadata.uid, name))
    expect(status?.phase).toBe('Pending')
    expect(node.runtime.running(metadata.uid, 'c')).toBeUndefined()
    node.runtime.exitContainer(node.idOf(metadata.uid, name), 0)
  }
  const pod = await node.pods.that('ordered', podIsReady)
  expect(pod.status?.initContainerStatuses).toMatchObject([{ state: { terminated: { reason: 'Completed' } } }, { ready: true }])
  expect(node.starts()).toEqual(['i1', 'i2', 'c'])
})

test('fails a pod whose init container fails and must not be restarted', async () => {
  await node.pods.create('hopeless', { restartPolicy: 'Never', initContainers: [{ name: 'i', image: 'init:1' }] })
  const { metadata } = await node.pods.that('hopeless', (pod) => node.runtime.running(pod.metadata.uid, 'i'))
  node.runtime.exitContainer(node.idOf(metadata.uid, 'i'), 4)
  const pod = await node.pods.that('hopeless', ({ status }) => status?.phase === 'Failed')
  expect(pod.status?.initContainerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 4, reason: 'Error' })
  expect(node.starts()).toEqual(['i'])
})

test('a pod that has done its work is Succeeded and gives back its network, and keeps its container for logs', async () => {
  await node.pods.create('job', { restartPolicy: 'OnFailure' })
  const { metadata } = await node.pods.that('job', podIsReady)
  node.runtime.exitContainer(node.idOf(metadata.uid, 'c'), 0)
  const pod = await node.pods.that('job', ({ status }) => status?.phase === 'Succeeded')
  expect(pod.status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({ status: 'False', reason: 'PodCompleted' })
  await waitFor('the sandbox is removed', async () => (await node.runtime.inspectPod(metadata.uid)).sandboxes.length === 0)
  expect((await node.runtime.inspectPod(metadata.uid)).containers).toHaveLength(1)
  await waitFor('the address is free', () => !node.agent.network.plumbed.has(metadata.uid))
})

test("an image that is missing is shown with the registry's words, and runs as soon as it comes to this host", async () => {
  node.agent.images.fail('app:1', new ImageError('ErrImagePull', 'manifest for app:1 not found'))
  await node.pods.create('imageless', {})
  const pod = await node.pods.that(
    'imageless',
    ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'ImagePullBackOff',
  )
  expect(pod.status?.phase).toBe('Pending')
  expect(pod.status?.containerStatuses?.[0]?.state?.waiting?.message).toBe(
    'Back-off pulling image "app:1": ErrImagePull: manifest for app:1 not found',
  )
  node.agent.images.heal('app:1')
  await node.agent.images.ensure({
    image: 'other:1',
    pullPolicy: 'Never',
    credentials: [],
    onProgress: () => undefined,
    signal: AbortSignal.timeout(1000),
  })
  await node.pods.that('imageless', podIsReady)
})

test('a container waits for the ConfigMap that its variables name, and starts when it comes', async () => {
  await node.pods.create('unset', { containers: [{ ...C, envFrom: [{ configMapRef: { name: 'settings' } }] }] })
  const waiting = await node.pods.that('unset', ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.message)
  expect(waiting.status?.containerStatuses?.[0]?.state?.waiting).toEqual({
    reason: 'CreateContainerConfigError',
    message: 'configmap "settings" not found',
  })
  await node.client.create(CONFIG_MAPS, {
    metadata: { namespace: 'default', name: 'settings' },
    data: { COLOUR: 'blue' },
  } as never)
  const { metadata } = await node.pods.that('unset', podIsReady)
  const spec = node.runtime.spec(node.idOf(metadata.uid, 'c'))
  expect(spec?.env).toContainEqual({ name: 'COLOUR', value: 'blue' })
})

test('an immutable ConfigMap is not watched: a container that starts again has what the pod had', async () => {
  const metadata = { namespace: 'default', name: 'settings' }
  const settingsOf = (COLOUR: string) => ({ metadata, immutable: true, data: { COLOUR } })
  await node.client.create(CONFIG_MAPS, settingsOf('blue') as never)
  await node.pods.create('sealed', { containers: [{ ...C, envFrom: [{ configMapRef: { name: 'settings' } }] }] })
  const { uid } = (await node.pods.that('sealed', podIsReady)).metadata
  await node.client.delete(CONFIG_MAPS, metadata)
  await node.client.create(CONFIG_MAPS, settingsOf('red') as never)
  node.runtime.exitContainer(node.idOf(uid, 'c'), 1)
  await node.pods.that(
    'sealed',
    ({ status }) => status?.containerStatuses?.[0]?.restartCount === 1 && status.containerStatuses[0].ready,
  )
  const spec = node.runtime.spec(node.idOf(uid, 'c'))
  expect(spec?.env).toContainEqual({ name: 'COLOUR', value: 'blue' })
})

test('a pod whose sandbox dies gets a new one and new containers', async () => {
  await node.pods.create('reborn', {})
  const { metadata } = await node.pods.that('reborn', podIsReady)
  const [sandbox] = (await node.runtime.inspectPod(metadata.uid)).sandboxes
  node.runtime.exitSandbox(sandbox?.id ?? '')
  const pod = await node.pods.that('reborn', (now) => podIsReady(now) && now.status?.containerStatuses?.[0]?.restartCount === 1)
  expect(pod.status?.podIP).toBe('10.244.1.2')
  const { sandboxes } = await node.runtime.inspectPod(metadata.uid)
  expect(sandboxes).toMatchObject([{ attempt: 1, phase: 'running' }])
})

test('a pod past its deadline is stopped and says why', async () => {
  await node.pods.create('late', { activeDeadlineSeconds: 1 })
  const pod = await node.pods.that('late', ({ status }) => status?.phase === 'Failed')
  expect(pod.status).toMatchObject({
    reason: 'DeadlineExceeded',
    message: 'Pod was active on the node longer than the specified deadline',
  })
  expect(node.runtime.running(pod.metadata.uid, 'c')).toBeUndefined()
})

test('a changed image is started in place', async () => {
  await node.pods.create('changed', {})
  await node.pods.that('changed', podIsReady)
  const body = { spec: { containers: [{ name: 'c', image: 'app:2' }] } }
  await node.client.patch(PODS, { namespace: 'default', name: 'changed' }, { type: 'strategic', body })
  const pod = await node.pods.that('changed', (now) => podIsReady(now) && now.status?.containerStatuses?.[0]?.restartCount === 1)
  expect(pod.status?.containerStatuses?.[0]?.image).toBe('app:2')
})
