/** How the agent ends pods that are deleted, against the real API server, on an engine in memory. */

import { FakeRuntime, ImageError } from '@skiff/agent/testing'
import { ENDPOINT_SLICES, PODS, podIsReady, SERVICES } from '@skiff/api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { TestNode } from '../support/test-node.ts'
import { waitFor } from '../support/wait-for.ts'

let node: TestNode

beforeEach(async () => {
  node = await TestNode.start()
})

afterEach(() => node[Symbol.asyncDispose]())

const SERVED = {
  metadata: { namespace: 'default', name: 'served' },
  spec: { selector: { app: 'served' }, ports: [{ port: 80 }] },
}

test('a deleted pod is stopped, says how it ended, and leaves nothing', async () => {
  await node.pods.create('leaving', {})
  const { metadata } = await node.pods.that('leaving', podIsReady)
  await node.client.delete(PODS, { namespace: 'default', name: 'leaving' })
  await waitFor('the pod is gone', async () => await node.pods.isGone('leaving'))
  const left = await node.runtime.inspectPod(metadata.uid)
  expect([...left.containers, ...left.sandboxes]).toEqual([])
  expect(node.agent.network.plumbed.has(metadata.uid)).toBe(false)
  await node.pods.areTold('leaving', ['Killing'])
})

test('the sandbox of a pod that leaves goes with the last process, before the engine tells of that', async () => {
  class LateEngine extends FakeRuntime {
    override async stopContainer(id: string, graceSeconds: number) {
      const stopped = await super.stopContainer(id, graceSeconds)
      await waitFor('the sandbox is removed', () => this.calls.includes('removeSandbox leaving'))
      return stopped
    }
  }
  await node.startAgent({ runtime: new LateEngine() })
  await node.pods.create('leaving', {})
  await node.pods.that('leaving', podIsReady)
  await node.pods.delete('leaving')
  await waitFor('the pod is gone', async () => await node.pods.isGone('leaving'))
  expect(node.runtime.calls.filter((call) => call === 'removeSandbox leaving')).toHaveLength(1)
})

test('a pod that leaves is not stopped before its endpoints have been taken out', async () => {
  let takenOut = false
  const order: boolean[] = []
  const onTerm = () => order.push(takenOut) - 1
  await node.client.create(SERVICES, SERVED as never)
  await node.startAgent({ runtime: new FakeRuntime({ onTerm }) })
  await node.pods.create('served', {}, { labels: { app: 'served' } })
  const { metadata } = await node.pods.that('served', podIsReady)
  const endpoint = {
    addresses: ['10.244.1.2'],
    targetRef: { kind: 'Pod', namespace: 'default', name: 'served', uid: metadata.uid },
  }
  const slice = { metadata: { namespace: 'default', name: 'served-1' }, addressType: 'IPv4', ports: [] }
  await node.client.create(ENDPOINT_SLICES, { ...slice, endpoints: [{ ...endpoint, conditions: { ready: true } }] } as never)
  await node.client.delete(PODS, { namespace: 'default', name: 'served' })
  await node.pods.that('served', (pod) => pod.metadata.deletionTimestamp)
  takenOut = true
  const endpoints = [{ ...endpoint, conditions: { ready: false, terminating: true } }]
  await node.client.patch(ENDPOINT_SLICES, { namespace: 'default', name: 'served-1' }, { type: 'merge', body: { endpoints } })
  await waitFor('the pod is gone', async () => await node.pods.isGone('served'))
  expect(order).toEqual([true])
})

test('a pod that leaves waits for a proxy that is slow, but not for ever', async () => {
  let endedAtMs = 0
  const onTerm = () => {
    endedAtMs = performance.now()
    return 0
  }
  await node.client.create(SERVICES, SERVED as never)
  await node.startAgent({ runtime: new FakeRuntime({ onTerm }) })
  await node.pods.create('served', {}, { labels: { app: 'served' } })
  const { metadata } = await node.pods.that('served', podIsReady)
  const endpoint = { addresses: ['10.244.1.2'], conditions: { ready: false, terminating: true } }
  const targetRef = { kind: 'Pod', namespace: 'default', name: 'served', uid: metadata.uid }
  const slice = { metadata: { namespace: 'default', name: 'served-1' }, addressType: 'IPv4', ports: [] }
  await node.client.create(ENDPOINT_SLICES, { ...slice, endpoints: [{ ...endpoint, targetRef }] } as never)
  let beats = 0
  // It gets on all the time, and never so far.
  const beat = () => node.api.liveness.beat('slow', beats++ / 1e6)
  beat()
  const beating = setInterval(beat, 100)
  const begin = performance.now()
  await node.pods.delete('served')
  await waitFor('the pod is gone', () => node.pods.isGone('served')).finally(() => clearInterval(beating))
  // As long as a silent node is waited for.
  expect(endedAtMs - begin).toBeGreaterThan(5_000)
})

test('a pod that is deleted before it could start has failed, and so has what of it never ran', async () => {
  node.agent.images.fail('app:1', new ImageError('ErrImagePull', 'no such image'))
  await node.pods.create('unpullable', {}, { finalizers: ['example.com/keep'] })
  // ErrImagePull is shown for some milliseconds only.
  await node.pods.that(
    'unpullable',
    ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'ImagePullBackOff',
  )
  await node.pods.delete('unpullable')
  const { status } = await node.pods.that('unpullable', (pod) => pod.status?.phase === 'Failed')
  expect(status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was terminated',
  })
})
