/** What can happen to a pod beside starting and ending, against the real API server, on an engine in memory. */

import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FakeRuntime } from '@skiff/agent/testing'
import { NODES, PODS, type Pod, podIsReady } from '@skiff/api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { C, TestNode } from '../support/test-node.ts'
import { waitFor } from '../support/wait-for.ts'

let node: TestNode

beforeEach(async () => {
  node = await TestNode.start()
})

afterEach(() => node[Symbol.asyncDispose]())

test('a pod that the node has no room for, or that asks for what Docker can’t do, is refused with the reason', async () => {
  await node.pods.create('big', { containers: [{ ...C, resources: { requests: { cpu: '3' } } }] })
  await node.pods.create('beside', { containers: [{ ...C, resources: { requests: { cpu: '2' } } }] })
  const reasons = {
    elsewhere: { nodeSelector: { nope: '1' } },
    windows: { os: { name: 'windows' } },
    sysctl: { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } },
    users: { hostUsers: false },
  }
  for (const [name, spec] of Object.entries(reasons)) await node.pods.create(name, spec)
  const statusOf = async (name: string) => (await node.pods.that(name, ({ status }) => status?.phase === 'Failed')).status
  const words = "Pod was rejected: Node didn't have enough resource: cpu, requested: 2000, used: 3000, capacity: 4000"
  expect(await statusOf('beside')).toMatchObject({ reason: 'OutOfcpu', message: words })
  expect((await statusOf('beside'))?.containerStatuses).toBeUndefined()
  expect(await statusOf('elsewhere')).toMatchObject({ reason: 'NodeAffinity' })
  expect(await statusOf('windows')).toMatchObject({ reason: 'PodOSNotSupported' })
  const forbidden = 'Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted'
  expect(await statusOf('sysctl')).toMatchObject({ reason: 'SysctlForbidden', message: forbidden })
  expect((await statusOf('users'))?.message).toMatch(/hostUsers: false can't be done here: .* leave it out/)
  await node.pods.areTold('sysctl', ['SysctlForbidden'])
  await node.pods.that('big', podIsReady)
  expect(node.runtime.calls.filter((call) => call.startsWith('startSandbox'))).toEqual(['startSandbox big'])
  await node.pods.delete('sysctl')
  await waitFor('the refused pod can be deleted', () => node.pods.isGone('sysctl'))
})

test('a label that is newer than what the agent has seen of its node counts', async () => {
  await node.client.patch(NODES, { name: 'node-1' }, { type: 'merge', body: { metadata: { labels: { disk: 'ssd' } } } })
  await node.pods.create('labelled', { nodeSelector: { disk: 'ssd' } })
  await node.pods.that('labelled', podIsReady)
})

test('an ephemeral container joins its target, is shown, is never restarted, and goes with the pod', async () => {
  await node.pods.create('looked-into', {})
  const { metadata } = await node.pods.that('looked-into', podIsReady)
  const debug = { name: 'debug', image: 'tools:1', targetContainerName: 'c' }
  const ref = { namespace: 'default', name: 'looked-into', subresource: 'ephemeralcontainers' }
  const addDebug = { spec: { ephemeralContainers: [debug] } }
  await node.client.patch(PODS, ref, { type: 'strategic', body: addDebug })
  const shown = (pod: Pod) => pod.status?.ephemeralContainerStatuses?.[0]
  const running = await node.pods.that('looked-into', (pod) => shown(pod)?.state?.running)
  expect(podIsReady(running)).toBe(true)
  const id = node.idOf(metadata.uid, 'debug')
  expect(node.runtime.spec(id)?.targetId).toBe(node.idOf(metadata.uid, 'c'))
  node.runtime.exitContainer(id, 3)
  const ended = await node.pods.that('looked-into', (pod) => shown(pod)?.state?.terminated)
  expect(shown(ended)).toMatchObject({ restartCount: 0, state: { terminated: { exitCode: 3, reason: 'Error' } } })
  expect(ended.status?.phase).toBe('Running')
  await waitFor('it is told of the debugging container', async () =>
    (await node.pods.events('looked-into')).some(
      ({ involvedObject }) => involvedObject.fieldPath === 'spec.ephemeralContainers{debug}',
    ),
  )
  await node.pods.delete('looked-into')
  await waitFor('it is gone', () => node.pods.isGone('looked-into'))
})

