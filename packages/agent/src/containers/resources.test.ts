import type { Container, Pod, PodSpec } from '@skiff/api'
import { expect, test } from 'vitest'
import { containerLimits, containerResources } from './resources.ts'

const MIB = 2 ** 20
const NODE_BYTES = 1000 * MIB

function podOf(spec: Partial<PodSpec>, ...containers: Partial<Container>[]): Pod {
  const named = containers.map((container, index) => ({ name: `c${index}`, image: 'x', ...container }))
  const metadata = { name: 'p', uid: 'u', resourceVersion: '1', creationTimestamp: '' }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: named, ...spec } }
}

const requesting = (memory: string) => ({ resources: { requests: { memory } } })
const scoreOf = (pod: Pod, container = pod.spec.containers[0] as Container) =>
  containerResources(pod, container, NODE_BYTES).oomScoreAdj

test('a container without a limit has its pod’s, and its weight', () => {
  const resources = { requests: { cpu: '100m' }, limits: { cpu: '500m', memory: '64Mi' } }
  const limitsOf = (own: object) => containerLimits({ name: 'c', image: 'x', resources: own }, podOf({ resources }))
  expect(limitsOf({})).toEqual({ cpuShares: 512, cpuQuotaUs: 50_000, memoryBytes: 64 * MIB })
  const own = { requests: { cpu: '100m' }, limits: { memory: '32Mi', cpu: '0' } }
  expect(limitsOf(own)).toEqual({ cpuShares: 102, cpuQuotaUs: 50_000, memoryBytes: 32 * MIB })
  const alone = containerLimits({ name: 'c', image: 'x' }, podOf({}))
  expect(alone).toEqual({ cpuShares: 2, cpuQuotaUs: 0, memoryBytes: 0 })
})

test('who asked for more memory is killed later', () => {
  expect(scoreOf(podOf({}, {}))).toBe(1000)
  expect(scoreOf(podOf({}, requesting('1Ki')))).toBe(999)
  // Whole thousandths of the node's memory count, as upstream divides.
  expect(scoreOf(podOf({}, requesting(String(1.5 * MIB))))).toBe(999)
  expect(scoreOf(podOf({}, requesting('100Mi')))).toBe(900)
  expect(scoreOf(podOf({}, requesting('1000Mi')))).toBe(3)
  const limits = { cpu: '1', memory: '1Mi' }
  expect(scoreOf(podOf({}, { resources: { limits } }))).toBe(-997)
  expect(scoreOf(podOf({ priorityClassName: 'system-node-critical' }, {}))).toBe(-997)
})

test('what a pod asks for beyond its containers is theirs in equal parts', () => {
  const resources = { requests: { memory: '300Mi' } }
  const pod = podOf({ resources }, requesting('100Mi'), {})
  expect(pod.spec.containers.map((container) => scoreOf(pod, container))).toEqual([800, 900])
})

test('a sidecar is killed no sooner than those that it serves', () => {
  const sidecar: Container = { name: 's', image: 'x', restartPolicy: 'Always' }
  const initContainers = [sidecar]
  expect(scoreOf(podOf({ initContainers }, requesting('200Mi'), requesting('100Mi')), sidecar)).toBe(900)
  const resources = { requests: { memory: '600Mi' } }
  expect(scoreOf(podOf({ initContainers, resources }, requesting('200Mi'), requesting('100Mi')), sidecar)).toBe(800)
})
