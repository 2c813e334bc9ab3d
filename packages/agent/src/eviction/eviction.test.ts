import type { Pod } from '@skiff/api'
import { describe, expect, test } from 'vitest'
import { DEFAULT_EVICTION_HARD } from '../node/node-settings.ts'
import { evictionMessage } from './eviction-message.ts'
import { judgePressure, NO_PRESSURE, type PressureState } from './judge-pressure.ts'
import { type PodUse, rankPods } from './rank-pods.ts'
import { rejectedByPressure } from './rejected-by-pressure.ts'
import type { Observation, Observations, PressureCondition, Signal } from './signals.ts'
import { thresholdsOf } from './thresholds.ts'

const MI = 2 ** 20
const NONE = { hard: {}, soft: {}, softGraceMs: {}, minimumReclaim: {} }

interface PodWish {
  readonly memory?: string
  readonly storage?: string
  readonly priority?: number
  readonly tolerations?: Pod['spec']['tolerations']
}

function podOf(name: string, { memory, storage, priority, tolerations }: PodWish = {}): Pod {
  const requests = { ...(memory ? { memory } : {}), ...(storage ? { 'ephemeral-storage': storage } : {}) }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', uid: name },
    spec: {
      containers: [{ name: 'c', image: 'bb', resources: { requests } }],
      ...(priority === undefined ? {} : { priority }),
      ...(tolerations === undefined ? {} : { tolerations }),
    },
  } as Pod
}

const using = (pod: Pod, use: Partial<PodUse>): PodUse => ({ pod, memoryBytes: 0, processes: 0, diskBytes: 0, inodes: 0, ...use })
const names = (uses: readonly PodUse[]) => uses.map(({ pod }) => pod.metadata.name)

describe('who goes first', () => {
  test('of memory: those beyond their requests, the least important of them, the furthest beyond of those', () => {
    const ranked = rankPods(
      [
        using(podOf('within', { memory: '500Mi', priority: -10 }), { memoryBytes: 400 * MI }),
        using(podOf('important', { priority: 100 }), { memoryBytes: 900 * MI }),
        using(podOf('little', {}), { memoryBytes: 10 * MI }),
        using(podOf('beyond', { memory: '100Mi' }), { memoryBytes: 150 * MI }),
        using(podOf('nearer', { memory: '500Mi' }), { memoryBytes: 300 * MI }),
      ],
      'memory.available',
    )
    expect(names(ranked)).toEqual(['beyond', 'little', 'important', 'within', 'nearer'])
  })

  test('of the disk: by what they use beyond their requests of ephemeral-storage', () => {
    const uses = [
      using(podOf('within', { storage: '1Gi' }), { diskBytes: 900 * MI }),
      using(podOf('beyond', { storage: '10Mi' }), { diskBytes: 20 * MI }),
      using(podOf('unasked'), { diskBytes: 15 * MI }),
    ]
    expect(names(rankPods(uses, 'nodefs.available'))).toEqual(['unasked', 'beyond', 'within'])
  })

  test('of processes: the least important, then who has most', () => {
    const uses = [
      using(podOf('few'), { processes: 3 }),
      using(podOf('many'), { processes: 300 }),
      using(podOf('unimportant', { priority: -1 }), { processes: 1 }),
    ]
    expect(names(rankPods(uses, 'pid.available'))).toEqual(['unimportant', 'many', 'few'])
  })
})

