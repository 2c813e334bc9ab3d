import type { EndpointSlice, Endpoints } from '@skiff/api'
import { expect, test } from 'vitest'
import { metaOf } from '../testing/objects.ts'
import { planMirror } from './plan.ts'

const PORTS = [{ name: 'http', port: 80, protocol: 'TCP' }] as const
const endpoints = (subsets: Endpoints['subsets'], metadata: object = {}): Endpoints =>
  ({ metadata: metaOf('by-hand', metadata), subsets }) as Endpoints

/** What the server makes of the slices that a plan creates. */
function stored(plan: ReturnType<typeof planMirror>): EndpointSlice[] {
  return plan.create.map((slice, index) => ({ ...slice, metadata: metaOf(`s${index}`, slice.metadata as object) }))
}

test('one slice for each set of ports and family, owned by the Endpoints, with their labels and annotations', () => {
  const target = { kind: 'Pod', name: 'p', uid: 'u' }
  const plan = planMirror(
    endpoints(
      [
        { addresses: [{ ip: '10.0.0.1', nodeName: 'n', targetRef: target }, { ip: 'fd00::1' }], ports: [...PORTS] },
        { notReadyAddresses: [{ ip: '10.0.0.2', hostname: 'h' }], ports: [...PORTS] },
      ],
      { labels: { a: 'b' }, annotations: { c: 'd', 'kubectl.kubernetes.io/last-applied-configuration': '{}' } },
    ),
    [],
  )
  expect(plan.create).toMatchObject([
    {
      addressType: 'IPv4',
      metadata: {
        labels: {
          a: 'b',
          'kubernetes.io/service-name': 'by-hand',
          'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
        },
        annotations: { c: 'd' },
        ownerReferences: [{ kind: 'Endpoints', name: 'by-hand', controller: true }],
      },
      ports: PORTS,
      endpoints: [
        { addresses: ['10.0.0.1'], conditions: { ready: true }, nodeName: 'n', targetRef: target },
        { addresses: ['10.0.0.2'], conditions: { ready: false }, hostname: 'h' },
      ],
    },
    { addressType: 'IPv6', endpoints: [{ addresses: ['fd00::1'] }] },
  ])
  expect(plan.create[0]?.metadata.annotations).toEqual({ c: 'd' })
})

test('a slice that says the same stays, one that says something else is rewritten, the others go', () => {
  const before = endpoints([{ addresses: [{ ip: '10.0.0.1' }], ports: [...PORTS] }])
  const slices = stored(planMirror(before, []))
  expect(planMirror(before, slices)).toEqual({ create: [], update: [], remove: [] })

  const moved = planMirror(endpoints([{ addresses: [{ ip: '10.0.0.9' }], ports: [...PORTS] }]), slices)
  expect(moved).toMatchObject({
    create: [],
    update: [{ slice: slices[0], content: { endpoints: [{ addresses: ['10.0.0.9'] }] } }],
  })

  const otherPort = planMirror(endpoints([{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 81 }] }]), slices)
  expect(otherPort).toMatchObject({ create: [{ ports: [{ name: '', port: 81, protocol: 'TCP' }] }], remove: slices })
  expect(planMirror(undefined, slices)).toEqual({ create: [], update: [], remove: slices })
})

test('slices of others are left alone', () => {
  const [slice] = stored(planMirror(endpoints([{ addresses: [{ ip: '10.0.0.1' }], ports: [...PORTS] }]), []))
  const foreign = {
    ...slice,
    metadata: metaOf('theirs', { labels: { 'kubernetes.io/service-name': 'by-hand' } }),
  } as EndpointSlice
  expect(planMirror(undefined, [foreign])).toEqual({ create: [], update: [], remove: [] })
})
