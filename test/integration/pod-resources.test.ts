/** Resources of a pod as a whole (KEP-2837), against the real API server, on an engine in memory. */

import { PODS, type Pod, podIsReady } from '@skiff/api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { C, TestNode } from '../support/test-node.ts'
import { waitFor } from '../support/wait-for.ts'

const MIB = 2 ** 20

let node: TestNode

beforeEach(async () => {
  node = await TestNode.start()
})

afterEach(() => node[Symbol.asyncDispose]())

const condition = (pod: Pod, type: string) => pod.status?.conditions?.find((one) => one.type === type)
const limitsOf = ({ status }: Pod) => status?.resources?.limits

function resize(name: string, resources: object): Promise<Pod> {
  const ref = { namespace: 'default', name, subresource: 'resize' }
  return node.client.patch<Pod>(PODS, ref, { type: 'strategic', body: { spec: { resources } } })
}

test('a pod has a group with its limits from before its sandbox until nothing of it runs', async () => {
  const resources = { requests: { cpu: '100m' }, limits: { cpu: '500m', memory: '64Mi' } }
  await node.pods.create('shared', { resources, containers: [C, { ...C, name: 'd' }] })
  const { metadata, status } = await node.pods.that('shared', (pod) => podIsReady(pod) && limitsOf(pod))
  expect(status).toMatchObject({
    resources: { ...resources, requests: { cpu: '100m', memory: '64Mi' } },
    allocatedResources: { cpu: '100m', memory: '64Mi' },
  })
  expect(node.agent.cgroups.groups.get(metadata.uid)).toEqual({ cpuShares: 102, cpuQuotaUs: 50_000, memoryBytes: 64 * MIB })
  const spec = node.runtime.spec(node.idOf(metadata.uid, 'd'))
  expect(spec).toMatchObject({ cgroupParent: `/fake/pod${metadata.uid}`, resources: { memoryBytes: 64 * MIB } })

  const plain = await node.pods.create('plain', {})
  await node.pods.that('plain', podIsReady)
  expect(node.runtime.spec(node.idOf(plain.metadata.uid, 'c'))?.cgroupParent).toBeUndefined()
  expect([...node.agent.cgroups.groups.keys()]).toEqual([metadata.uid])

  const { runtime, cgroups, images, dataDir } = node.agent
  cgroups.groups.set('long-gone', { cpuShares: 2, cpuQuotaUs: 0, memoryBytes: 0 })
  await node.startAgent({ runtime, cgroups, images, dataDir })
  await waitFor('what was left is removed', () => !cgroups.groups.has('long-gone'))
  expect(cgroups.groups.has(metadata.uid)).toBe(true)
  await node.pods.delete('shared')
  await waitFor('it is gone', () => node.pods.isGone('shared'))
  expect(cgroups.groups.size).toBe(0)
})

test('a host that can give pods no group refuses those that need one, with the cure', async () => {
  node.agent.cgroups.problem = "the agent can't make control groups (read-only)"
  await node.pods.create('needy', { resources: { limits: { memory: '64Mi' } } })
  await node.pods.create('modest', { resources: {} })
  const refused = await node.pods.that('needy', ({ status }) => status?.phase === 'Failed')
  expect(refused.status).toMatchObject({
    reason: 'NotSupportedByDocker',
    message:
      "Pod was rejected: resources of a pod can't be done here: the agent can't make control groups (read-only); give the resources to the containers",
  })
  await node.pods.that('modest', podIsReady)
})

