import type { Pod } from '@skiff/api'
import { expect, test } from 'vitest'
import { memorySize } from './empty-dir.ts'

const MIB = 2 ** 20

function podWithLimits(...limits: (string | undefined)[]): Pod {
  const containers = limits.map((memory, n) => ({ name: `c${n}`, image: 'a', resources: { limits: memory ? { memory } : {} } }))
  return { spec: { containers } } as unknown as Pod
}

test.each([
  ['what the node has', {}, podWithLimits(undefined), 1024],
  ['its own limit', { sizeLimit: '10Mi' }, podWithLimits('64Mi'), 10],
  ['what its pod may use', { sizeLimit: '100Mi' }, podWithLimits('32Mi', '32Mi'), 64],
  ['its own limit where a container has none', { sizeLimit: '100Mi' }, podWithLimits('32Mi', undefined), 100],
  ['what its pod may use, when its own limit says nothing', { sizeLimit: '0' }, podWithLimits('32Mi'), 32],
])('a memory-backed emptyDir is as large as %s', (_, emptyDir, pod, mebibytes) => {
  expect(memorySize(emptyDir, pod, '1Gi')).toBe(mebibytes * MIB)
})