test('cpu and memory change in a container that runs, and what the node has no room for says so', async () => {
  const resources = { requests: { cpu: '1', memory: '64Mi' }, limits: { cpu: '3', memory: '64Mi' } }
  await node.pods.create('resized', { containers: [{ ...C, resources }] })
  const before = await node.pods.that('resized', podIsReady)
  const id = node.idOf(before.metadata.uid, 'c')
  const resize = (cpu: string) => {
    const containers = [{ name: 'c', resources: { requests: { cpu } } }]
    const ref = { namespace: 'default', name: 'resized', subresource: 'resize' }
    return node.client.patch(PODS, ref, { type: 'strategic', body: { spec: { containers } } })
  }
  const first = (pod: Pod) => pod.status?.containerStatuses?.[0]
  const condition = (pod: Pod, type: string) => pod.status?.conditions?.find((one) => one.type === type)

  await resize('1500m')
  const after = await node.pods.that('resized', (pod) => first(pod)?.allocatedResources?.cpu === '1500m')
  expect(first(after)).toMatchObject({ restartCount: 0, resources: { requests: { cpu: '1500m' } } })
  expect(node.runtime.running(before.metadata.uid, 'c')).toMatchObject({ id, limits: { cpuShares: 1536 } })

  const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }]
  await node.pods.create('picky', { containers: [{ ...C, resizePolicy, resources: { requests: { memory: '1Mi' } } }] })
  await node.pods.that('picky', podIsReady)
  await node.client.patch(
    PODS,
    { namespace: 'default', name: 'picky', subresource: 'resize' },
    { type: 'strategic', body: { spec: { containers: [{ name: 'c', resources: { requests: { memory: '2Mi' } } }] } } },
  )
  const restarted = await node.pods.that('picky', (pod) => podIsReady(pod) && first(pod)?.restartCount === 1)
  expect(first(restarted)?.resources).toEqual({ requests: { memory: '2Mi' } })
  await node.pods.delete('picky')

  await node.pods.create('neighbour', { containers: [{ ...C, resources: { requests: { cpu: '2' } } }] })
  await node.pods.that('neighbour', podIsReady)
  await resize('2')
  await node.pods.that('resized', (pod) => first(pod)?.allocatedResources?.cpu === '2')
  await node.client.patch(
    PODS,
    { namespace: 'default', name: 'neighbour', subresource: 'resize' },
    { type: 'strategic', body: { spec: { containers: [{ name: 'c', resources: { requests: { cpu: '9' } } }] } } },
  )
  const refused = await node.pods.that('neighbour', (pod) => condition(pod, 'PodResizePending'))
  expect(condition(refused, 'PodResizePending')).toMatchObject({
    reason: 'Infeasible',
    message: "Node didn't have enough capacity: cpu, requested: 9000, used: 0, capacity: 4000",
  })
  expect(first(refused)?.allocatedResources).toMatchObject({ cpu: '2' })
  await node.pods.areTold('resized', ['ResizeStarted', 'ResizeCompleted'])
})

test('sidecars end after the others, the last first, within the one grace period', async () => {
  const ends: string[] = []
  const onTerm = ({ name }: { readonly name: string }) => ends.push(name) && 0
  await node.startAgent({ runtime: new FakeRuntime({ onTerm }) })
  const sidecar = (name: string) => ({ name, image: 'side:1', restartPolicy: 'Always' })
  await node.pods.create('accompanied', { initContainers: [sidecar('a'), sidecar('b')] })
  await node.pods.that('accompanied', podIsReady)
  await node.pods.delete('accompanied', { gracePeriodSeconds: 5 })
  await waitFor('it is gone', () => node.pods.isGone('accompanied'))
  expect(ends).toEqual(['c', 'b', 'a'])
})

test('a container’s end by a rule of its own starts all of its pod’s again, in their order, in the same sandbox', async () => {
  const restartPolicyRules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } }]
  const source = { ...C, name: 'source', restartPolicy: 'Never', restartPolicyRules }
  const initContainers = [{ name: 'i', image: 'init:1' }]
  await node.pods.create('together', { restartPolicy: 'Never', initContainers, containers: [source, { ...C, name: 'other' }] })
  const { runtime } = node.agent
  const runInit = async (restartCount: number) => {
    const isRunning = ({ status }: Pod) => {
      const [init] = status?.initContainerStatuses ?? []
      return init?.state?.running && init.restartCount === restartCount
    }
    const pod = await node.pods.that('together', isRunning)
    runtime.exitContainer(node.idOf(pod.metadata.uid, 'i'), 0)
    return pod
  }
  await runInit(0)
  const before = await node.pods.that('together', podIsReady)
  const { uid } = before.metadata

  runtime.exitContainer(node.idOf(uid, 'source'), 42)
  const between = await runInit(1)
  expect(between.status?.conditions).toContainEqual(expect.objectContaining({ type: 'AllContainersRestarting', status: 'True' }))
  const after = await node.pods.that('together', podIsReady)

  const ends = after.status?.containerStatuses?.map(({ name, restartCount, lastState }) => [name, restartCount, lastState])
  const endedWith = (exitCode: number) => ({ terminated: expect.objectContaining({ exitCode }) })
  expect(ends).toEqual([
    ['source', 1, endedWith(42)],
    ['other', 1, endedWith(0)],
  ])
  expect(after.status?.conditions).not.toContainEqual(expect.objectContaining({ type: 'AllContainersRestarting' }))
  expect(after.status?.podIP).toBe(before.status?.podIP)
  expect(runtime.calls.filter((call) => call.startsWith('startSandbox'))).toHaveLength(1)
})

