import { expect, test } from 'vitest'
import type { RemovableImage } from '../runtime/runtime.ts'
import { bytesToFree, DEFAULT_IMAGE_GC, type ImageGcPolicy, inOrderOfUse } from './choose-garbage.ts'
import { ImageCollector } from './image-collector.ts'

const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
const NOW_MS = 1_800_000_000_000
const HOUR_MS = 3_600_000

const image = (id: string, sizeBytes: number, hoursUnused: number): RemovableImage => ({
  id,
  names: [`${id}:1`],
  sizeBytes,
  lastUsedMs: NOW_MS - hoursUnused * HOUR_MS,
  firstSeenMs: NOW_MS - hoursUnused * HOUR_MS,
})
const disk = (availableBytes: number) => ({
  capacityBytes: 1000,
  availableBytes,
  usedBytes: 1000 - availableBytes,
  inodes: 0,
  inodesFree: 0,
  inodesUsed: 0,
})

test.for([
  [500, 0],
  [160, 0],
  [150, 50],
  [20, 180],
] as const)('with %i of 1000 bytes free, %i must be freed', ([available, expected]) => {
  expect(bytesToFree(disk(available), DEFAULT_IMAGE_GC)).toBe(expected)
})

test('the least recently used go first', () => {
  expect(inOrderOfUse([image('b', 1, 2), image('a', 1, 1), image('c', 1, 3)]).map(({ id }) => id)).toEqual(['c', 'b', 'a'])
})

test('as many go as are needed, the young ones stay', async () => {
  const { collector, removed } = collecting([image('a', 30, 1), image('b', 30, 3), image('c', 30, 2), image('new', 99, 0)], 150)

  await collector.collect()

  expect(removed).toEqual(['b', 'c'])
})

test('too little to be freed is told in the kubelet’s words', async () => {
  const { collector, told } = collecting([image('a', 30, 1)], 50)

  await expect(collector.collect()).rejects.toThrow()

  expect(told).toEqual([
    'Warning FreeDiskSpaceFailed Failed to garbage collect required amount of images. Attempted to free 150 bytes, but only found 30 bytes eligible to free.',
  ])
})

test('what is still used does not count as freed', async () => {
  const { collector, removed } = collecting([image('used', 60, 5), image('a', 60, 1)], 150)

  await collector.collect()

  expect(removed).toEqual(['a'])
})

test('what nobody has used for long goes, however much room there is', async () => {
  const { collector, removed } = collecting([image('a', 1, 1), image('old', 1, 30)], 900, { maximumAgeMs: 24 * HOUR_MS })

  await collector.collect()

  expect(removed).toEqual(['old'])
})

function collecting(images: readonly RemovableImage[], availableBytes: number, policy: Partial<ImageGcPolicy> = {}) {
  const removed: string[] = []
  const told: string[] = []
  const remove = async ({ id }: RemovableImage) => {
    if (id === 'used') return false
    removed.push(id)
    return true
  }
  const collector = new ImageCollector({
    images: { removable: async () => images, remove },
    policy: { ...DEFAULT_IMAGE_GC, ...policy },
    disk: async () => disk(availableBytes),
    say: (...words) => told.push(words.join(' ')),
    now: () => new Date(NOW_MS),
    logger: SILENT,
    signal: new AbortController().signal,
  })
  return { collector, removed, told }
}