test('the resources of a pod change in place, also across a restart of the agent', async () => {
  const resources = { requests: { cpu: '1', memory: '64Mi' }, limits: { cpu: '2', memory: '64Mi' } }
  const own = { ...C, name: 'own', resources: { limits: { memory: '32Mi' } } }
  await node.pods.create('resized', { resources, containers: [C, own] })
  const { metadata } = await node.pods.that('resized', podIsReady)
  const [id, ownId] = ['c', 'own'].map((name) => node.idOf(metadata.uid, name))

  await resize('resized', { limits: { cpu: '3', memory: '128Mi' } })
  await node.pods.that('resized', (pod) => limitsOf(pod)?.memory === '128Mi' && !condition(pod, 'PodResizeInProgress'))
  expect(node.agent.cgroups.groups.get(metadata.uid)).toMatchObject({ cpuQuotaUs: 300_000, memoryBytes: 128 * MIB })
  expect(node.runtime.running(metadata.uid, 'c')).toMatchObject({ id, limits: { memoryBytes: 128 * MIB } })
  expect(node.runtime.running(metadata.uid, 'own')).toMatchObject({ id: ownId, limits: { memoryBytes: 32 * MIB } })
  await node.pods.areTold('resized', ['ResizeStarted', 'ResizeCompleted'])

  node.agent.cgroups.usedBytes = 100 * MIB
  await resize('resized', { limits: { memory: '80Mi' } })
  const message = `attempting to set pod memory limit (${80 * MIB}) below current usage (${100 * MIB})`
  const late = await node.pods.that('resized', (pod) => condition(pod, 'PodResizeInProgress')?.message)
  expect(condition(late, 'PodResizeInProgress')).toMatchObject({ reason: 'Error', message })
  expect(limitsOf(late)).toMatchObject({ memory: '128Mi' })

  const { runtime, cgroups, images, dataDir } = node.agent
  cgroups.usedBytes = 10 * MIB
  await node.startAgent({ runtime, cgroups, images, dataDir })
  await node.pods.that('resized', (pod) => limitsOf(pod)?.memory === '80Mi' && !condition(pod, 'PodResizeInProgress'))
  expect(cgroups.groups.get(metadata.uid)).toMatchObject({ memoryBytes: 80 * MIB })

  await resize('resized', { requests: { cpu: '9' }, limits: { cpu: '9' } })
  const refused = await node.pods.that('resized', (pod) => condition(pod, 'PodResizePending'))
  expect(condition(refused, 'PodResizePending')).toMatchObject({ reason: 'Infeasible' })
  expect(cgroups.groups.get(metadata.uid)).toMatchObject({ cpuQuotaUs: 300_000 })
})

test('a limit that is less than the engine takes at all is compared with the usage as it is asked for', async () => {
  await node.pods.create('tiny', { resources: { limits: { memory: '64Mi' } }, containers: [C] })
  await node.pods.that('tiny', podIsReady)
  node.agent.cgroups.usedBytes = MIB
  await resize('tiny', { requests: { memory: '10Ki' }, limits: { memory: '10Ki' } })
  const pod = await node.pods.that('tiny', (one) => condition(one, 'PodResizeInProgress')?.message)
  expect(condition(pod, 'PodResizeInProgress')).toMatchObject({
    reason: 'Error',
    message: `attempting to set pod memory limit (${10 * 1024}) below current usage (${MIB})`,
  })
  expect(limitsOf(pod)).toEqual({ memory: '64Mi' })
})

test('room that a pod leaves goes to the most important of those whose resizes wait', async () => {
  const asking = (cpu: string) => [{ ...C, resources: { requests: { cpu } } }]
  await node.pods.create('low', { priority: 1, containers: asking('1') })
  await node.pods.create('high', { priority: 10, containers: asking('1') })
  await node.pods.create('filler', { containers: asking('1500m') })
  for (const name of ['low', 'high', 'filler']) await node.pods.that(name, podIsReady)
  for (const name of ['low', 'high']) {
    const ref = { namespace: 'default', name, subresource: 'resize' }
    await node.client.patch<Pod>(PODS, ref, { type: 'strategic', body: { spec: { containers: asking('3') } } })
    await node.pods.that(name, (pod) => condition(pod, 'PodResizePending')?.reason === 'Deferred')
  }
  await node.pods.delete('filler')
  const isResized = (pod: Pod) => !condition(pod, 'PodResizePending') && !condition(pod, 'PodResizeInProgress')
  const { status } = await node.pods.that('high', isResized)
  expect(status?.containerStatuses?.[0]?.allocatedResources).toEqual({ cpu: '3' })
  expect(condition(await node.pods.get('low'), 'PodResizePending')).toMatchObject({ reason: 'Deferred' })
})

test('a pod that began without resources of its own can be given none', async () => {
  await node.pods.create('late', { containers: [{ ...C, resources: { requests: { cpu: '100m' } } }] })
  const { metadata } = await node.pods.that('late', podIsReady)
  await resize('late', { requests: { cpu: '1' }, limits: { cpu: '2' } })
  const pod = await node.pods.that('late', (one) => condition(one, 'PodResizePending'))
  expect(condition(pod, 'PodResizePending')).toMatchObject({
    reason: 'Infeasible',
    message: 'a pod that began without resources of its own has no control group that could limit it: replace the pod',
  })
  expect(pod.status?.resources).toBeUndefined()
  node.runtime.exitContainer(node.idOf(metadata.uid, 'c'), 1)
  await node.pods.that('late', (one) => podIsReady(one) && one.status?.containerStatuses?.[0]?.restartCount === 1)
  expect(node.runtime.spec(node.idOf(metadata.uid, 'c'))).toMatchObject({ attempt: 1, resources: { cpuShares: 102 } })
  expect(node.runtime.spec(node.idOf(metadata.uid, 'c'))).not.toHaveProperty('cgroupParent')
  expect(node.agent.cgroups.groups.size).toBe(0)
})
