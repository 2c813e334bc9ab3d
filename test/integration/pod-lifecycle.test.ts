/** What can happen to a pod beside starting and ending, against the real API server, on an engine in memory. */

import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FakeRuntime, startTestAgent, type TestAgent } from '@skiff/agent/testing'
import { NODES, PODS, type Pod, podIsReady } from '@skiff/api'
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
const pods = new Pods(() => api.client, { spec: { nodeName: 'node-1', containers: [C] } })

function idOf(container: { readonly id: string } | undefined): string {
  if (container === undefined) throw new Error('it does not run')
  return container.id
}

test('a pod that the node has no room for, or that asks for what Docker can’t do, is refused with the reason', async () => {
  await pods.create('big', { containers: [{ ...C, resources: { requests: { cpu: '3' } } }] })
  await pods.create('beside', { containers: [{ ...C, resources: { requests: { cpu: '2' } } }] })
  const reasons = {
    elsewhere: { nodeSelector: { nope: '1' } },
    windows: { os: { name: 'windows' } },
    sysctl: { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } },
    users: { hostUsers: false },
  }
  for (const [name, spec] of Object.entries(reasons)) await pods.create(name, spec)
  const statusOf = async (name: string) => (await pods.that(name, ({ status }) => status?.phase === 'Failed')).status
  const words = "Pod was rejected: Node didn't have enough resource: cpu, requested: 2000, used: 3000, capacity: 4000"
  expect(await statusOf('beside')).toMatchObject({ reason: 'OutOfcpu', message: words })
  expect((await statusOf('beside'))?.containerStatuses).toBeUndefined()
  expect(await statusOf('elsewhere')).toMatchObject({ reason: 'NodeAffinity' })
  expect(await statusOf('windows')).toMatchObject({ reason: 'PodOSNotSupported' })
  const forbidden = 'Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted'
  expect(await statusOf('sysctl')).toMatchObject({ reason: 'SysctlForbidden', message: forbidden })
  expect((await statusOf('users'))?.message).toMatch(/hostUsers: false can't be done here: .* leave it out/)
  await waitFor('it is told', async () => (await pods.eventReasons('sysctl')).includes('SysctlForbidden'))
  expect(agent.runtime.calls.filter((call) => call.startsWith('startSandbox'))).toEqual(['startSandbox big'])
  await pods.delete('sysctl')
  await waitFor('the refused pod can be deleted', () => pods.isGone('sysctl'))
})

test('a label that is newer than what the agent has seen of its node counts', async () => {
  await api.client.patch(NODES, { name: 'node-1' }, { type: 'merge', body: { metadata: { labels: { disk: 'ssd' } } } })
  await pods.create('labelled', { nodeSelector: { disk: 'ssd' } })
  await pods.that('labelled', podIsReady)
})

test('an ephemeral container joins its target, is shown, is never restarted, and goes with the pod', async () => {
  await pods.create('looked-into', {})
  const { metadata } = await pods.that('looked-into', podIsReady)
  const debug = { name: 'debug', image: 'tools:1', targetContainerName: 'c' }
  const ref = { namespace: 'default', name: 'looked-into', subresource: 'ephemeralcontainers' }
  const addDebug = { spec: { ephemeralContainers: [debug] } }
  await api.client.patch(PODS, ref, { type: 'strategic', body: addDebug })
  const shown = (pod: Pod) => pod.status?.ephemeralContainerStatuses?.[0]
  const running = await pods.that('looked-into', (pod) => shown(pod)?.state?.running)
  expect(podIsReady(running)).toBe(true)
  const id = idOf(agent.runtime.running(metadata.uid, 'debug'))
  expect(agent.runtime.spec(id)?.targetId).toBe(idOf(agent.runtime.running(metadata.uid, 'c')))
  agent.runtime.exitContainer(id, 3)
  const ended = await pods.that('looked-into', (pod) => shown(pod)?.state?.terminated)
  expect(shown(ended)).toMatchObject({ restartCount: 0, state: { terminated: { exitCode: 3, reason: 'Error' } } })
  expect(ended.status?.phase).toBe('Running')
  await waitFor('it is told of the debugging container', async () =>
    (await pods.events('looked-into')).some(
      ({ involvedObject }) => involvedObject.fieldPath === 'spec.ephemeralContainers{debug}',
    ),
  )
  await pods.delete('looked-into')
  await waitFor('it is gone', () => pods.isGone('looked-into'))
})

