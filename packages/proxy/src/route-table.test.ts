import type { EndpointSlice, Service } from '@skiff/api'
import { describe, expect, it } from 'vitest'
import { buildRouteTable } from './route-table.ts'
import { metadata } from './testing/objects.ts'

function service(spec: Partial<Service['spec']> = {}): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata('web'),
    spec: { clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7'], ports: [{ port: 80, protocol: 'TCP' }], ...spec },
  }
}

type Conditions = { ready?: boolean; serving?: boolean; terminating?: boolean }

function slice(endpoints: [ip: string, conditions: Conditions, node?: string][]): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: metadata('web-1'),
    addressType: 'IPv4',
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
    endpoints: endpoints.map(([ip, conditions, nodeName = 'a']) => ({ addresses: [ip], conditions, nodeName })),
  }
}

function routeOf(spec: Partial<Service['spec']>, endpoints: Parameters<typeof slice>[0]) {
  const [route] = buildRouteTable({ services: [service(spec)], slicesOf: () => [slice(endpoints)], nodeName: 'a' }).routes
  if (!route) throw new Error('there is no route')
  return route
}

describe('the route table', () => {
  it('sends a Service to its ready endpoints only', () => {
    const route = routeOf({}, [
      ['10.244.1.2', { ready: true }],
      ['10.244.1.3', { ready: false, serving: true, terminating: true }],
      ['10.244.1.4', {}],
    ])
    expect(route.backends).toEqual([
      { ip: '10.244.1.2', port: 8080 },
      { ip: '10.244.1.4', port: 8080 },
    ])
  })

  it('falls back to endpoints that leave but still serve when none is ready', () => {
    const route = routeOf({}, [
      ['10.244.1.2', { ready: false, serving: true, terminating: true }],
      ['10.244.1.3', { ready: false, serving: false }],
    ])
    expect(route.backends).toEqual([{ ip: '10.244.1.2', port: 8080 }])
  })

  it('keeps traffic from outside on this host with externalTrafficPolicy Local', () => {
    const route = routeOf({ type: 'NodePort', externalTrafficPolicy: 'Local', ports: [{ port: 80, nodePort: 30001 }] }, [
      ['10.244.1.2', { ready: true }, 'a'],
      ['10.244.2.2', { ready: true }, 'b'],
    ])
    expect(route.backends).toHaveLength(2)
    expect(route.externalBackends).toEqual([{ ip: '10.244.1.2', port: 8080 }])
    expect(route.keepsSource).toBe(true)
  })

  it('remembers clients for as long as the Service says', () => {
    const affinity = (sessionAffinity: 'ClientIP' | 'None', timeoutSeconds?: number) =>
      routeOf({ sessionAffinity, ...(timeoutSeconds ? { sessionAffinityConfig: { clientIP: { timeoutSeconds } } } : {}) }, [])
    expect(affinity('ClientIP', 60).affinitySeconds).toBe(60)
    expect(affinity('ClientIP').affinitySeconds).toBe(10_800)
    expect(affinity('None').affinitySeconds).toBeUndefined()
  })

  it('leaves headless Services and external names alone', () => {
    const services = [
      service({ clusterIP: 'None', clusterIPs: ['None'] }),
      service({ type: 'ExternalName', clusterIP: '', externalName: 'example.com' }),
    ]
    expect(buildRouteTable({ services, slicesOf: () => [], nodeName: 'a' }).routes).toEqual([])
  })

  it('gives the same table whatever order the endpoints come in', () => {
    const forth = routeOf({}, [['10.244.1.2', {}], ['10.244.2.3', {}], ['10.244.1.9', {}]]) // biome-ignore format: one line
    const back = routeOf({}, [['10.244.1.9', {}], ['10.244.2.3', {}], ['10.244.1.2', {}]]) // biome-ignore format: one line
    expect(forth).toEqual(back)
  })
})
