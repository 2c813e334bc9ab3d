/** The Service network of one host: watches Services and EndpointSlices, programs the kernel, answers DNS. */
import { ENDPOINT_SLICES, type EndpointSlice, NAMESPACES, type Namespace, SERVICES, type Service } from '@skiff/api'
import { type ApiClient, createInformer } from '@skiff/client'
import type { Logger } from 'pino'
import { startDnsServer } from './dns/dns-server.ts'
import { hostNameServers } from './dns/upstream.ts'
import type { ZoneData } from './dns/zone.ts'
import { setUpHost, tearDownHost } from './kernel/host-setup.ts'
import { createKernelRoutes } from './kernel/kernel-routes.ts'
import { programRoutes } from './program-routes.ts'

export interface ProxyOptions {
  readonly client: ApiClient
  readonly nodeName: string
  /** Names the kernel's table: two clusters on one host do not meet. */
  readonly clusterId: string
  readonly serviceCidr: string
  readonly clusterDomain: string
  readonly dnsAddress: string
  readonly logger: Logger
  readonly signal: AbortSignal
  /** Told the EndpointSlice revision that the kernel's routes have reached. */
  readonly onProgrammed: (endpointsRevision: string) => void
}

const DNS_PORT = 53
const SERVICE_OF_SLICE = 'kubernetes.io/service-name'

/** Resolves when the signal ends it. The kernel's rules stay: connections go on while the proxy restarts. */
export async function startProxy(options: ProxyOptions): Promise<void> {
  const { client, logger, signal, serviceCidr, dnsAddress } = options
  const services = createInformer<Service>(client, SERVICES, { logger, signal, indexes: { clusterIp: (service) => service.spec.clusterIPs ?? [] } })
  const slices = createInformer<EndpointSlice>(client, ENDPOINT_SLICES, { logger, signal, indexes: { service: serviceOfSlice } })
  const namespaces = createInformer<Namespace>(client, NAMESPACES, { logger, signal })
  for (const informer of [services, slices, namespaces]) informer.start()
  await setUpHost({ serviceCidr, dnsAddress })
  await Promise.all([services.synced, slices.synced, namespaces.synced])

  const slicesOf = (namespace: string, service: string) => slices.byIndex('service', `${namespace}/${service}`)
  const zone: ZoneData = {
    domain: options.clusterDomain,
    service: (namespace, name) => services.get(`${namespace}/${name}`),
    serviceByClusterIp: (ip) => services.byIndex('clusterIp', ip)[0],
    namespaceExists: (name) => namespaces.get(name) !== undefined,
    slicesOf,
  }
  const dns = await startDnsServer({ address: dnsAddress, port: DNS_PORT, zone, upstream: () => hostNameServers('/etc/resolv.conf', dnsAddress), logger })
  try {
    await programRoutes({
      kernel: createKernelRoutes({ name: tableName(options.clusterId), serviceCidr, dnsAddress }),
      services,
      slices,
      slicesOf,
      nodeName: options.nodeName,
      onProgrammed: options.onProgrammed,
      logger,
      signal,
    })
  } finally {
    await dns.close()
  }
}

/** Takes everything of the proxy's off this host (`skiff down --purge`). */
export async function removeProxy(options: Pick<ProxyOptions, 'clusterId' | 'serviceCidr' | 'dnsAddress'>): Promise<void> {
  await createKernelRoutes({ name: tableName(options.clusterId), ...options }).remove()
  await tearDownHost(options)
}

function tableName(clusterId: string): string {
  return `skiff_${clusterId.replaceAll('-', '').slice(0, 8)}`
}

function serviceOfSlice(slice: EndpointSlice): string[] {
  const service = slice.metadata.labels?.[SERVICE_OF_SLICE]
  return service === undefined ? [] : [`${slice.metadata.namespace}/${service}`]
}
