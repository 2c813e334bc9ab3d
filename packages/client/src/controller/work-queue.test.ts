import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WorkQueue } from './work-queue.ts'

const forever = new AbortController().signal

describe('work queue', () => {
  it('hands out a key once that was added twice, in the order of adding', async () => {
    const queue = new WorkQueue()
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key)
    expect(queue.size).toBe(3)
    expect([await queue.next(forever), await queue.next(forever), await queue.next(forever)]).toEqual(['a', 'b', 'c'])
  })

  it('holds back a key that is being worked on, and hands it out again afterwards', async () => {
    const queue = new WorkQueue()
    queue.add('a')
    await queue.next(forever)
    queue.add('a')
    queue.add('a')
    queue.add('b')
    expect(await queue.next(forever)).toBe('b')
    expect(queue.size).toBe(0)
    queue.done('a')
    expect(await queue.next(forever)).toBe('a')
    queue.done('a')
    expect(queue.size).toBe(0)
  })

  it('wakes those who wait, first come first served, and lets them go when they are stopped', async () => {
    const queue = new WorkQueue()
    const stop = new AbortController()
    const waiting = [queue.next(forever), queue.next(stop.signal), queue.next(forever)]
    stop.abort()
    queue.add('a')
    queue.add('b')
    expect(await Promise.all(waiting)).toEqual(['a', undefined, 'b'])
    expect(await queue.next(stop.signal)).toBeUndefined()
  })

  it('never loses a key and never hands one out twice at a time, whatever the order of calls', async () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd')
    const step = fc.oneof(
      fc.record({ type: fc.constant('add' as const), key }),
      fc.record({ type: fc.constant('next' as const) }),
      fc.record({ type: fc.constant('done' as const), pick: fc.nat() }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
        const queue = new WorkQueue()
        const held: string[] = []
        // Keys whose last `add` was not yet followed by a hand-out.
        const owed = new Set<string>()
        const take = async () => {
          const taken = (await queue.next(forever)) ?? ''
          expect(held).not.toContain(taken)
          held.push(taken)
          expect(owed.delete(taken)).toBe(true)
        }
        const release = (pick: number) => {
          const [released] = held.splice(pick % held.length, 1)
          if (released !== undefined) queue.done(released)
        }
        for (const one of steps) {
          if (one.type === 'add') {
            queue.add(one.key)
            owed.add(one.key)
          } else if (one.type === 'next') {
            if (queue.size > 0) await take()
          } else if (held.length > 0) release(one.pick)
        }
        while (held.length > 0) release(0)
        while (queue.size > 0) await take()
        expect([...owed]).toEqual([])
      }),
      { numRuns: 300 },
    )
  })
})

describe('work queue delays', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const drain = async (queue: WorkQueue) => {
    const keys: (string | undefined)[] = []
    while (queue.size > 0) {
      const key = await queue.next(forever)
      keys.push(key)
      queue.done(key ?? '')
    }
    return keys
  }

  it('adds keys at their time, in the order of their times', async () => {
    const queue = new WorkQueue()
    const delays = [500, 20, 300, 1, 80, 300, 7]
    for (const [n, ms] of delays.entries()) queue.addAfter(`${ms}-${n}`, ms)
    vi.advanceTimersByTime(100)
    expect(await drain(queue)).toEqual(['1-3', '7-6', '20-1', '80-4'])
    vi.advanceTimersByTime(400)
    expect((await drain(queue)).map((key) => key?.split('-')[0])).toEqual(['300', '300', '500'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('keeps the earliest of several delays of a key', async () => {
    const queue = new WorkQueue()
    queue.addAfter('a', 100)
    queue.addAfter('a', 10)
    queue.addAfter('a', 500)
    vi.advanceTimersByTime(10)
    expect(await drain(queue)).toEqual(['a'])
    vi.advanceTimersByTime(1_000)
    expect(await drain(queue)).toEqual([])
  })

  it('adds at once what needs no delay', () => {
    const queue = new WorkQueue()
    queue.addAfter('a', 0)
    expect(queue.size).toBe(1)
  })

  it('survives delays beyond what one timer can do', async () => {
    const queue = new WorkQueue()
    const fiftyDays = 50 * 24 * 3_600_000
    queue.addAfter('a', fiftyDays)
    vi.advanceTimersByTime(fiftyDays - 1)
    expect(queue.size).toBe(0)
    vi.advanceTimersByTime(1)
    expect(queue.size).toBe(1)
  })

  it('doubles the delay of a key with each failure, up to the limit, until it is forgotten', async () => {
    const queue = new WorkQueue({ retryInitialMs: 10, retryMaxMs: 50 })
    const delays: number[] = []
    for (let n = 0; n < 5; n += 1) delays.push(await delayOf(queue))
    expect(delays).toEqual([10, 20, 40, 50, 50])
    expect(queue.failures('a')).toBe(5)
    queue.forget('a')
    expect(await delayOf(queue)).toBe(10)
  })

  it('leaves no timer behind when it is closed', () => {
    const queue = new WorkQueue()
    queue.addAfter('a', 1_000)
    queue.close()
    expect(vi.getTimerCount()).toBe(0)
  })

  async function delayOf(queue: WorkQueue): Promise<number> {
    queue.addRateLimited('a')
    const before = performance.now()
    while (queue.size === 0) vi.advanceTimersByTime(1)
    await drain(queue)
    return Math.round(performance.now() - before)
  }
})
