import { expect, test } from 'vitest'
import { heldLimits, weightOf, writesOf } from './cgroup-files.ts'

const LIMITS = { cpuShares: 256, cpuQuotaUs: 50_000, memoryBytes: 64 * 2 ** 20 }
const NONE = { cpuShares: 2, cpuQuotaUs: 0, memoryBytes: 0 }
const linesOf = (...asked: Parameters<typeof writesOf>) => writesOf(...asked).map(({ file, value }) => `${file} ${value}`)

test('v1: memory and swap together may not be less than memory alone at any moment', () => {
  const cpu = ['cpu.shares 256', 'cpu.cfs_period_us 100000', 'cpu.cfs_quota_us 50000']
  const [memory, withSwap] = ['memory.limit_in_bytes 67108864', 'memory.memsw.limit_in_bytes 67108864']
  expect(linesOf(LIMITS, 1, 0)).toEqual([...cpu, memory, withSwap])
  expect(linesOf(LIMITS, 1, 2 ** 30)).toEqual([...cpu, memory, withSwap])
  expect(linesOf(LIMITS, 1, 2 ** 20)).toEqual([...cpu, withSwap, memory])
  expect(linesOf(NONE, 1, 2 ** 20).slice(2)).toEqual([
    'cpu.cfs_quota_us -1',
    'memory.memsw.limit_in_bytes -1',
    'memory.limit_in_bytes -1',
  ])
})

test('v2', () => {
  expect(linesOf(LIMITS, 2, 0)).toEqual(['cpu.weight 10', 'cpu.max 50000 100000', 'memory.max 67108864', 'memory.swap.max 0'])
  expect(linesOf(NONE, 2, 0)).toEqual(['cpu.weight 1', 'cpu.max max 100000', 'memory.max max', 'memory.swap.max max'])
  expect([2, 1024, 262_144].map(weightOf)).toEqual([1, 39, 10_000])
})

test.for([1, 2] as const)('v%i: what was written is what is held, also where the kernel rounds', (version) => {
  const wanted = { ...LIMITS, memoryBytes: LIMITS.memoryBytes + 100 }
  for (const limits of [wanted, { ...NONE, cpuShares: 700 }]) {
    const files = new Map(writesOf(limits, version, 0).map(({ file, value }) => [file, value]))
    if (limits.memoryBytes > 0) files.set(version === 1 ? 'memory.limit_in_bytes' : 'memory.max', String(LIMITS.memoryBytes))
    else files.set('memory.limit_in_bytes', '9223372036854771712')
    expect(heldLimits((_, file) => `${files.get(file)}\n`, version, asWritten(limits))).toEqual(limits)
  }
})

test('what is held is told as it is where it isn’t what is wanted', () => {
  const files: Record<string, string> = { 'cpu.weight': '39', 'cpu.max': '5000 10000', 'memory.max': '1048576' }
  const held = heldLimits((_, file) => files[file] ?? '', 2, asWritten(LIMITS))
  expect(held).toEqual({ cpuShares: 999, cpuQuotaUs: 50_000, memoryBytes: 2 ** 20 })
})

test('a quota that is held as its driver keeps it is the one that is wanted', () => {
  const wanted = { ...LIMITS, cpuQuotaUs: 33_300, keptQuotaUs: 34_000 }
  const held = (quota: string) => heldLimits((_, file) => (file === 'cpu.max' ? quota : ''), 2, wanted).cpuQuotaUs
  expect([held('34000 100000'), held('33000 100000'), held('max 100000')]).toEqual([33_300, 33_000, 0])
})

/** By a driver that keeps quotas as they are. */
const asWritten = (limits: typeof LIMITS) => ({ ...limits, keptQuotaUs: limits.cpuQuotaUs })
