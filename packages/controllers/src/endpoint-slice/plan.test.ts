import type { EndpointSlice, Pod, Service } from '@skiff/api'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type aPod, aRunningPod, aService, metaOf } from '../testing/objects.ts'
import { planEndpointSlices } from './plan.ts'
import { podsOfService } from './service-pods.ts'

const labels = { app: 'hello' }
const pod = (name: string, parts: Parameters<typeof aPod>[1] = {}) =>
  aRunningPod(name, { ...parts, metadata: { labels, ...parts.metadata } })

/** Slices as the server keeps them, so that plans follow one another. */
class Slices {
  all: EndpointSlice[] = []
  #named = 0

  apply(service: Service, pods: readonly Pod[]) {
    const zoneOf = (node: string) => (node === 'node-1' ? 'zone-a' : undefined)
    const plan = planEndpointSlices(service, { pods: podsOfService(service, pods), slices: this.all, zoneOf })
    this.all = this.all
      .filter((slice) => !plan.remove.includes(slice))
      .map((slice) => {
        const content = plan.update.find((one) => one.slice === slice)?.content
        return content
          ? { ...slice, ports: [...content.ports] as NonNullable<EndpointSlice['ports']>, endpoints: [...content.endpoints] }
          : slice
      })
    for (const slice of plan.create) {
      this.#named += 1
      this.all.push({ ...slice, metadata: metaOf(`slice-${this.#named}`, slice.metadata as object) })
    }
    return plan
  }

  addresses() {
    return this.all.flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses)).sort()
  }
}

describe('an endpoint', () => {
  const conditionsOf = (one: Pod, service = aService('hello')) => {
    const slices = new Slices()
    slices.apply(service, [one])
    return slices.all[0]?.endpoints?.[0]?.conditions
  }
  test('of a ready pod is ready and serving', () => {
    expect(conditionsOf(pod('a'))).toEqual({ ready: true, serving: true, terminating: false })
  })
  test('of a ready pod that leaves is serving and terminating but not ready', () => {
    expect(conditionsOf(pod('a', { metadata: { labels, deletionTimestamp: 'now' } }))).toEqual({
      ready: false,
      serving: true,
      terminating: true,
    })
  })
  test('of a pod that is not ready is neither, unless the Service publishes such pods', () => {
    const starting = pod('a', { status: { podIP: '10.244.0.9', conditions: [] } })
    expect(conditionsOf(starting)).toEqual({ ready: false, serving: false, terminating: false })
    expect(conditionsOf(starting, aService('hello', { publishNotReadyAddresses: true }))?.ready).toBe(true)
  })
  test('says pod, node and zone, and its own name behind a headless Service', () => {
    const slices = new Slices()
    slices.apply(aService('hello', { clusterIP: 'None' }), [pod('a', { spec: { hostname: 'web-0', subdomain: 'hello' } })])
    expect(slices.all[0]).toMatchObject({
      metadata: {
        labels: { 'kubernetes.io/service-name': 'hello', 'service.kubernetes.io/headless': '' },
        ownerReferences: [{ kind: 'Service', name: 'hello' }],
      },
      addressType: 'IPv4',
      ports: [{ name: '', port: 8080, protocol: 'TCP' }],
      endpoints: [
        {
          addresses: ['10.244.0.5'],
          hostname: 'web-0',
          nodeName: 'node-1',
          zone: 'zone-a',
          targetRef: { kind: 'Pod', name: 'a', namespace: 'default', uid: 'uid-a' },
        },
      ],
    })
  })
})

test('leaves out pods that ended, have no address or are not selected', () => {
  const slices = new Slices()
  slices.apply(aService('hello'), [
    pod('ended', { status: { phase: 'Succeeded' } }),
    pod('starting', { status: { phase: 'Pending', podIP: '' } }),
    pod('stranger', { metadata: { labels: { app: 'other' } } }),
  ])
  expect(slices.all).toHaveLength(1)
  expect(slices.addresses()).toEqual([])
})

test('pods that serve a named port under different numbers get slices of their own', () => {
  const withPort = (name: string, containerPort: number) =>
    pod(name, { spec: { containers: [{ name: 'c', image: 'i', ports: [{ name: 'http', containerPort }] }] } })
  const slices = new Slices()
  slices.apply(aService('hello', { ports: [{ name: 'web', port: 80, targetPort: 'http' }] }), [
    withPort('a', 8080),
    withPort('b', 9090),
  ])
  expect(slices.all.map(({ ports }) => ports?.[0]?.port).sort()).toEqual([8080, 9090])
})

test('holds at most 100 endpoints in a slice and moves none when one pod goes', () => {
  const pods = Array.from({ length: 250 }, (_, i) =>
    pod(`p${i}`, { status: { phase: 'Running', podIP: `10.244.${i >> 8}.${i & 255}` } }),
  )
  const slices = new Slices()
  slices.apply(aService('hello'), pods)
  expect(slices.all.map(({ endpoints }) => endpoints?.length)).toEqual([100, 100, 50])
  const plan = slices.apply(aService('hello'), pods.slice(1))
  expect(plan.update).toHaveLength(1)
  expect(plan.create).toEqual([])
})

test('keeps one empty slice when the last pod goes and uses it for the next', () => {
  const slices = new Slices()
  slices.apply(aService('hello'), [pod('a')])
  expect(slices.apply(aService('hello'), [])).toMatchObject({ create: [], remove: [] })
  expect(slices.all[0]?.endpoints).toEqual([])
  expect(slices.apply(aService('hello'), [pod('b')])).toMatchObject({ create: [], remove: [] })
  expect(slices.apply(aService('hello'), [pod('b')])).toEqual({ create: [], update: [], remove: [] })
})

test('leaves slices that someone else manages alone', () => {
  const slices = new Slices()
  const foreign: EndpointSlice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: metaOf('foreign', { labels: { 'kubernetes.io/service-name': 'hello' } }),
    addressType: 'IPv4',
    endpoints: [],
  }
  slices.all = [foreign]
  slices.apply(aService('hello'), [pod('a')])
  expect(slices.all).toContain(foreign)
  expect(slices.all).toHaveLength(2)
})

test('says every pod once, whatever comes and goes, and then has nothing left to do', () => {
  fc.assert(
    fc.property(fc.array(fc.uniqueArray(fc.nat(400), { maxLength: 350 }), { maxLength: 8 }), (rounds) => {
      const slices = new Slices()
      for (const round of rounds) {
        const pods = round.map((i) => pod(`p${i}`, { status: { phase: 'Running', podIP: `10.1.${i >> 8}.${i & 255}` } }))
        slices.apply(aService('hello'), pods)
        expect(slices.addresses()).toEqual(pods.map(({ status }) => status?.podIP).sort())
        expect(slices.all.every(({ endpoints }) => (endpoints ?? []).length <= 100)).toBe(true)
        expect(slices.apply(aService('hello'), pods)).toEqual({ create: [], update: [], remove: [] })
      }
    }),
    { numRuns: 30 },
  )
})
