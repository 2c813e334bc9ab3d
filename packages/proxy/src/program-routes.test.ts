import type { EndpointSlice, Service } from '@skiff/api'
import pino from 'pino'
import { expect, it } from 'vitest'
import { createChangeFlag } from './change-flag.ts'
import { programRoutes } from './program-routes.ts'
import type { RouteTable } from './route-table.ts'
import { metadata } from './testing/objects.ts'

const service: Service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: metadata('web'),
  spec: { clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7'], ports: [{ port: 80 }] },
}

function sliceOf(...addresses: readonly string[]): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: metadata('web-1'),
    addressType: 'IPv4',
    ports: [{ name: '', port: 8080 }],
    endpoints: addresses.map((ip) => ({ addresses: [ip] })),
  }
}

/** What the informers give, and a kernel whose next answer the test holds back or makes fail. */
function arrange() {
  let slice = sliceOf()
  let revision = 0
  let raise = () => {}
  const tables: RouteTable[] = []
  const acknowledged: string[] = []
  const applications: (() => Promise<void>)[] = []
  const stop = new AbortController()
  const done = programRoutes({
    kernel: {
      async apply(table) {
        tables.push(table)
        await applications.shift()?.()
      },
    },
    services: { list: () => [service], onChange: () => () => {} },
    slices: {
      revision: () => String(revision),
      onChange(listener) {
        raise = () => listener({ type: 'updated', key: 'default/web-1', object: slice })
        return () => {}
      },
    },
    slicesOf: () => [slice],
    nodeName: 'here',
    changes: createChangeFlag(stop.signal),
    onProgrammed: (seen) => acknowledged.push(seen),
    logger: pino({ level: 'silent' }),
    signal: stop.signal,
  })
  const change = (...addresses: readonly string[]) => {
    revision++
    slice = sliceOf(...addresses)
    raise()
  }
  return { tables, acknowledged, applications, change, stop: () => [stop.abort(), done][1] }
}

const backendsIn = (table: RouteTable | undefined) => table?.routes[0]?.backends.map(({ ip }) => ip)

it('acknowledges a revision only when the kernel has it', async () => {
  const { tables, acknowledged, applications, change, stop } = arrange()
  const written = Promise.withResolvers<void>()
  applications.push(() => written.promise)
  change('10.244.1.2')
  await expect.poll(() => tables.length).toBe(1)
  change('10.244.1.3')
  expect(acknowledged).toEqual([])
  written.resolve()
  await expect.poll(() => acknowledged).toEqual(['1', '2'])
  expect(tables.map(backendsIn)).toEqual([['10.244.1.2'], ['10.244.1.3']])
  await stop()
})

it('makes one pass of changes that come while it is busy', async () => {
  const { tables, acknowledged, applications, change, stop } = arrange()
  const written = Promise.withResolvers<void>()
  applications.push(() => written.promise)
  await expect.poll(() => tables.length).toBe(1)
  for (let i = 2; i < 12; i++) change(`10.244.1.${i}`)
  written.resolve()
  await expect.poll(() => acknowledged).toEqual(['0', '10'])
  await stop()
})

it('tries again, without acknowledging, what the kernel refused', async () => {
  const { tables, acknowledged, applications, change, stop } = arrange()
  applications.push(() => Promise.reject(new Error('no such kernel')))
  change('10.244.1.2')
  await expect.poll(() => acknowledged).toEqual(['1'])
  expect(tables).toHaveLength(2)
  await stop()
})
