import type { Pod } from '@skiff/api'
import { expect, test } from 'vitest'
import { scoringResources, takenResources } from './resources.ts'
import { aPodRequesting } from './testing/objects.ts'

const MIB = 2 ** 20

test('a container that asks for nothing is taken to use something, unless its pod says what all of them ask for', () => {
  const containers = [
    { name: 'a', image: 'x', resources: { requests: { cpu: '1' } } },
    { name: 'b', image: 'x' },
  ]
  expect([...scoringResources({ containers })]).toEqual([
    ['cpu', 1100],
    ['memory', 400 * MIB],
  ])
  expect([...scoringResources({ containers, resources: { requests: { memory: '64Mi' } } })]).toEqual([
    ['cpu', 1100],
    ['memory', 64 * MIB],
  ])
})

test('a pod whose resize is under way takes the larger of both, and what it has where it can never get more', () => {
  const containerStatuses = [{ name: 'main', allocatedResources: { cpu: '1', memory: '2Mi' } }]
  const pending = (reason: string) => ({ type: 'PodResizePending', status: 'True' as const, reason })
  const resized = (status: object) => [...takenResources({ ...aPodRequesting('p', { cpu: '3', memory: '1Mi' }), status } as Pod)]
  const largest = [
    ['cpu', 3000],
    ['memory', 2 * MIB],
  ]
  expect(resized({ containerStatuses })).toEqual(largest)
  expect(resized({ containerStatuses, conditions: [pending('Deferred')] })).toEqual(largest)
  expect(resized({ containerStatuses, conditions: [pending('Infeasible')] })).toEqual([
    ['cpu', 1000],
    ['memory', 2 * MIB],
  ])
  expect(resized({})).toEqual([
    ['cpu', 3000],
    ['memory', MIB],
  ])
})
