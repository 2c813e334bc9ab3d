/** Nodes that come, are cordoned and fall silent, as scheduler and controllers see them. */

import {
  ENDPOINT_SLICES,
  type EndpointSlice,
  EVENTS,
  type Event,
  findCondition,
  NODES,
  type Node,
  PODS,
  type Pod,
} from '@skiff/api'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ControlPlane, inDefault, leavesDeadNodesAfter, podTemplate, startControlPlane } from '../support/control-plane.ts'
import { waitFor } from '../support/wait-for.ts'

/** What README.md promises, and how much slower a test machine may be than the one that it is promised for. */
const OUT_OF_ENDPOINTS_MS = 5_000
const REPLACED_MS = 15_000
const SLOW = 6

let cluster: ControlPlane

beforeEach(async () => {
  cluster = await startControlPlane()
})

afterEach(async () => {
  await cluster[Symbol.asyncDispose]()
})

describe('nodes', () => {
  test('each get a part of the pod addresses of their own', async () => {
    await waitFor('all nodes have a range', async () => (await cluster.list<Node>(NODES)).every(({ spec }) => spec.podCIDR))
    const ranges = (await cluster.list<Node>(NODES)).map(({ spec }) => spec.podCIDR)
    expect(ranges.sort()).toEqual(['10.244.0.0/24', '10.244.1.0/24', '10.244.2.0/24'])
  })

  test('one that falls silent leaves the endpoints within seconds and its pods are replaced', async () => {
    await cluster.createService()
    await cluster.createDeployment({ template: podTemplate('v1', { tolerations: leavesDeadNodesAfter(5) }) })
    await cluster.rolledOut()

    const lastBeatMs = performance.now()
    cluster.nodes.kill('node-2')
    await waitFor('its endpoint is not ready', async () => {
      const endpoints = (await cluster.list<EndpointSlice>(ENDPOINT_SLICES)).flatMap((slice) => slice.endpoints ?? [])
      const lost = endpoints.find(({ nodeName }) => nodeName === 'node-2')
      return lost !== undefined && lost.conditions?.ready === false
    })
    expect(performance.now() - lastBeatMs).toBeLessThan(SLOW * OUT_OF_ENDPOINTS_MS)
    await waitFor('the node says so', async () => {
      const { status } = await cluster.get<Node>(NODES, 'node-2')
      return findCondition(status?.conditions, 'Ready')?.reason === 'NodeStatusUnknown'
    })
    expect(findCondition((await cluster.get<Node>(NODES, 'node-2')).status?.conditions, 'Ready')?.status).toBe('Unknown')

    await waitFor('the pod is replaced elsewhere', async () => (await cluster.readyPods()).length === 3, SLOW * REPLACED_MS)
    expect((await cluster.readyPods()).map(({ spec }) => spec.nodeName)).not.toContain('node-2')
    await waitFor('the eviction is told', async () => (await cluster.told('TaintManagerEviction')).length > 0)
    expect(await cluster.told('TaintManagerEviction')).toHaveLength(1)
  })

  test('one that returns in time keeps its pods', async () => {
    await cluster.createDeployment({ template: podTemplate('v1', { tolerations: leavesDeadNodesAfter(60) }) })
    await cluster.rolledOut()
    const before = (await cluster.readyPods()).map(({ metadata }) => metadata.uid).sort()
    const taintsOf = async () => (await cluster.get<Node>(NODES, 'node-2')).spec.taints ?? []
    cluster.nodes.kill('node-2')
    await waitFor('its pods are to leave', async () => (await taintsOf()).some(({ effect }) => effect === 'NoExecute'))
    await cluster.nodes.revive('node-2')
    await waitFor('its taints are gone', async () => (await taintsOf()).length === 0)
    await waitFor('its pod may stay', async () => (await cluster.told('TaintManagerEviction')).length > 0)
    expect(await cluster.told('TaintManagerEviction')).toEqual([
      expect.stringMatching(/^Cancelling deletion of Pod default\/hello-/),
    ])
    await waitFor('all pods are ready', async () => (await cluster.readyPods()).length === 3)
    expect((await cluster.readyPods()).map(({ metadata }) => metadata.uid).sort()).toEqual(before)
  })

  test('most of them falling silent at once evicts nobody', async () => {
    await cluster.createDeployment({ template: podTemplate('v1', { tolerations: leavesDeadNodesAfter(0) }) })
    await cluster.rolledOut()
    cluster.nodes.kill('node-1')
    cluster.nodes.kill('node-2')
    await waitFor('both are unreachable', async () => {
      const unreachable = (await cluster.list<Node>(NODES)).filter(({ spec }) =>
        spec.taints?.some(({ key }) => key === 'node.kubernetes.io/unreachable'),
      )
      return unreachable.length === 2
    })
    const taints = (await cluster.list<Node>(NODES)).flatMap(({ spec }) => spec.taints ?? [])
    expect(taints.filter(({ effect }) => effect === 'NoExecute')).toEqual([])
    expect((await cluster.list<Pod>(PODS)).filter(({ metadata }) => metadata.deletionTimestamp)).toEqual([])
  })

  test('one that says it is not ready loses its pods only when another node could take them', async () => {
    const names = ['node-1', 'node-2', 'node-3']
    const say = (name: string, status: 'True' | 'False') =>
      cluster.client.patch(
        NODES,
        { name, subresource: 'status' },
        { type: 'strategic', body: { status: { conditions: [{ type: 'Ready', status }] } } },
      )
    const effectsOn = async (name: string) =>
      (await cluster.get<Node>(NODES, name)).spec.taints?.map(({ effect }) => effect) ?? []
    for (const name of names) await say(name, 'False')
    // The last one was alone, the others had it for a moment: what they were given is taken back.
    for (const name of names) await waitFor(`${name} is not ready`, async () => (await effectsOn(name)).join() === 'NoSchedule')

    await say('node-1', 'True')
    await waitFor('the pods of node-2 may go to node-1', async () => (await effectsOn('node-2')).includes('NoExecute'))
  })

  test('a pod that fits nowhere says why, and is placed when a node can take it', async () => {
    const spec = { nodeSelector: { disk: 'ssd' }, containers: [{ name: 'main', image: 'v1' }] }
    await cluster.client.create(PODS, { metadata: inDefault('picky'), spec } as object)
    await waitFor('the condition says why', async () => {
      const { status } = await cluster.get<Pod>(PODS, 'picky')
      const condition = findCondition(status?.conditions, 'PodScheduled')
      return (
        condition?.reason === 'Unschedulable' &&
        condition.message?.startsWith("0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. ")
      )
    })
    await waitFor('an event says why', async () => (await cluster.told('FailedScheduling')).length > 0)
    await cluster.client.patch(NODES, { name: 'node-3' }, { type: 'merge', body: { metadata: { labels: { disk: 'ssd' } } } })
    await waitFor('it runs', async () => (await cluster.get<Pod>(PODS, 'picky')).spec.nodeName === 'node-3')
  })

  test('a pod that waits for room is placed when another is resized to ask for less', async () => {
    const create = (name: string, cpu: string) => {
      const containers = [{ name: 'main', image: 'v1', resources: { requests: { cpu } } }]
      const spec = { nodeSelector: { 'kubernetes.io/hostname': 'node-1' }, containers }
      return cluster.client.create(PODS, { metadata: inDefault(name), spec } as object)
    }
    await create('big', '3')
    await waitFor('one is placed', async () => (await cluster.get<Pod>(PODS, 'big')).spec.nodeName)
    await create('waiting', '2')
    await waitFor('the other waits', async () => {
      const { status } = await cluster.get<Pod>(PODS, 'waiting')
      return findCondition(status?.conditions, 'PodScheduled')?.reason === 'Unschedulable'
    })
    const body = { spec: { containers: [{ name: 'main', resources: { requests: { cpu: '1' } } }] } }
    await cluster.client.patch(PODS, { ...inDefault('big'), subresource: 'resize' }, { type: 'strategic', body })
    await waitFor('it has its room', async () => (await cluster.get<Pod>(PODS, 'waiting')).spec.nodeName === 'node-1')
  })

  test('a pod that a taint evicts says why it goes', async () => {
    const spec = { nodeName: 'node-1', containers: [{ name: 'main', image: 'v1' }] }
    const metadata = { ...inDefault('held'), finalizers: ['example.com/held'] }
    const { metadata: before } = await cluster.client.create<Pod>(PODS, { metadata, spec })
    const taints = [{ key: 'example.com/broken', effect: 'NoExecute' }]
    await cluster.client.patch(NODES, { name: 'node-1' }, { type: 'merge', body: { spec: { taints } } })
    const { status } = await waitFor('it is to go', async () => {
      const pod = await cluster.get<Pod>(PODS, 'held')
      return pod.metadata.deletionTimestamp !== undefined && pod
    })
    expect(findCondition(status?.conditions, 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
      observedGeneration: before.generation,
    })
    await waitFor('the eviction is told', async () => (await cluster.told('TaintManagerEviction')).length > 0)
    const events = (await cluster.list<Event>(EVENTS)).filter(({ reason }) => reason === 'TaintManagerEviction')
    expect(events).toMatchObject([{ message: 'Marking for deletion Pod default/held', count: 1 }])
  })

  test('a cordoned node gets a taint and no new pods', async () => {
    await cluster.client.patch(NODES, { name: 'node-1' }, { type: 'merge', body: { spec: { unschedulable: true } } })
    const taints = async () => (await cluster.get<Node>(NODES, 'node-1')).spec.taints ?? []
    await waitFor('it has a taint', async () => (await taints()).length > 0)
    expect(await taints()).toMatchObject([{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }])
    await cluster.createDeployment({ replicas: 6 })
    await cluster.rolledOut(6)
    expect((await cluster.list<Pod>(PODS)).map(({ spec }) => spec.nodeName)).not.toContain('node-1')
  })
})
