/** The Service network of one host: watches Services and EndpointSlices, programs the kernel, answers DNS and HTTP by name. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ENDPOINT_SLICES, type EndpointSlice, NAMESPACES, type Namespace, SERVICES, type Service } from '@skiff/api'
import { type ApiClient, Checkpoint, createInformer, type Informer, snapshotIn } from '@skiff/client'
import type { Logger } from 'pino'
import { type ChangeFlag, createChangeFlag } from './change-flag.ts'
import { serveDns } from './dns/serve-dns.ts'
import { createNameServerList } from './dns/upstream.ts'
import type { ZoneData } from './dns/zone.ts'
import { serveGateway } from './gateway/serve-gateway.ts'
import { setUpHost, tearDownHost } from './kernel/host-setup.ts'
import { createKernelRoutes, type KernelRoutes } from './kernel/kernel-routes.ts'
import { watchTableDeletions } from './kernel/watch-tables.ts'
import { programRoutes } from './program-routes.ts'
import { SERVICE_OF_SLICE } from './route-table.ts'

export interface ProxyOptions {
  readonly client: ApiClient
  readonly nodeName: string
  /** Names the kernel's table: two clusters on one host do not meet. */
  readonly clusterId: string
  readonly serviceCidr: string
  readonly clusterDomain: string
  readonly dnsAddress: string
  /** Where this host's own programs reach HTTP Services by name, on 127.0.0.1 and ::1; 0 for nowhere, by default 80. */
  readonly gatewayPort?: number
  /** Where it keeps what it last knew of the API, for a start while the master is away. */
  readonly checkpointDirectory: string
  readonly logger: Logger
  readonly signal: AbortSignal
  /** Told the EndpointSlice revision that the kernel's routes have reached. */
  readonly onProgrammed: (endpointsRevision: string) => void
}

const DNS_PORT = 53
const DEFAULT_GATEWAY_PORT = 80
/** So long it waits for the master; then it goes on from what it last knew. */
const MASTER_PATIENCE_MS = 3_000

/**
 * Resolves when the signal ends it; rejects when the host can't be set up. The kernel's rules stay: connections go on
 * while the proxy restarts.
 */
export async function startProxy(options: ProxyOptions): Promise<void> {
  const failure = new AbortController()
  const signal = AbortSignal.any([options.signal, failure.signal])
  try {
    await runProxy({ ...options, signal })
  } finally {
    failure.abort()
  }
}

async function runProxy(options: ProxyOptions): Promise<void> {
  const {
    client,
    logger,
    signal,
    nodeName,
    onProgrammed,
    clusterDomain,
    dnsAddress,
    gatewayPort = DEFAULT_GATEWAY_PORT,
  } = options
  const checkpoint = new Checkpoint({
    directory: options.checkpointDirectory,
    cluster: options.clusterId,
    node: nodeName,
    logger,
  })
  const services = createInformer<Service>(client, SERVICES, {
    logger,
    signal,
    indexes: { clusterIp: (service) => service.spec.clusterIPs ?? [] },
    snapshot: snapshotIn(checkpoint, 'services'),
  })
  const slices = createInformer<EndpointSlice>(client, ENDPOINT_SLICES, {
    logger,
    signal,
    indexes: { service: serviceOfSlice },
    snapshot: snapshotIn(checkpoint, 'endpoint-slices'),
  })
  const namespaces = createInformer<Namespace>(client, NAMESPACES, {
    logger,
    signal,
    snapshot: snapshotIn(checkpoint, 'namespaces'),
  })
  const informers = [services, slices, namespaces]
  for (const informer of informers) informer.start()
  void restoreLate(informers, signal)
  const slicesOf = (namespace: string, service: string) => slices.byIndex('service', `${namespace}/${service}`)

  const kernel = createKernelRoutes(tableOf(options), logger)
  const changes = createChangeFlag(signal)
  // Also when nothing has changed since: what was restored has no revision that could be acknowledged.
  slices.current.then(changes.raise).catch(() => undefined)
  await setUpHost(hostOf(options), logger)
  const watching = watchTableDeletions(() => void mend(options, kernel, changes), logger, signal)

  const synced = Promise.allSettled(informers.map((informer) => informer.synced))
  let isComplete = false
  const zone: ZoneData = {
    domain: clusterDomain,
    isComplete: () => isComplete,
    service: (namespace, name) => services.get(`${namespace}/${name}`),
    serviceByClusterIp: (ip) => services.byIndex('clusterIp', ip)[0],
    namespaceExists: (name) => namespaces.get(name) !== undefined,
    slicesOf,
    slices: () => slices.list(),
  }
  const upstream = createNameServerList('/etc/resolv.conf', dnsAddress)
  const dns = serveDns({ address: dnsAddress, port: DNS_PORT, zone, upstream, logger, signal })
  const routes = synced.then(async () => {
    if (signal.aborted) return
    isComplete = true
    const cluster = { domain: clusterDomain, nodeName, services, slicesOf }
    const gateway = gatewayPort === 0 ? undefined : serveGateway({ port: gatewayPort, cluster, logger, signal })
    await Promise.all([
      gateway,
      programRoutes({ kernel, services, slices, slicesOf, nodeName, changes, onProgrammed, logger, signal }),
    ])
  })
  await Promise.all([watching, dns, routes])
  await checkpoint.flush()
}

async function restoreLate(informers: readonly Pick<Informer<unknown>, 'restore'>[], signal: AbortSignal): Promise<void> {
  await sleep(MASTER_PATIENCE_MS, undefined, { signal, ref: false }).catch(() => undefined)
  await Promise.all(informers.map((informer) => informer.restore()))
}

/** A firewall that starts anew takes everybody's rules away, ours too. */
async function mend(options: ProxyOptions, kernel: KernelRoutes, changes: ChangeFlag): Promise<void> {
  const { logger } = options
  try {
    await setUpHost(hostOf(options), logger)
    if (!(await kernel.stillThere())) changes.raise()
  } catch (err) {
    logger.error({ err }, 'the host could not be set up again after its rules were deleted')
  }
}

/** Takes everything of the proxy's off this host (`skiff down --purge`). */
export async function removeProxy(
  options: Pick<ProxyOptions, 'clusterId' | 'serviceCidr' | 'dnsAddress' | 'logger'>,
): Promise<void> {
  await createKernelRoutes(tableOf(options), options.logger).remove()
  await tearDownHost(hostOf(options), options.logger)
}

type Ranges = Pick<ProxyOptions, 'clusterId' | 'serviceCidr' | 'dnsAddress'>

const tableOf = (options: Ranges) => ({
  name: tableName(options),
  serviceCidr: options.serviceCidr,
  dnsAddress: options.dnsAddress,
})
const hostOf = (options: Ranges) => ({
  tableName: tableName(options),
  serviceCidr: options.serviceCidr,
  dnsAddress: options.dnsAddress,
})

function tableName({ clusterId }: Ranges): string {
  return `skiff_${clusterId.replaceAll('-', '').slice(0, 8)}`
}

function serviceOfSlice(slice: EndpointSlice): string[] {
  const service = slice.metadata.labels?.[SERVICE_OF_SLICE]
  return service === undefined ? [] : [`${slice.metadata.namespace}/${service}`]
}
