import type { Pod } from '@skiff/api'
import { expect, test } from 'vitest'
import { ClusterState } from './cluster-state.ts'
import { aNode, aPod, aPodRequesting, aService, ownedBy } from './testing/objects.ts'

const onNode = (cluster: ClusterState, name: string) => cluster.snapshot().nodes.find((node) => node.name === name)

test('counts a pod that it heard of before its node', () => {
  const cluster = new ClusterState()
  cluster.setPod(aPodRequesting('p', { cpu: '1' }, {}))
  cluster.setPod({ ...aPodRequesting('q', { cpu: '1' }), spec: { ...aPodRequesting('q', { cpu: '1' }).spec, nodeName: 'n' } })
  cluster.setNode(aNode('n'))
  expect(onNode(cluster, 'n')?.free('cpu')).toBe(3000)
})

test('keeps an assumed pod until the API says where it is', () => {
  const cluster = new ClusterState()
  cluster.setNode(aNode('n'))
  const pod = aPodRequesting('p', { cpu: '1' })
  cluster.assume(cluster.podInfo(pod), 'n')
  cluster.setPod({ ...pod, metadata: { ...pod.metadata, labels: { changed: 'yes' } } })
  expect(onNode(cluster, 'n')?.podCount).toBe(1)
  cluster.setPod({ ...pod, spec: { ...pod.spec, nodeName: 'n' } })
  expect(onNode(cluster, 'n')?.podCount).toBe(1)
  expect(onNode(cluster, 'n')?.free('cpu')).toBe(3000)
})

test('gives back what a forgotten, an ended and a deleted pod took', () => {
  const cluster = new ClusterState()
  cluster.setNode(aNode('n'))
  const info = cluster.podInfo(aPodRequesting('p', { cpu: '1' }))
  cluster.assume(info, 'n')
  cluster.forget(info)
  expect(onNode(cluster, 'n')?.free('cpu')).toBe(4000)

  const running = aPod('q', { nodeName: 'n', containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '2' } } }] })
  cluster.setPod(running)
  expect(onNode(cluster, 'n')?.free('cpu')).toBe(2000)
  cluster.setPod({ ...running, status: { phase: 'Succeeded' } })
  expect(onNode(cluster, 'n')?.free('cpu')).toBe(4000)
  cluster.setPod(running)
  cluster.removePod('default/q')
  expect(onNode(cluster, 'n')).toMatchObject({ podCount: 0 })
})

test('tells when a pod takes less of its node than before', () => {
  const cluster = new ClusterState()
  cluster.setNode(aNode('n'))
  const set = (requests: Record<string, string>, parts: Partial<Pod> = {}) => {
    const pod = aPodRequesting('p', requests)
    return cluster.setPod({ ...pod, spec: { ...pod.spec, nodeName: 'n' }, ...parts })
  }
  expect(set({ cpu: '2', memory: '1Gi' })).toBe(false)
  expect(set({ cpu: '2', memory: '1Gi' }, { status: { phase: 'Running' } })).toBe(false)
  expect(set({ cpu: '3', memory: '1Gi' })).toBe(false)
  expect(set({ cpu: '1', memory: '2Gi' })).toBe(true)
  expect(set({ cpu: '1' })).toBe(true)
  expect(set({ cpu: '1' }, { status: { phase: 'Succeeded' } })).toBe(true)
  expect(set({ cpu: '1' }, { status: { phase: 'Succeeded' } })).toBe(false)
})

test('a failed binding does not undo what another writer did meanwhile', () => {
  const cluster = new ClusterState()
  cluster.setNode(aNode('n'))
  cluster.setNode(aNode('m'))
  const pod = aPod('p')
  const info = cluster.podInfo(pod)
  cluster.assume(info, 'n')
  expect(cluster.setPod({ ...pod, spec: { ...pod.spec, nodeName: 'm' } })).toBe(true)
  cluster.forget(info)
  expect(onNode(cluster, 'n')?.podCount).toBe(0)
  expect(onNode(cluster, 'm')?.podCount).toBe(1)
})

test('spreading leaves out pods that are being deleted and follows Services that change', () => {
  const cluster = new ClusterState()
  cluster.setNode(aNode('n'))
  cluster.setPod(aPod('p', { nodeName: 'n' }, { ...ownedBy('rs'), labels: { app: 'web' } }))
  expect([...(onNode(cluster, 'n')?.spread ?? [])]).toEqual([['owner/rs', 1]])
  cluster.setService(aService('web', { app: 'web' }))
  expect([...(onNode(cluster, 'n')?.spread ?? [])]).toEqual([
    ['owner/rs', 1],
    ['service/default/web', 1],
  ])
  cluster.removeService(aService('web', { app: 'web' }))
  cluster.setPod(aPod('p', { nodeName: 'n' }, { ...ownedBy('rs'), deletionTimestamp: '2026-01-01T00:00:00Z' }))
  expect([...(onNode(cluster, 'n')?.spread ?? [])]).toEqual([])
  expect(onNode(cluster, 'n')?.podCount).toBe(1)
})
