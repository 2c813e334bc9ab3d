import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FairLevel } from './fair-level.ts'

const LIMITS = { seats: 1, waitingPerFlow: 100, waiting: 200 }

/** A level whose only seat is taken, and who was seated since. */
function busyLevel(limits = LIMITS) {
  const level = new FairLevel(limits)
  const seated: string[] = []
  level.sit('first')
  const queue = (flow: string) => level.wait(flow, { seated: () => void seated.push(flow) })
  const serve = (flow: string, tookMs = 2) => {
    level.rise(flow, tookMs)
    level.seatNext()
  }
  return { level, seated, queue, serve }
}

test('one that asks once is served next to one that asks a hundred times', () => {
  const { seated, queue, serve } = busyLevel()
  for (let n = 0; n < 100; n += 1) queue('greedy')
  queue('modest')

  serve('first')
  serve('greedy')

  expect(seated).toContain('modest')
})

test('who takes long is served less often', () => {
  const { seated, queue, serve } = busyLevel()
  for (let n = 0; n < 60; n += 1) queue('slow')
  for (let n = 0; n < 60; n += 1) queue('quick')

  serve('first')
  for (let n = 0; n < 40; n += 1) serve(seated.at(-1) ?? '', seated.at(-1) === 'slow' ? 30 : 3)

  const share = seated.filter((flow) => flow === 'slow').length / seated.length
  expect(share).toBeLessThan(0.2)
  expect(share).toBeGreaterThan(0)
})

test('one that was away doesn’t make up for the time', () => {
  const { seated, queue, serve } = busyLevel()
  for (let n = 0; n < 80; n += 1) queue('steady')
  serve('first')
  for (let n = 0; n < 50; n += 1) serve('steady')
  for (let n = 0; n < 20; n += 1) queue('late')
  const before = seated.length

  for (let n = 0; n < 20; n += 1) serve(seated.at(-1) ?? '')

  const steady = seated.slice(before).filter((flow) => flow === 'steady').length
  expect(steady).toBeGreaterThanOrEqual(8)
})

test('a line that is full takes nobody, another flow’s line does', () => {
  const { queue } = busyLevel({ seats: 1, waitingPerFlow: 2, waiting: 3 })

  expect([queue('a'), queue('a'), queue('a'), queue('b'), queue('b')]).toEqual([true, true, false, true, false])
})

test('never seats more than it has seats, and in the end everybody who waited and didn’t leave', () => {
  const step = fc.record({ flow: fc.constantFrom('a', 'b', 'c'), act: fc.constantFrom('wait', 'rise', 'leave') })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 80 }), (seats, steps) => {
      const level = new FairLevel({ seats, waitingPerFlow: 10, waiting: 20 })
      const running: string[] = []
      const waiting: { flow: string; seated: () => void }[] = []
      for (const { flow, act } of steps) {
        if (act === 'wait') {
          const seated = () => {
            running.push(flow)
            waiting.splice(waiting.indexOf(waiter), 1)
          }
          const waiter = { flow, seated }
          if (level.wait(flow, waiter)) waiting.push(waiter)
        } else if (act === 'leave' && waiting[0] !== undefined) {
          const [left] = waiting.splice(0, 1)
          if (left !== undefined) expect(level.leave(left.flow, left)).toBe(true)
        } else if (running[0] !== undefined) {
          level.rise(running.shift() ?? '', 1)
        }
        while (level.seatNext());
        expect(running.length).toBeLessThanOrEqual(seats)
        expect([level.running, level.waiting]).toEqual([running.length, waiting.length])
      }
      while (running.length > 0) {
        level.rise(running.shift() ?? '', 1)
        while (level.seatNext());
      }
      expect(waiting).toEqual([])
    }),
  )
})
