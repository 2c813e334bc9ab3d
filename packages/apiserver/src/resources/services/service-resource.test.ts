import { type KubeObject, SERVICES, type Service } from '@skiff/api'
import { describe, expect, test } from 'vitest'
import { cloneJson } from '../../patch/json-value.ts'
import { ClaimTable } from '../../registry/claims.ts'
import type { Claims, StrategyContext } from '../../registry/resource-definition.ts'
import { serviceResource } from './service-resource.ts'

describe('cluster IPs', () => {
  test('differ from all that are taken, and lie above those kept for services that ask', () => {
    const cluster = new Cluster({ serviceCidr: '10.96.0.0/24' })
    const services = Array.from({ length: 200 }, (_, index) => cluster.create(service({ name: `s${index}` })))

    const addresses = services.map(({ spec }) => spec.clusterIP ?? '')
    expect(new Set(addresses).size).toBe(200)
    expect(addresses.map((address) => Number(address.split('.')[3])).every((last) => last > 16 && last < 255)).toBe(true)
  })

  test('are taken from the lower band when the upper one is full', () => {
    const cluster = new Cluster({ serviceCidr: '10.96.0.0/27' })
    for (let index = 0; index < 30; index++) cluster.create(service({ name: `s${index}` }))

    expect(cluster.addresses()).toHaveLength(30)
    expect(() => cluster.create(service({ name: 'one-more' }))).toThrow('range is full')
  })

  test('are refused when another service has them', () => {
    const cluster = new Cluster()
    cluster.create(service({ name: 'a', clusterIP: '10.96.0.10' }))

    expect(() => cluster.create(service({ name: 'b', clusterIP: '10.96.0.10' }))).toThrow(
      'Service "b" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.10"]: failed to allocate IP 10.96.0.10: provided IP is already allocated',
    )
  })

  test('are refused outside of the range', () => {
    expect(() => new Cluster().create(service({ name: 'b', clusterIP: '10.97.0.1' }))).toThrow(
      'the provided IP (10.97.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16',
    )
  })

  test('are not given twice while a write is under way, and are free again when it failed', () => {
    const cluster = new Cluster()
    const claims = new ClaimTable()
    const [first, second, third] = [claims.open(), claims.open(), claims.open()]
    const ask = () => service({ name: 'x', clusterIP: '10.96.0.10' })
    cluster.prepare(ask(), first)

    expect(() => cluster.prepare(ask(), second)).toThrow('provided IP is already allocated')
    first.release()
    expect(cluster.prepare(ask(), third).spec.clusterIP).toBe('10.96.0.10')
  })

  test('are kept by an update that does not name them, and may not change', () => {
    const cluster = new Cluster()
    const old = cluster.create(service({ name: 'a' }))

    const updated = cluster.update(service({ name: 'a' }), old)

    expect(updated.spec.clusterIPs).toEqual(old.spec.clusterIPs)
    const moved = cluster.update({ ...old, spec: { ...old.spec, clusterIP: '10.96.9.9' } }, old)
    const problems = serviceResource.strategy.validateUpdate?.(moved as unknown as KubeObject, old as unknown as KubeObject)
    expect(problems).toEqual([
      { type: 'Invalid', field: 'spec.clusterIPs[0]', badValue: ['10.96.9.9'], detail: 'may not change once set' },
    ])
  })

  test('are none for headless and external services', () => {
    const cluster = new Cluster()

    expect(cluster.create(service({ name: 'a', clusterIP: 'None' })).spec).toMatchObject({
      clusterIP: 'None',
      clusterIPs: ['None'],
    })
    expect(cluster.create(service({ name: 'b', type: 'ExternalName', externalName: 'a.b' })).spec).not.toHaveProperty('clusterIP')
  })

  test('go when a service becomes external', () => {
    const cluster = new Cluster()
    const old = cluster.create(service({ name: 'a' }))

    const updated = cluster.update({ ...old, spec: { ...old.spec, type: 'ExternalName', externalName: 'a.b' } }, old)

    expect(updated.spec).not.toHaveProperty('clusterIP')
    expect(serviceResource.strategy.validate(updated as unknown as KubeObject)).toEqual([])
  })
})

