/** What a new agent makes of what it finds, against the real API server, on an engine in memory. */

import { PODS, type Pod, podIsReady } from '@skiff/api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { TestNode } from '../support/test-node.ts'
import { waitFor } from '../support/wait-for.ts'

let node: TestNode

beforeEach(async () => {
  node = await TestNode.start()
})

afterEach(() => node[Symbol.asyncDispose]())

test('an agent that has ended leaves no listener at its images', async () => {
  expect(node.agent.images.listeners).toBeGreaterThan(0)
  await node.agent.stop()
  expect(node.agent.images.listeners).toBe(0)
})

test('a new agent adopts what runs: nothing is restarted and a ready pod stays ready', async () => {
  await node.pods.create('kept', {})
  const before = await node.pods.that('kept', podIsReady)
  const { runtime, images } = node.agent
  await node.startAgent({ runtime, images })
  await waitFor(
    'the new agent looks after the pod',
    () => node.agent.running.pods.worker(before.metadata.uid)?.observed !== undefined,
  )
  const after = await node.pods.get('kept')
  expect(after.status?.containerStatuses).toEqual(before.status?.containerStatuses)
  expect(node.starts()).toEqual(['c'])
})

test('containers are made while the sandbox starts, and what an agent had only made when it died is made anew', async () => {
  const { runtime, images } = node.agent
  await node.pods.create('web', {})
  const { uid } = (await node.pods.that('web', podIsReady)).metadata
  expect(runtime.calls.filter((call) => / c$/.test(call))).toEqual(['createContainer c', 'startContainer c'])
  const running = node.idOf(uid, 'c')
  const spec = runtime.spec(running)
  await node.agent.stop()
  await runtime.removeContainer(running)
  if (spec !== undefined) await runtime.createContainer(spec)
  await node.startAgent({ runtime, images })
  await waitFor('it runs', () => runtime.running(uid, 'c') !== undefined)
  expect((await runtime.inspectPod(uid)).containers).toHaveLength(1)
})

test('after a restart of the machine a pod has the address that it had', async () => {
  await node.pods.create('first', {})
  await node.pods.that('first', podIsReady)
  await node.pods.create('second', {})
  const before = await node.pods.that('second', podIsReady)
  await node.client.delete(PODS, { namespace: 'default', name: 'first' }, { gracePeriodSeconds: 0 })
  await waitFor('the first is gone', async () => (await node.runtime.listPods()).length === 1)
  const { runtime, images } = node.agent
  await node.agent.stop()
  for (const { id } of (await runtime.inspectPod(before.metadata.uid)).sandboxes) runtime.exitSandbox(id)
  await node.startAgent({ runtime, images })
  const again = (now: Pod) => podIsReady(now) && now.status?.containerStatuses?.[0]?.restartCount === 1
  const after = await node.pods.that('second', again)
  expect(after.status?.podIP).toBe(before.status?.podIP)
})

test('what runs of a pod that was deleted while the agent was away is stopped and removed', async () => {
  await node.pods.create('forgotten', {})
  const { metadata } = await node.pods.that('forgotten', podIsReady)
  const { runtime, images } = node.agent
  await node.agent.stop()
  await node.client.delete(PODS, { namespace: 'default', name: 'forgotten' }, { gracePeriodSeconds: 0 })
  await node.startAgent({ runtime, images })
  await waitFor('nothing is left', async () => {
    const left = await runtime.inspectPod(metadata.uid)
    return left.containers.length + left.sandboxes.length === 0
  })
})
