import type { Pod, PodSpec } from '@skiff/api'
import { expect, test } from 'vitest'
import { resourceValue } from './downward.ts'

const CONTEXT = { podIp: '', nodeIp: '', allocatable: { cpu: '4', memory: '1Gi' } }

test.for<[string, Partial<PodSpec>, object, string]>([
  ['its own', { resources: { limits: { memory: '64Mi' } } }, { limits: { memory: '32Mi' } }, '32'],
  ['else its pod’s', { resources: { limits: { memory: '64Mi' } } }, {}, '64'],
  ['else what the node has', { resources: { limits: { cpu: '1' } } }, {}, '1024'],
])('limits.memory of a container is %s', ([, spec, resources, expected]) => {
  const container = { name: 'c', image: 'x', resources }
  const metadata = { name: 'p', uid: 'u', resourceVersion: '1', creationTimestamp: '' }
  const pod: Pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [container], ...spec } }
  expect(resourceValue(pod, { resource: 'limits.memory', divisor: '1Mi' }, container, CONTEXT)).toBe(expected)
  expect(resourceValue(pod, { resource: 'requests.memory' }, container, CONTEXT)).toBe('0')
})
