import { expect, test } from 'vitest'
import { runController } from '../controller/run-controller.ts'
import { WorkQueue } from '../controller/work-queue.ts'
import { exposition } from './exposition.ts'
import { Counter, Histogram } from './meters.ts'
import { QueueMeters } from './queue-meters.ts'

test('writes help, type and samples, with labels escaped and times in milliseconds', () => {
  const samples = [
    { labels: { path: 'a"b\\c\nd' }, value: 1.5, at: new Date(1_000) },
    { labels: {}, value: Number.POSITIVE_INFINITY },
  ]
  expect(exposition([{ name: 'size', help: 'How\nlarge.', type: 'gauge', samples }])).toBe(
    '# HELP size How\\nlarge.\n# TYPE size gauge\nsize{path="a\\"b\\\\c\\nd"} 1.5 1000\nsize +Inf\n',
  )
})

test('says nothing of what has no samples', () => {
  expect(exposition([{ name: 'size', help: '', type: 'gauge', samples: [] }])).toBe('')
})

test('counts by labels, and forgets those that are gone', () => {
  const counter = new Counter('calls_total', 'Calls.')
  counter.increment({ kind: 'a' })
  counter.increment({ kind: 'a' })
  counter.increment({ kind: 'b' })
  counter.forget(({ kind }) => kind === 'b')
  expect(exposition([counter.family()])).toContain('calls_total{kind="a"} 2\n')
  expect(exposition([counter.family()])).not.toContain('"b"')
})

test('a histogram’s buckets hold everything up to their bound', () => {
  const histogram = new Histogram('seconds', 'Time.', [0.1, 1])
  for (const value of [0.05, 0.1, 0.5, 3]) histogram.observe(value, { kind: 'a' })
  expect(exposition([histogram.family()]).split('\n').slice(2, -1)).toEqual([
    'seconds_bucket{kind="a",le="0.1"} 2',
    'seconds_bucket{kind="a",le="1"} 3',
    'seconds_bucket{kind="a",le="+Inf"} 4',
    'seconds_sum{kind="a"} 3.65',
    'seconds_count{kind="a"} 4',
  ])
})

test('a controller’s work is counted under its name: what waits, how long it takes, what failed', async () => {
  const [meters, queue, stop] = [new QueueMeters(), new WorkQueue({ retryInitialMs: 1 }), new AbortController()]
  let calls = 0
  const reconcile = async () => {
    calls += 1
    if (calls === 1) throw new Error('once')
    stop.abort()
  }
  const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
  queue.add('key')
  await runController({ name: 'sample', queue, reconcile, meters, logger, signal: stop.signal })
  const text = exposition(meters.families())
  expect(text).toContain('workqueue_depth{name="sample"} 0\n')
  expect(text).toContain('workqueue_work_duration_seconds_count{name="sample"} 2\n')
  expect(text).toContain('workqueue_retries_total{name="sample"} 1\n')
})
