import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nextPodCidr } from './plan.ts'

test('gives the lowest free /24 of the range', () => {
  expect(nextPodCidr('10.244.0.0/16', new Set())).toBe('10.244.0.0/24')
  expect(nextPodCidr('10.244.0.0/16', new Set(['10.244.0.0/24', '10.244.2.0/24']))).toBe('10.244.1.0/24')
})

test('says that the range is used up', () => {
  expect(nextPodCidr('10.244.4.0/23', new Set(['10.244.4.0/24', '10.244.5.0/24']))).toBeUndefined()
})

test('begins at the network of a range that is written with host bits', () => {
  expect(nextPodCidr('10.244.7.9/16', new Set())).toBe('10.244.0.0/24')
})

test('never gives one range twice, and gives all there are', () => {
  fc.assert(
    fc.property(fc.integer({ min: 18, max: 24 }), (bits) => {
      const taken = new Set<string>()
      for (;;) {
        const cidr = nextPodCidr(`172.20.0.0/${bits}`, taken)
        if (cidr === undefined) break
        expect(taken.has(cidr)).toBe(false)
        taken.add(cidr)
      }
      expect(taken.size).toBe(2 ** (24 - bits))
    }),
  )
})
