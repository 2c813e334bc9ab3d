import type { PodSpec } from '@skiff/api'
import { expect, test } from 'vitest'
import { looserOf, podLimitsOf } from './pod-limits.ts'

const MIB = 2 ** 20
const own = (requests: object, limits: object = {}) => ({ resources: { requests, limits } }) as Partial<PodSpec>
const specOf = (spec: Partial<PodSpec>, ...containers: object[]): PodSpec => ({
  containers: containers.map((resources, index) => ({ name: `c${index}`, image: 'x', resources })),
  ...spec,
})

test.for<[string, PodSpec, ReturnType<typeof podLimitsOf>]>([
  ['without resources of its own it has no group', specOf({}, { limits: { cpu: '1', memory: '1Gi' } }), undefined],
  ['nor with empty ones', specOf({ resources: {} }, {}), undefined],
  [
    'its own count',
    specOf(own({ cpu: '250m' }, { cpu: '500m', memory: '64Mi' }), { limits: { memory: '32Mi' } }),
    { cpuShares: 256, cpuQuotaUs: 50_000, memoryBytes: 64 * MIB },
  ],
  [
    'where it has no limit its containers’ count together, if each has one',
    specOf(own({ cpu: '1' }), { limits: { memory: '32Mi', cpu: '1' } }, { limits: { memory: '16Mi' } }),
    { cpuShares: 1024, cpuQuotaUs: 0, memoryBytes: 48 * MIB },
  ],
  [
    'what runs it comes on top',
    { ...specOf(own({}, { cpu: '1', memory: '64Mi' }), {}), overhead: { cpu: '500m', memory: '8Mi' } },
    { cpuShares: 512, cpuQuotaUs: 150_000, memoryBytes: 72 * MIB },
  ],
  [
    'no less than a container gets',
    specOf(own({}, { memory: '1Mi' }), {}),
    { cpuShares: 2, cpuQuotaUs: 0, memoryBytes: 6 * MIB },
  ],
])('limits of a pod: %s', ([, spec, expected]) => {
  expect(podLimitsOf(spec)).toEqual(expected)
})

test('the looser of two has room for both', () => {
  const [a, b] = [
    { cpuShares: 2, cpuQuotaUs: 50_000, memoryBytes: 64 },
    { cpuShares: 4, cpuQuotaUs: 20_000, memoryBytes: 0 },
  ]
  expect(looserOf(a, b)).toEqual({ cpuShares: 4, cpuQuotaUs: 50_000, memoryBytes: 0 })
})
