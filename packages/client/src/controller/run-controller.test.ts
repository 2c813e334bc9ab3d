import { conflict } from '@skiff/api'
import { describe, expect, it, vi } from 'vitest'
import { collectingLog } from '../testing/log.fixture.ts'
import { runController } from './run-controller.ts'
import { WorkQueue } from './work-queue.ts'

describe('controller', () => {
  function setUp(reconcile: Parameters<typeof runController>[0]['reconcile'], concurrency = 1) {
    const queue = new WorkQueue({ retryInitialMs: 1, retryMaxMs: 2 })
    const stop = new AbortController()
    const logger = collectingLog()
    const stopped = runController({ name: 'test', queue, reconcile, concurrency, logger, signal: stop.signal })
    return {
      queue,
      logger,
      stop: async () => {
        stop.abort()
        await stopped
      },
    }
  }

  it('tries a key again until it succeeds', async () => {
    let attempts = 0
    const { queue, logger, stop } = setUp(async () => {
      attempts += 1
      if (attempts < 4) throw new Error('not yet')
    })
    queue.add('a')
    await vi.waitFor(() => expect(attempts).toBe(4), { interval: 1, timeout: 30_000 })
    await stop()
    expect(queue.failures('a')).toBe(0)
    expect(logger.lines.map(({ level, message }) => `${level} ${message}`)).toEqual(Array(3).fill('warn failed, will retry'))
  })

  it('says a conflict only to those who debug: it means that the cache was behind', async () => {
    let attempts = 0
    const { queue, logger, stop } = setUp(async () => {
      attempts += 1
      if (attempts === 1) throw conflict('pods', 'a')
    })
    queue.add('a')
    await vi.waitFor(() => expect(attempts).toBe(2), { interval: 1, timeout: 30_000 })
    await stop()
    expect(logger.lines.map(({ level }) => level)).toEqual(['debug'])
  })

  it('looks at a key again when asked to', async () => {
    let calls = 0
    const { queue, stop } = setUp(async () => {
      calls += 1
      return calls < 3 ? { requeueAfterMs: 1 } : undefined
    })
    queue.add('a')
    await vi.waitFor(() => expect(calls).toBe(3), { interval: 1, timeout: 30_000 })
    await stop()
  })

  it('works on so many keys at once, and waits for them when it is stopped', async () => {
    const release = Promise.withResolvers<void>()
    let running = 0
    let most = 0
    const { queue, stop } = setUp(async () => {
      running += 1
      most = Math.max(most, running)
      await release.promise
      running -= 1
    }, 3)
    for (const key of ['a', 'b', 'c', 'd']) queue.add(key)
    await vi.waitFor(() => expect(running).toBe(3), { interval: 1, timeout: 30_000 })
    const stopping = stop()
    release.resolve()
    await stopping
    expect([running, most]).toEqual([0, 3])
  })
})
