import type { Node, Pod } from '@skiff/api'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ClusterState } from './cluster-state.ts'
import { type Decision, schedulePod } from './schedule-pod.ts'
import { aNode, aPod, aPodRequesting, aService, ownedBy } from './testing/objects.ts'

function clusterOf(...nodes: Node[]): ClusterState {
  const cluster = new ClusterState()
  for (const node of nodes) cluster.setNode(node)
  return cluster
}

function place(cluster: ClusterState, pod: Pod): string | undefined {
  const info = cluster.podInfo(pod)
  const decision = schedulePod(info, cluster.snapshot())
  if (!('node' in decision)) return undefined
  cluster.assume(info, decision.node, decision.examined)
  return decision.node
}

function decide(pod: Pod, ...nodes: Node[]): Decision {
  const cluster = clusterOf(...nodes)
  return schedulePod(cluster.podInfo(pod), cluster.snapshot())
}

function messageOf(decision: Decision): string {
  return 'message' in decision ? decision.message : `placed on ${decision.node}`
}

describe('a pod that fits nowhere', () => {
  test('is told so in upstream words, counted per reason, with a cure', () => {
    const message = messageOf(
      decide(
        aPodRequesting('big', { cpu: '8' }),
        aNode('small'),
        aNode('tainted-1', { spec: { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] } }),
        aNode('tainted-2', { spec: { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] } }),
      ),
    )
    expect(message).toBe(
      '0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint {gpu: yes}. ' +
        'Let the pod tolerate it, or remove it: `kubectl taint node tainted-1 gpu:NoSchedule-`.',
    )
  })

  test('learns how much is free when it asks for too much', () => {
    const message = messageOf(decide(aPodRequesting('big', { memory: '16Gi' }), aNode('a'), aNode('b')))
    expect(message).toContain('0/2 nodes are available: 2 Insufficient memory. ')
    expect(message).toContain('(16Gi; the most that is free on one of these nodes is 8Gi)')
  })

  test('says that there are no nodes at all', () => {
    expect(messageOf(decide(aPod('lonely')))).toMatch(/^no nodes available to schedule pods\. /)
  })

  test('names the node and the reason for each node', () => {
    const decision = decide(aPod('p'), aNode('cordoned', { spec: { unschedulable: true } }))
    expect(decision).toMatchObject({
      unschedulable: [{ node: 'cordoned', filter: 'NodeUnschedulable', reason: 'node(s) were unschedulable' }],
    })
  })
})

describe('filters', () => {
  const notReady = { status: { conditions: [{ type: 'Ready', status: 'Unknown' as const }] } }
  const refusals: [string, Pod, Node, string][] = [
    ['a cordoned node', aPod('p'), aNode('n', { spec: { unschedulable: true } }), 'node(s) were unschedulable'],
    ['a node that is not ready', aPod('p'), aNode('n', notReady), 'node(s) were not ready'],
    [
      'a node without the selected label',
      aPod('p', { nodeSelector: { disk: 'ssd' } }),
      aNode('n'),
      "node(s) didn't match Pod's node affinity/selector",
    ],
    [
      'a node with a taint of its own',
      aPod('p'),
      aNode('n', { spec: { taints: [{ key: 'k', effect: 'NoExecute' }] } }),
      'node(s) had untolerated taint {k: }',
    ],
    [
      'a node that is full',
      aPod('p'),
      aNode('n', { status: { allocatable: { cpu: '1', memory: '1Gi', pods: '0' } } }),
      'Too many pods',
    ],
    [
      'a node without the extended resource',
      aPodRequesting('p', { 'example.com/gpu': '1' }),
      aNode('n'),
      'Insufficient example.com/gpu',
    ],
  ]
  test.each(refusals)('refuse %s', (_, pod, node, reason) => {
    expect(decide(pod, node)).toMatchObject({ unschedulable: [{ node: 'n', reason }] })
  })

  test('let a pod onto a tainted, cordoned, unready node when it tolerates all of it', () => {
    const node = aNode('n', {
      ...notReady,
      spec: { unschedulable: true, taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] },
    })
    expect(decide(aPod('p', { tolerations: [{ operator: 'Exists' }] }), node)).toMatchObject({ node: 'n' })
  })

  test('honour required node affinity: terms are alternatives, rows of a term all hold', () => {
    const rows = [
      { key: 'zone', operator: 'In' as const, values: ['a'] },
      { key: 'cores', operator: 'Gt' as const, values: ['4'] },
    ]
    const terms = [
      { matchExpressions: rows },
      { matchFields: [{ key: 'metadata.name', operator: 'In' as const, values: ['special'] }] },
    ]
    const pod = aPod('p', {
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } },
    })
    expect(decide(pod, aNode('n', { labels: { zone: 'a', cores: '8' } }))).toMatchObject({ node: 'n' })
    expect(decide(pod, aNode('n', { labels: { zone: 'a', cores: '4' } }))).toHaveProperty('message')
    expect(decide(pod, aNode('special'))).toMatchObject({ node: 'special' })
  })

  test('keep host ports apart, unless address or protocol differ', () => {
    const withPort = (name: string, port: object) =>
      aPod(name, { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 1, ...port }] }] })
    const cluster = clusterOf(aNode('n'))
    expect(place(cluster, withPort('first', { hostPort: 80, hostIP: '10.0.0.1' }))).toBe('n')
    expect(place(cluster, withPort('other-address', { hostPort: 80, hostIP: '10.0.0.2' }))).toBe('n')
    expect(place(cluster, withPort('udp', { hostPort: 80, protocol: 'UDP' }))).toBe('n')
    const any = cluster.podInfo(withPort('any', { hostPort: 80 }))
    expect(messageOf(schedulePod(any, cluster.snapshot()))).toBe(
      "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports. " +
        'Host port 80 is in use by another pod: choose another hostPort, or leave it out and use a Service.',
    )
  })
})

