import { expect, test } from 'vitest'
import { childSlice, slicePath, sliceProperties, sliceQuotaUs } from './slices.ts'

test.for([
  ['system.slice', 'skiff-1-pod2', 'system-skiff_1_pod2.slice', '/system.slice/system-skiff_1_pod2.slice'],
  ['-.slice', 'pod', 'pod.slice', '/pod.slice'],
  ['a-b.slice', 'c', 'a-b-c.slice', '/a.slice/a-b.slice/a-b-c.slice'],
])('a child of %s called %s is %s, at %s', ([parent = '', name = '', slice = '', path]) => {
  expect(childSlice(parent, name)).toBe(slice)
  expect(slicePath(slice)).toBe(path)
})

test('limits are properties of systemd’s, as v2 and as v1 has them', () => {
  const limits = { cpuShares: 256, cpuQuotaUs: 33_300, memoryBytes: 64 * 2 ** 20 }
  expect(sliceProperties(limits, 2)).toEqual(['CPUWeight=10', 'CPUQuota=34%', 'MemoryMax=67108864', 'MemorySwapMax=0'])
  expect(sliceProperties(limits, 1)).toEqual(['CPUShares=256', 'CPUQuota=34%', 'MemoryLimit=67108864'])
  expect(sliceProperties({ cpuShares: 2, cpuQuotaUs: 0, memoryBytes: 0 }, 2)).toEqual([
    'CPUWeight=1',
    'CPUQuota=',
    'MemoryMax=infinity',
    'MemorySwapMax=infinity',
  ])
})

test('a quota is kept in whole percents, the next one', () => {
  expect([0, 1_000, 33_000, 33_300, 150_001].map(sliceQuotaUs)).toEqual([0, 1_000, 33_000, 34_000, 151_000])
})
