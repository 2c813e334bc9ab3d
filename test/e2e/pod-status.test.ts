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
import { asInThisVersion, certainSteps, isPassing, isWhatComesAfter, unhurried } from './testdata/pod-status-differences.ts'

const LONGEST_WAIT_MS = 90_000
/** It is stopped before anybody deletes it. */
const STOPPED_BY_ITSELF = 'deadline exceeded'

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster({ hosts: 1, sampleImages: false, isPatient: true })
  // The record was made with an image without /tmp: its `touch` fails.
  await importBusybox(cluster.host(0), 'bb:1', { tmp: false })
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

for (const [index, recorded] of recordedPods('pod-status.jsonl').entries()) {
  test.concurrent(recorded.case, { timeout: 3 * LONGEST_WAIT_MS }, () => replay(recorded, `s${index}`))
}

async function replay(recorded: RecordedPod, name: string): Promise<void> {
  const { steps, events } = asInThisVersion(recorded)
  const { client } = cluster
  const { resourceVersion: since } = await client.list(PODS)
  await using pod = new WatchedPod(client, { name, since })
  const spec = { ...unhurried(recorded.spec), nodeName: cluster.host(0).name }
  await client.create(PODS, { metadata: { name, namespace: 'default' }, spec } as never)

  const beforeItsEnd = events.filter((event) => !event.endsWith('Stopping container c') || recorded.case === STOPPED_BY_ITSELF)
  const missingStep = () => missing(certainSteps(steps), pod.steps, isWhatComesAfter)
  await until(pod, 'all that happens', () => missingStep() ?? missing(beforeItsEnd, pod.events))
  const lived = pod.steps.length
  await client.delete(PODS, { name, namespace: 'default' })
  await until(pod, 'the end', () => (pod.isGone ? missing(events, pod.events) : 'its deletion'))

  const all = everythingOf(pod)
  expect(
    pod.steps.slice(0, lived).filter((step) => !steps.includes(step) && !isPassing(step, steps)),
    all,
  ).toEqual([])
  expect(pod.events, all).toEqual(events)
  expect(pod.steps.at(-1), all).not.toMatch(/: runs|^Running/)
}

async function until(pod: WatchedPod, what: string, problem: () => string | undefined): Promise<void> {
  const ask = () => {
    const now = problem()
    if (now !== undefined) throw new Error(`not yet: ${now}\n\n${everythingOf(pod)}`)
    return true
  }
  await waitFor(`${what} of ${pod.name}`, ask, LONGEST_WAIT_MS)
}

function everythingOf({ name, steps, events }: WatchedPod): string {
  return [`all steps of ${name}:`, ...steps, `all events of ${name}:`, ...events].join('\n\n')
}

/** The first of the texts that has not been seen, nor what may stand for it, or not in its place. */
function missing(
  texts: readonly string[],
  seen: readonly string[],
  standsFor: (text: string, other: string) => boolean = () => false,
): string | undefined {
  let from = 0
  for (const text of texts) {
    const at = seen.findIndex((other, index) => index >= from && (other === text || standsFor(text, other)))
    if (at < 0) return text
    from = at + 1
  }
  return undefined
}