test('a pod out of a file runs, has a mirror that comes back when it is deleted, and goes with its file', async () => {
  const directory = join(node.agent.dataDir, 'manifests')
  await mkdir(directory, { recursive: true })
  const file = join(directory, 'web.yaml')
  const write = (image: string) =>
    writeFile(
      file,
      `apiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec: { containers: [{ name: c, image: "${image}" }] }\n`,
    )
  await write('app:1')
  const mirror = await node.pods.that('web-node-1', podIsReady)
  const hash = mirror.metadata.annotations?.['kubernetes.io/config.mirror'] ?? ''
  expect(mirror.metadata.annotations).toMatchObject({ 'kubernetes.io/config.source': 'file', 'kubernetes.io/config.hash': hash })
  const id = node.idOf(hash, 'c')

  await node.pods.delete('web-node-1')
  const again = await node.pods.that('web-node-1', (pod) => pod.metadata.uid !== mirror.metadata.uid && podIsReady(pod))
  expect(node.idOf(hash, 'c')).toBe(id)
  expect(node.agent.running.podList().map(({ metadata }) => metadata.uid)).toEqual([hash])

  await write('app:2')
  await node.pods.that('web-node-1', (pod) => pod.metadata.uid !== again.metadata.uid && podIsReady(pod))
  expect((await node.runtime.inspectPod(hash)).containers).toEqual([])

  await writeFile(join(directory, 'broken.yaml'), 'kind: [')
  await rm(file)
  await waitFor('the mirror is gone', () => node.pods.isGone('web-node-1'))
})

test('a pod out of a file ends in its grace period, shown to its end, before what the file says by now runs', async () => {
  const runtime = new FakeRuntime({ onTerm: () => 'ignore' })
  await node.startAgent({ runtime })
  const directory = join(node.agent.dataDir, 'manifests')
  await mkdir(directory, { recursive: true })
  const file = join(directory, 'slow.yaml')
  const write = (image: string) => {
    const spec = `{ terminationGracePeriodSeconds: 3600, containers: [{ name: c, image: "${image}" }] }`
    return writeFile(file, `apiVersion: v1\nkind: Pod\nmetadata: { name: slow }\nspec: ${spec}\n`)
  }
  const stops = (count: number) =>
    waitFor('it is told to end', () => runtime.calls.filter((call) => call === 'stopContainer c').length === count)
  const end = (pod: Pod) => {
    const uid = pod.metadata.annotations?.['kubernetes.io/config.hash'] ?? ''
    runtime.exitContainer(node.idOf(uid, 'c'), 0)
  }
  const next = (before: Pod) =>
    node.pods.that('slow-node-1', (pod) => pod.metadata.uid !== before.metadata.uid && podIsReady(pod))
  await write('app:1')
  const first = await node.pods.that('slow-node-1', podIsReady)

  await write('app:2')
  await stops(1)
  await write('app:3')
  const ending = await node.pods.get('slow-node-1')
  expect([ending.metadata.uid, ending.status?.phase]).toEqual([first.metadata.uid, 'Running'])
  await waitFor('the file has been read again', () =>
    node.agent.running.podList().some(({ spec }) => spec.containers[0]?.image === 'app:3'),
  )
  end(first)
  const second = await next(first)
  expect(second.spec.containers[0]?.image).toBe('app:3')
  expect(runtime.calls.filter((call) => call.startsWith('startSandbox'))).toHaveLength(2)

  await rm(file)
  await write('app:3')
  await stops(2)
  end(second)
  const again = await next(second)
  expect(again.metadata.annotations).toEqual(second.metadata.annotations)
  expect(again.status?.containerStatuses?.[0]?.restartCount).toBe(1)
})

test('pods stop before their host goes down, the critical ones last, and start again with it', async () => {
  const ends: string[] = []
  const onTerm = ({ pod }: { readonly pod: { readonly name: string } }) => ends.push(pod.name) && 143
  await node.startAgent({ runtime: new FakeRuntime({ onTerm }), hostGoesDown: async () => true })
  const { runtime, images, dataDir } = node.agent
  await node.pods.create('system', { priority: 2_000_000_000 })
  await node.pods.create('app', {})
  await node.pods.that('system', podIsReady)
  const { metadata } = await node.pods.that('app', podIsReady)
  await node.agent.stop()
  expect(ends).toEqual(['app', 'system'])
  expect(runtime.running(metadata.uid, 'c')).toBeUndefined()
  await node.startAgent({ runtime, images, dataDir })
  await node.pods.that('app', (pod) => podIsReady(pod) && pod.status?.containerStatuses?.[0]?.restartCount === 1)
})