describe('node ports', () => {
  test('are given to every port of a NodePort service, one for two protocols of a port', () => {
    const ports = [
      { name: 'dns', port: 53, protocol: 'UDP' as const },
      { name: 'dns-tcp', port: 53, protocol: 'TCP' as const },
      { name: 'web', port: 80 },
    ]

    const { spec } = new Cluster().create(service({ name: 'a', type: 'NodePort', ports }))

    const [udp, tcp, web] = (spec.ports ?? []).map(({ nodePort }) => nodePort ?? 0)
    expect(udp).toBe(tcp)
    expect(web).not.toBe(udp)
    expect([udp, web].every((port) => port !== undefined && port >= 30_000 && port <= 32_767)).toBe(true)
  })

  test('are refused when another service has them', () => {
    const cluster = new Cluster()
    const asking = (name: string) => service({ name, type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] })
    cluster.create(asking('a'))

    expect(() => cluster.create(asking('b'))).toThrow(
      'spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated',
    )
  })

  test('are kept by an update, by the names of ports', () => {
    const cluster = new Cluster()
    const old = cluster.create(service({ name: 'a', type: 'NodePort', ports: [{ name: 'x', port: 80 }] }))

    const updated = cluster.update(service({ name: 'a', type: 'NodePort', ports: [{ name: 'x', port: 81 }] }), old)

    expect(updated.spec.ports?.[0]).toMatchObject({ port: 81, nodePort: old.spec.ports?.[0]?.nodePort })
  })

  test('go with the type that had them', () => {
    const cluster = new Cluster()
    const old = cluster.create(service({ name: 'a', type: 'NodePort' }))

    const updated = cluster.update({ ...old, spec: { ...old.spec, type: 'ClusterIP' } }, old)

    expect(updated.spec.ports?.[0]).not.toHaveProperty('nodePort')
    expect(updated.spec).not.toHaveProperty('externalTrafficPolicy')
    expect(serviceResource.strategy.validate(updated as unknown as KubeObject)).toEqual([])
  })

  test('run out', () => {
    const cluster = new Cluster({ nodePorts: { first: 30_000, last: 30_001 } })
    cluster.create(service({ name: 'a', type: 'NodePort' }))
    cluster.create(service({ name: 'b', type: 'NodePort' }))

    expect(() => cluster.create(service({ name: 'c', type: 'NodePort' }))).toThrow('failed to allocate a nodePort: range is full')
  })
})

/** The stored services and what the strategies may ask of a cluster. */
class Cluster {
  private readonly stored = new Map<string, Service>()
  private readonly config: StrategyContext['cluster']
  private seed = 1

  constructor(config: Partial<StrategyContext['cluster']> = {}) {
    this.config = {
      serviceCidr: '10.96.0.0/16',
      podCidr: '10.244.0.0/16',
      nodePorts: { first: 30_000, last: 32_767 },
      clusterDomain: 'cluster.local',
      defaultTolerationSeconds: 5,
      ...config,
    }
  }

  create(draft: Service): Service {
    const created = this.prepare(draft, new ClaimTable().open())
    this.stored.set(created.metadata.name, created)
    return created
  }

  prepare(draft: Service, claims: Claims): Service {
    const object = cloneJson(draft)
    serviceResource.strategy.default?.(object as unknown as KubeObject)
    serviceResource.strategy.prepareForCreate?.(object as unknown as KubeObject, this.context(claims))
    return object
  }

  update(draft: Service, old: Service): Service {
    const object = cloneJson(draft)
    serviceResource.strategy.default?.(object as unknown as KubeObject)
    const context = this.context(new ClaimTable().open())
    serviceResource.strategy.prepareForUpdate?.(object as unknown as KubeObject, old as unknown as KubeObject, context)
    return object
  }

  addresses(): string[] {
    return [...new Set([...this.stored.values()].map(({ spec }) => spec.clusterIP ?? ''))]
  }

  private context(claims: Claims): StrategyContext {
    return {
      user: { name: 'admin', groups: [] },
      now: new Date(0),
      random: () => this.random(),
      dryRun: false,
      cluster: this.config,
      objects: {
        get: () => undefined,
        list: <T>(info: object) => (info === SERVICES ? [...this.stored.values()] : []) as unknown as readonly T[],
      },
      claims,
    }
  }

  /** The same numbers in every run. */
  private random(): number {
    this.seed = (this.seed * 48_271) % 2_147_483_647
    return this.seed / 2_147_483_647
  }
}

function service({ name, ...spec }: { name: string } & Partial<Service['spec']>): Service {
  const ports = spec.type === 'ExternalName' ? {} : { ports: [{ port: 80 }] }
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'n' },
    spec: { ...ports, ...spec },
  } as unknown as Service
}
