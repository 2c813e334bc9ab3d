import { expect, test } from 'vitest'
import { scoringResources } from './resources.ts'

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