test('cpu and memory change in a container that runs, and what the node has no room for says so', async () => {
  const resources = { requests: { cpu: '1', memory: '64Mi' }, limits: { cpu: '3', memory: '64Mi' } }
  await pods.create('resized', { containers: [{ ...C, resources }] })
  const before = await pods.that('resized', podIsReady)
  const id = idOf(agent.runtime.running(before.metadata.uid, 'c'))
  const resize = (cpu: string) => {
    const containers = [{ name: 'c', resources: { requests: { cpu } } }]
    const ref = { namespace: 'default', name: 'resized', subresource: 'resize' }
    return api.client.patch(PODS, ref, { type: 'strategic', body: { spec: { containers } } })
  }
  const first = (pod: Pod) => pod.status?.containerStatuses?.[0]
  const condition = (pod: Pod, type: string) => pod.status?.conditions?.find((one) => one.type === type)

  await resize('1500m')
  const after = await pods.that('resized', (pod) => first(pod)?.allocatedResources?.cpu === '1500m')
  expect(first(after)).toMatchObject({ restartCount: 0, resources: { requests: { cpu: '1500m' } } })
  expect(agent.runtime.running(before.metadata.uid, 'c')).toMatchObject({ id, limits: { cpuShares: 1536 } })

  await pods.create('neighbour', { containers: [{ ...C, resources: { requests: { cpu: '2' } } }] })
  await pods.that('neighbour', podIsReady)
  await resize('2')
  await pods.that('resized', (pod) => first(pod)?.allocatedResources?.cpu === '2')
  await api.client.patch(
    PODS,
    { namespace: 'default', name: 'neighbour', subresource: 'resize' },
    { type: 'strategic', body: { spec: { containers: [{ name: 'c', resources: { requests: { cpu: '9' } } }] } } },
  )
  const refused = await pods.that('neighbour', (pod) => condition(pod, 'PodResizePending'))
  expect(condition(refused, 'PodResizePending')).toMatchObject({
    reason: 'Infeasible',
    message: "Node didn't have enough capacity: cpu, requested: 9000, used: 0, capacity: 4000",
  })
  expect(first(refused)?.allocatedResources).toMatchObject({ cpu: '2' })
  await waitFor('both are told', async () => {
    const told = await pods.eventReasons('resized')
    return told.includes('ResizeStarted') && told.includes('ResizeCompleted')
  })
})

test('sidecars end after the others, the last first, within the one grace period', async () => {
  const ends: string[] = []
  await agent[Symbol.asyncDispose]()
  const onTerm = ({ name }: { readonly name: string }) => ends.push(name) && 0
  agent = await startTestAgent({ client: api.client, runtime: new FakeRuntime({ onTerm }) })
  const sidecar = (name: string) => ({ name, image: 'side:1', restartPolicy: 'Always' })
  await pods.create('accompanied', { initContainers: [sidecar('a'), sidecar('b')] })
  await pods.that('accompanied', podIsReady)
  await pods.delete('accompanied', { gracePeriodSeconds: 5 })
  await waitFor('it is gone', () => pods.isGone('accompanied'))
  expect(ends).toEqual(['c', 'b', 'a'])
})

test('a pod out of a file runs, has a mirror that comes back when it is deleted, and goes with its file', async () => {
  const directory = join(agent.dataDir, 'manifests')
  await mkdir(directory, { recursive: true })
  const file = join(directory, 'web.yaml')
  const write = (image: string) =>
    writeFile(
      file,
      `apiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec: { containers: [{ name: c, image: "${image}" }] }\n`,
    )
  await write('app:1')
  const mirror = await pods.that('web-node-1', podIsReady)
  const hash = mirror.metadata.annotations?.['kubernetes.io/config.mirror'] ?? ''
  expect(mirror.metadata.annotations).toMatchObject({ 'kubernetes.io/config.source': 'file', 'kubernetes.io/config.hash': hash })
  const id = idOf(agent.runtime.running(hash, 'c'))

  await pods.delete('web-node-1')
  const again = await pods.that('web-node-1', (pod) => pod.metadata.uid !== mirror.metadata.uid && podIsReady(pod))
  expect(idOf(agent.runtime.running(hash, 'c'))).toBe(id)
  expect(agent.running.podList().map(({ metadata }) => metadata.uid)).toEqual([hash])

  await write('app:2')
  await pods.that('web-node-1', (pod) => pod.metadata.uid !== again.metadata.uid && podIsReady(pod))
  expect((await agent.runtime.inspectPod(hash)).containers).toEqual([])

  await writeFile(join(directory, 'broken.yaml'), 'kind: [')
  await rm(file)
  await waitFor('the mirror is gone', () => pods.isGone('web-node-1'))
})

test('pods stop before their host goes down, the critical ones last, and start again with it', async () => {
  const ends: string[] = []
  await agent[Symbol.asyncDispose]()
  const onTerm = ({ pod }: { readonly pod: { readonly name: string } }) => ends.push(pod.name) && 143
  const { runtime, images, dataDir, stop } = await startTestAgent({
    ...{ client: api.client, runtime: new FakeRuntime({ onTerm }), hostGoesDown: async () => true },
  })
  await pods.create('system', { priority: 2_000_000_000 })
  await pods.create('app', {})
  await pods.that('system', podIsReady)
  const { metadata } = await pods.that('app', podIsReady)
  await stop()
  expect(ends).toEqual(['app', 'system'])
  expect(runtime.running(metadata.uid, 'c')).toBeUndefined()
  agent = await startTestAgent({ client: api.client, runtime, images, dataDir })
  await pods.that('app', (pod) => podIsReady(pod) && pod.status?.containerStatuses?.[0]?.restartCount === 1)
})
