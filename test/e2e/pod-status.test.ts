/**
 * The pods of testdata/pod-status.jsonl, run on a real Docker daemon: what the agent writes into their status, and the events about
 * them, are what a real kubelet wrote, step by step. What differs is listed in testdata/pod-status-differences.ts, with reasons.
 */

import { PODS } from '@skiff/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { type RecordedPod, recordedPods, WatchedPod } from '../support/recorded-pods.ts'
import { importBusybox } from '../support/test-image.ts'
import { waitFor } from '../support/wait-for.ts'
import { asInThisVersion, isOvertaken, isPassing } from './testdata/pod-status-differences.ts'

const LONGEST_WAIT_MS = 90_000
/** Its three seconds begin when the agent first sees the pod: beside others it might not come to run at all. */
const ALONE = 'deadline exceeded'

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster({ hosts: 1, sampleImages: false })
  // The record was made with an image without /tmp: its `touch` fails.
  await importBusybox(cluster.host(0), 'bb:1', { tmp: false })
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

for (const [index, recorded] of recordedPods('pod-status.jsonl').entries()) {
  const run = recorded.case === ALONE ? test : test.concurrent
  run(recorded.case, { timeout: 3 * LONGEST_WAIT_MS }, () => replay(recorded, `s${index}`))
}

async function replay(recorded: RecordedPod, name: string): Promise<void> {
  const { steps, events } = asInThisVersion(recorded)
  const { client } = cluster
  const { resourceVersion: since } = await client.list(PODS)
  await using pod = new WatchedPod(client, { name, since })
  const spec = { ...recorded.spec, nodeName: cluster.host(0).name }
  await client.create(PODS, { metadata: { name, namespace: 'default' }, spec } as never)

  const beforeItsEnd = events.filter((event) => !event.endsWith('Stopping container c') || recorded.case === ALONE)
  const certain = steps.filter((step, index) => !isOvertaken(step, steps[index + 1]))
  await until(`all that happens to ${name}`, () => missing(certain, pod.steps) ?? missing(beforeItsEnd, pod.events))
  const lived = pod.steps.length
  await client.delete(PODS, { name, namespace: 'default' })
  await until(`the end of ${name}`, () => (pod.isGone ? missing(events, pod.events) : 'its deletion'))

  expect(pod.steps.slice(0, lived).filter((step) => !steps.includes(step) && !isPassing(step, steps))).toEqual([])
  // A probe's second may be too short for a machine that has much to do.
  expect(pod.events.filter((event) => !event.includes('timed out after'))).toEqual(events)
  expect(pod.steps.at(-1)).not.toMatch(/: runs|^Running/)
}

async function until(what: string, problem: () => string | undefined): Promise<void> {
  const ask = () => {
    const now = problem()
    if (now !== undefined) throw new Error(`not yet: ${now}`)
    return true
  }
  await waitFor(what, ask, LONGEST_WAIT_MS)
}

/** The first of the texts that has not been seen, or not in its place. */
function missing(texts: readonly string[], seen: readonly string[]): string | undefined {
  let from = 0
  for (const text of texts) {
    const at = seen.indexOf(text, from)
    if (at < 0) return `${text}\nin\n${seen.slice(from).join('\n\n')}`
    from = at + 1
  }
  return undefined
}