describe('scores', () => {
  test('spread the pods of one owner evenly', () => {
    const cluster = clusterOf(aNode('a'), aNode('b'), aNode('c'))
    const nodes = Array.from({ length: 9 }, (_, i) => place(cluster, aPod(`p${i}`, {}, ownedBy('rs'))))
    expect(countsOf(nodes)).toEqual({ a: 3, b: 3, c: 3 })
  })

  test('spread bare pods of one Service even when a node has more room', () => {
    const big = { allocatable: { cpu: '64', memory: '256Gi', pods: '110' } }
    const cluster = clusterOf(
      aNode('big', { status: { ...big, conditions: [{ type: 'Ready', status: 'True' }] } }),
      aNode('b'),
      aNode('c'),
    )
    cluster.setService(aService('web', { app: 'web' }))
    const nodes = Array.from({ length: 3 }, (_, i) => place(cluster, aPod(`p${i}`, {}, { labels: { app: 'web' } })))
    expect(countsOf(nodes)).toEqual({ big: 1, b: 1, c: 1 })
  })

  test('take turns among equals', () => {
    const cluster = clusterOf(aNode('a'), aNode('b'), aNode('c'))
    const nodes = Array.from({ length: 6 }, (_, i) => place(cluster, aPod(`p${i}`)))
    expect(countsOf(nodes)).toEqual({ a: 2, b: 2, c: 2 })
  })

  test('prefer the node that has the image, however its name is spelled', () => {
    const images = [{ names: ['docker.io/library/hello:latest'], sizeBytes: 500_000_000 }]
    const ready = {
      conditions: [{ type: 'Ready', status: 'True' as const }],
      allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
    }
    expect(decide(aPod('p'), aNode('a'), aNode('b', { status: { ...ready, images } }), aNode('c'))).toMatchObject({ node: 'b' })
  })

  test('prefer what the pod prefers and avoid PreferNoSchedule', () => {
    const preferred = { weight: 1, preference: { matchExpressions: [{ key: 'disk', operator: 'In' as const, values: ['ssd'] }] } }
    const pod = aPod('p', { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [preferred] } } })
    expect(decide(pod, aNode('a'), aNode('b', { labels: { disk: 'ssd' } }), aNode('c'))).toMatchObject({ node: 'b' })

    const avoided = { spec: { taints: [{ key: 'k', effect: 'PreferNoSchedule' as const }] } }
    expect(decide(aPod('p'), aNode('a', avoided), aNode('b'), aNode('c', avoided))).toMatchObject({ node: 'b' })
  })
})

test('never overcommits a node, whatever comes and goes', () => {
  const podRequest = fc.record({
    cpu: fc.integer({ min: 0, max: 3000 }),
    memory: fc.integer({ min: 0, max: 6000 }),
    leaves: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(podRequest, { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), (pods, nodeCount) => {
      const names = Array.from({ length: nodeCount }, (_, i) => `n${i}`)
      const cluster = clusterOf(...names.map((name) => aNode(name, { status: limits })))
      const used = new Map(names.map((name) => [name, { cpu: 0, memory: 0, pods: 0 }]))
      pods.forEach(({ cpu, memory, leaves }, i) => {
        const pod = aPodRequesting(`p${i}`, { cpu: `${cpu}m`, memory: `${memory}Mi` })
        const node = place(cluster, pod)
        if (node === undefined) return
        if (leaves) {
          cluster.removePod(`default/p${i}`)
          return
        }
        const total = used.get(node)
        if (!total) throw new Error(`unknown node ${node}`)
        total.cpu += cpu
        total.memory += memory
        total.pods += 1
        expect(total.cpu).toBeLessThanOrEqual(4000)
        expect(total.memory).toBeLessThanOrEqual(8192)
        expect(total.pods).toBeLessThanOrEqual(10)
      })
    }),
  )
})

const limits = { allocatable: { cpu: '4', memory: '8Gi', pods: '10' }, conditions: [{ type: 'Ready', status: 'True' as const }] }

test('places hundreds of pods a second on 1000 nodes', () => {
  const cluster = clusterOf(...Array.from({ length: 1000 }, (_, i) => aNode(`n${i}`)))
  const before = process.cpuUsage()
  for (let i = 0; i < 600; i += 1) place(cluster, aPodRequesting(`p${i}`, { cpu: '100m' }, ownedBy(`rs${i % 20}`)))
  const { user, system } = process.cpuUsage(before)
  // Of the processor's time, whatever else the machine does, and on a slow one.
  expect(600 / ((user + system) / 1e6)).toBeGreaterThan(100)
})

function countsOf(nodes: readonly (string | undefined)[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const node of nodes) counts[node ?? 'nowhere'] = (counts[node ?? 'nowhere'] ?? 0) + 1
  return counts
}
