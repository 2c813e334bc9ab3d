/** Probes and what the agent makes of them, against the real API server, on an engine in memory. */

import { FakeRuntime } from '@skiff/agent/testing'
import { PODS, type Pod, podIsReady } from '@skiff/api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { C, TestNode } from '../support/test-node.ts'

let node: TestNode

beforeEach(async () => {
  node = await TestNode.start()
})

afterEach(() => node[Symbol.asyncDispose]())

test('a container without a probe result is not ready, a passed probe makes it so, and a failed one ends that', async () => {
  let answer = 1
  await node.startAgent({ runtime: new FakeRuntime({ exec: () => ({ exitCode: answer, stdout: 'not yet' }) }) })
  const readinessProbe = { exec: { command: ['check'] }, periodSeconds: 1, failureThreshold: 1 }
  await node.pods.create('probed', { containers: [{ ...C, readinessProbe }] })
  const pod = await node.pods.that('probed', ({ status }) => status?.phase === 'Running')
  expect(podIsReady(pod)).toBe(false)
  await node.pods.areTold('probed', ['Unhealthy'])
  answer = 0
  await node.pods.that('probed', podIsReady)
  answer = 1
  await node.pods.that('probed', (now) => !podIsReady(now))
})

test('a clock that is behind keeps no probe waiting', async () => {
  const runtime = new FakeRuntime({ exec: () => ({ exitCode: 0 }) })
  await node.startAgent({ runtime, now: () => new Date(Date.now() - 3_600_000) })
  const readinessProbe = { exec: { command: ['check'] } }
  await node.pods.create('probed', { containers: [{ ...C, readinessProbe }] })
  await node.pods.that('probed', podIsReady)
})

test('a container that fails its liveness probe is killed and started again, and never told to have ended in between', async () => {
  await node.startAgent({ runtime: new FakeRuntime({ exec: ({ attempt }) => ({ exitCode: attempt > 0 ? 0 : 1 }) }) })
  const livenessProbe = { exec: { command: ['check'] }, periodSeconds: 1, failureThreshold: 1 }
  const { metadata } = await node.pods.create('sick', { containers: [{ ...C, livenessProbe }] })
  const pod = await node.pods.that('sick', (now) => podIsReady(now) && now.status?.containerStatuses?.[0]?.restartCount === 1)
  expect(pod.status?.containerStatuses?.[0]?.lastState?.terminated).toBeDefined()
  await node.pods.areTold('sick', ['Unhealthy', 'Killing'])
  const told: string[] = []
  const { signal } = new AbortController()
  for await (const { object } of node.client.watch<Pod>(PODS, { resourceVersion: metadata.resourceVersion, signal })) {
    told.push(...(object.status?.containerStatuses ?? []).flatMap(({ state }) => Object.keys(state ?? {})))
    if (object.metadata.resourceVersion === pod.metadata.resourceVersion) break
  }
  expect(told).toContain('running')
  expect(told).not.toContain('terminated')
})
