import type { EndpointSlice, Pod, Service } from '@skiff/api'
import { expect, test } from 'vitest'
import { aRunningPod, aService, metaOf } from '../testing/objects.ts'
import { planEndpointSlices } from './plan.ts'
import { isQuiet } from './quiet-plan.ts'
import { podsOfService } from './service-pods.ts'

const labels = { app: 'hello' }
const ready = (name: string) => aRunningPod(name, { metadata: { labels } })
const starting = (name: string) => aRunningPod(name, { metadata: { labels }, status: { podIP: '10.244.0.9', conditions: [] } })
const leaving = (name: string) => aRunningPod(name, { metadata: { labels, deletionTimestamp: '2026-01-01T00:00:00Z' } })

function changeIsQuiet(before: readonly Pod[], after: readonly Pod[], service: Service = aService('hello')): boolean {
  const plan = (pods: readonly Pod[], slices: readonly EndpointSlice[]) =>
    planEndpointSlices(service, { pods: podsOfService(service, pods), slices, zoneOf: () => undefined })
  const slices = plan(before, []).create.map((slice) => ({ ...slice, metadata: metaOf('hello-1', slice.metadata as object) }))
  return isQuiet(plan(after, slices as EndpointSlice[]), service, podsOfService(service, after))
}

test('a pod that is not ready yet is told of quietly, and its readiness is not', () => {
  expect(changeIsQuiet([ready('a')], [ready('a'), starting('b')])).toBe(true)
  expect(changeIsQuiet([ready('a'), starting('b')], [ready('a'), ready('b')])).toBe(false)
  expect(changeIsQuiet([ready('a')], [ready('a'), ready('b')])).toBe(false)
})

test('that a pod begins to leave is told at once, and that it has left when nobody would be sent to it', () => {
  expect(changeIsQuiet([ready('a'), ready('b')], [ready('a'), leaving('b')])).toBe(false)
  expect(changeIsQuiet([ready('a'), leaving('b')], [ready('a')])).toBe(true)
  expect(changeIsQuiet([starting('a'), starting('b')], [starting('a')])).toBe(true)
})

test('that one has left which may still be sent something is told at once', () => {
  expect(changeIsQuiet([ready('a'), ready('b')], [ready('a')])).toBe(false)
  expect(changeIsQuiet([starting('a'), leaving('b')], [starting('a')])).toBe(false)
  for (const policy of ['internalTrafficPolicy', 'externalTrafficPolicy'])
    expect(changeIsQuiet([ready('a'), leaving('b')], [ready('a')], aService('hello', { [policy]: 'Local' }))).toBe(false)
})

test('several changes are quiet only when each is', () => {
  expect(changeIsQuiet([ready('a'), leaving('b')], [ready('a'), starting('c')])).toBe(true)
  expect(changeIsQuiet([ready('a'), leaving('b')], [leaving('a'), starting('c')])).toBe(false)
})

test('nothing is quiet of a Service that publishes pods which are not ready, or of its labels', () => {
  const publishing = aService('hello', { publishNotReadyAddresses: true })
  expect(changeIsQuiet([ready('a')], [ready('a'), starting('b')], publishing)).toBe(false)
  const service = aService('hello')
  const [slice] = planEndpointSlices(service, { pods: [], slices: [], zoneOf: () => undefined }).create
  const old = { ...slice, metadata: metaOf('hello-1', { ...slice?.metadata, labels: { ...slice?.metadata.labels, old: 'x' } }) }
  const plan = planEndpointSlices(service, { pods: [], slices: [old as EndpointSlice], zoneOf: () => undefined })
  expect(plan.update).toHaveLength(1)
  expect(isQuiet(plan, service, [])).toBe(false)
})