describe('pressure', () => {
  const hard = thresholdsOf({
    ...NONE,
    hard: { 'memory.available': '100Mi', 'nodefs.available': '10%' },
    minimumReclaim: { 'nodefs.available': '5%' },
  })
  const disk = (available: number) => seeing({ 'nodefs.available': [available, 1000] })
  const judge = (observations: Observations, state: PressureState, nowMs: number, thresholds = hard) =>
    judgePressure({ thresholds, observations, state, transitionMs: 60_000, nowMs })

  test('begins below the threshold, and ends when as much as was to be reclaimed is there on top', () => {
    expect(judge(disk(100), NO_PRESSURE, 0).act).toBeUndefined()
    const begun = judge(disk(99), NO_PRESSURE, 0)
    expect([...begun.conditions]).toEqual(['DiskPressure'])
    expect(begun.act).toMatchObject({ signal: 'nodefs.available' })
    const still = judge(disk(149), begun.state, 10_000)
    expect(still.act).toMatchObject({ signal: 'nodefs.available' })
    expect(judge(disk(150), still.state, 20_000).act).toBeUndefined()
  })

  test('is shown for the transition period after it was last seen', () => {
    const begun = judge(disk(0), NO_PRESSURE, 0)
    const over = judge(disk(500), begun.state, 59_999)
    expect([...over.conditions]).toEqual(['DiskPressure'])
    expect(over.act).toBeUndefined()
    expect([...judge(disk(500), over.state, 60_000).conditions]).toEqual([])
  })

  test('of memory counts before that of the disk', () => {
    const both = seeing({ 'nodefs.available': [0, 1000], 'memory.available': [10 * MI, 1000 * MI] })
    const { act, conditions } = judge(both, NO_PRESSURE, 0)
    expect(act).toMatchObject({ signal: 'memory.available' })
    expect([...conditions].toSorted()).toEqual(['DiskPressure', 'MemoryPressure'])
  })

  test('by a soft threshold is shown at once, and ends pods when its time is over', () => {
    const soft = thresholdsOf({ ...NONE, soft: { 'pid.available': '50' }, softGraceMs: { 'pid.available': 30_000 } })
    const few = seeing({ 'pid.available': [40, 1000] })
    const begun = judge(few, NO_PRESSURE, 0, soft)
    expect([...begun.conditions]).toEqual(['PIDPressure'])
    expect(begun.act).toBeUndefined()
    expect(judge(few, begun.state, 29_999, soft).act).toBeUndefined()
    expect(judge(few, begun.state, 30_000, soft).act).toMatchObject({ signal: 'pid.available' })
    const between = judge(seeing({ 'pid.available': [60, 1000] }), begun.state, 20_000, soft)
    expect(judge(few, between.state, 40_000, soft).act).toBeUndefined()
  })

  test('says nothing new about what can’t be seen', () => {
    const begun = judge(disk(0), NO_PRESSURE, 0)
    expect([...judge(seeing({}), begun.state, 600_000).conditions]).toEqual(['DiskPressure'])
    expect([...judge(seeing({}), NO_PRESSURE, 0).conditions]).toEqual([])
  })
})

describe('thresholds', () => {
  test.for([
    [{ 'memory.free': '1' }, 'evictionHard: unknown eviction signal memory.free'],
    [{ 'memory.available': 'much' }, 'evictionHard: memory.available: "much" is neither a quantity'],
    [{ 'memory.available': 'x%' }, 'evictionHard: memory.available: "x%" is not a percentage'],
  ] as const)('%j are refused', ([hard, words]) => {
    expect(() => thresholdsOf({ ...NONE, hard })).toThrow(words)
  })

  test('soft ones need a time', () => {
    expect(() => thresholdsOf({ ...NONE, soft: { 'memory.available': '1Gi' } })).toThrow('has no evictionSoftGracePeriod')
  })

  test('of 0 are none, and the default ones are understood', () => {
    expect(thresholdsOf({ ...NONE, hard: { 'memory.available': '0', 'nodefs.available': '0%' } })).toEqual([])
    expect(thresholdsOf({ ...NONE, hard: DEFAULT_EVICTION_HARD })).toHaveLength(6)
  })
})

test('the message says what was short, and which containers took more than they had asked for', () => {
  const [threshold] = thresholdsOf({ ...NONE, hard: { 'memory.available': '100Mi' } })
  const pod = podOf('greedy', { memory: '64Mi' })
  const observations = seeing({ 'memory.available': [50 * MI, 1000 * MI] })
  const uses = new Map([['c', { memoryBytes: 200 * MI, diskBytes: 0 }]])

  expect(threshold && evictionMessage(pod, { threshold, observations, uses })).toBe(
    'The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. Container c was using 200Mi, request is 64Mi, has larger consumption of memory. ',
  )
})

describe('a node under pressure', () => {
  const tolerations = [{ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists' as const }]
  const bestEffort = { reason: 'Evicted', message: 'The node had condition: [MemoryPressure]. ' }
  test.for([
    ['of memory takes nobody who asked for none', ['MemoryPressure'], {}, bestEffort],
    ['of memory takes who asked for some', ['MemoryPressure'], { memory: '1Mi' }, undefined],
    ['of memory takes who tolerates it', ['MemoryPressure'], { tolerations }, undefined],
    ['takes whom the cluster needs', ['MemoryPressure', 'DiskPressure'], { priority: 2_000_000_000 }, undefined],
    [
      'of the disk takes nobody else',
      ['MemoryPressure', 'DiskPressure'],
      { memory: '1Mi', tolerations },
      { reason: 'Evicted', message: 'The node had condition: [MemoryPressure DiskPressure]. ' },
    ],
    ['no more takes everybody', [], {}, undefined],
  ] as const)('%s', ([, conditions, wish, expected]) => {
    expect(rejectedByPressure(podOf('p', wish), new Set<PressureCondition>(conditions))).toEqual(expected)
  })
})

function seeing(seen: Partial<Record<Signal, readonly [available: number, capacity: number]>>): Observations {
  const entries = Object.entries(seen) as [Signal, readonly [number, number]][]
  return new Map(entries.map(([signal, [available, capacity]]): [Signal, Observation] => [signal, { available, capacity }]))
}
