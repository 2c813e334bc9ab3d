import { join } from 'node:path'
import { NAMESPACES, type Namespace } from '@skiff/api'
import { ApiClient } from '@skiff/client'
import { startControllers } from '@skiff/controllers'
import { startScheduler } from '@skiff/scheduler'
import type { Store } from '@skiff/store'
import { bootstrapObjects, clusterFactsObject } from './bootstrap/bootstrap-objects.ts'
import { ensureObjects } from './bootstrap/ensure-objects.ts'
import { extensionAuthentication } from './bootstrap/extension-authentication.ts'
import { startCertificateSigner } from './certificate-signer/certificate-signer.ts'
import { adminKubeconfig } from './certificates/admin-kubeconfig.ts'
import { keepCertificatesFresh } from './certificates/keep-fresh.ts'
import { ensureMasterCertificates, type MasterCertificates } from './certificates/master-certificates.ts'
import { readClusterRanges, writeClusterRanges } from './data-directory/cluster-ranges.ts'
import { ensurePrivateDirectory, writePrivateFile } from './data-directory/private-file.ts'
import { type MasterOptions, type ResolvedOptions, withDefaults } from './master-options.ts'
import { addressInRange } from './network/address-ranges.ts'
import { checkRanges } from './network/check-ranges.ts'
import { hostRoutes, preferredAddress } from './network/host-network.ts'
import { clusterNames, createServing, openStore, type Serving, servingNames } from './serving.ts'

export interface Master {
  /** `https://<advertise address>:<port>` */
  readonly server: string
  readonly port: number
  /** `sha256:<hex>`, what a joining agent compares. */
  readonly caHash: string
  readonly socketPath: string
  /** Resolves when everything has stopped, after `close` or the signal; rejects when the store's disk made it stop. */
  readonly stopped: Promise<void>
  close(): Promise<void>
}

/**
 * A whole master in this process: certificates, store, API server, then scheduler, controllers and certificate
 * signer as its clients. Rejects with one clear line when it can't start, and leaves nothing behind then.
 * May be started again on the same directory after any end, also a kill.
 */
export async function startMaster(given: MasterOptions): Promise<Master> {
  const options = withDefaults(given)
  const { dataDir, logger } = options
  const routes = await hostRoutes()
  checkRanges(options, await readClusterRanges(dataDir), routes)

  await ensurePrivateDirectory(dataDir)
  const stopping = new AbortController()
  // The store's lock makes sure that this is the directory's only master: it comes before anything is written.
  let failure: Error | undefined
  const store = await openStore(options, (error) => {
    logger.fatal({ err: error }, 'store failed: the master ends, since only a restart can tell what is stored')
    failure = error
    stopping.abort()
  })
  try {
    const advertiseAddress = options.advertiseAddress ?? preferredAddress(routes)
    return await runMaster({ options, store, stopping, advertiseAddress, failure: () => failure })
  } catch (error) {
    stopping.abort()
    await store.close()
    logger.debug({ err: error }, 'master did not start')
    throw error
  }
}

interface Run {
  readonly options: ResolvedOptions
  readonly store: Store
  readonly stopping: AbortController
  readonly advertiseAddress: string
  readonly failure: () => Error | undefined
}

async function runMaster({ options, store, stopping, advertiseAddress, failure }: Run): Promise<Master> {
  const { dataDir, logger, clock } = options
  const names = servingNames(options, advertiseAddress)
  const ensureCertificates = () => ensureMasterCertificates({ directory: dataDir, servingNames: names, clock })
  let certificates = await ensureCertificates()
  const running = new Set<string>()
  const serving = await createServing({
    ...{ store, certificates: () => certificates, options, signal: stopping.signal },
    storeProblem: () => failure()?.message,
    components: Object.fromEntries(COMPONENTS.map((name) => [name, () => (running.has(name) ? undefined : 'it does not run')])),
  })
  const socketPath = join(dataDir, 'api.sock')
  try {
    const { port } = await listen(serving, certificates, options, socketPath)
    const server = `https://${formatHost(advertiseAddress)}:${port}`
    await writeKubeconfig(dataDir, server, certificates)
    // Only a master that can really start fixes the ranges, and it does so before the first object holds an address.
    await writeClusterRanges(dataDir, { serviceCidr: options.serviceCidr, podCidr: options.podCidr })
    const { inProcess } = serving.apiServer
    const clientOf = (userAgent: string) => new ApiClient({ server: `unix:${socketPath}`, inProcess, userAgent })
    await bootstrap(clientOf, options, { advertiseAddress, port, authorityPem: certificates.authority.certificatePem })
    const components = runComponents({
      serving,
      certificates,
      options,
      clientOf,
      running,
      signal: stopping.signal,
    })
    keepCertificatesFresh({
      certificates,
      renew: ensureCertificates,
      onRenewed: async (renewed) => {
        certificates = renewed
        serving.apiServer.renewTls(tlsIdentity(renewed))
        await writeKubeconfig(dataDir, server, renewed)
      },
      clock,
      logger,
      signal: stopping.signal,
    })
    logger.info({ server, dataDir, caHash: certificates.authority.hash }, 'master started')
    const stopped = whenStopped({ serving, store, stopping, components, options }).then(() => {
      const reason = failure()
      if (reason !== undefined) throw new Error('the store failed: start the master again', { cause: reason })
    })
    // Whoever is interested waits for it, maybe later.
    stopped.catch(() => undefined)
    const close = async () => {
      stopping.abort()
      await stopped
    }
    return { server, port, socketPath, caHash: certificates.authority.hash, stopped, close }
  } catch (error) {
    stopping.abort()
    await serving.apiServer.close()
    throw error
  }
}

function tlsIdentity({ authority, serving }: MasterCertificates) {
  return { cert: serving.certificatePem, key: serving.keyPem, clientCa: authority.certificatePem }
}

async function listen(
  { apiServer }: Serving,
  certificates: MasterCertificates,
  { bind, port, insecureHttp }: ResolvedOptions,
  socketPath: string,
): Promise<{ port: number }> {
  const listening = await apiServer
    .listenTls({ host: bind, port, ...tlsIdentity(certificates) })
    .catch(explainListen(bind, port, '--port'))
  if (insecureHttp !== undefined) {
    await apiServer.listenPlain({ host: bind, port: insecureHttp }).catch(explainListen(bind, insecureHttp, '--insecure-http'))
  }
  await apiServer.listenUnix(socketPath)
  return listening
}

function explainListen(host: string, port: number, option: string): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    switch (error.code) {
      case 'EADDRINUSE':
        throw new Error(`port ${port} is taken on ${host}: stop what listens there, or choose another with ${option}`, {
          cause: error,
        })
      case 'EACCES':
        throw new Error(`port ${port} may not be opened by this user: choose one above 1023 with ${option}`, { cause: error })
      case 'EADDRNOTAVAIL':
        throw new Error(`${host} is not an address of this host: choose another with --bind`, { cause: error })
      default:
        throw error
    }
  }
}

async function writeKubeconfig(dataDir: string, server: string, { authority, admin }: MasterCertificates): Promise<void> {
  const kubeconfig = adminKubeconfig({ server, authorityPem: authority.certificatePem, ...admin })
  await writePrivateFile(join(dataDir, 'admin.kubeconfig'), kubeconfig)
}

type ClientOf = (userAgent: string) => ApiClient

async function bootstrap(
  clientOf: ClientOf,
  { serviceCidr, podCidr, clusterDomain }: ResolvedOptions,
  { authorityPem, ...address }: { readonly advertiseAddress: string; readonly port: number; readonly authorityPem: string },
): Promise<void> {
  const client = clientOf('skiff-master')
  try {
    await ensureObjects(client, [...bootstrapObjects({ serviceCidr, ...address }), ...extensionAuthentication(authorityPem)])
    const { metadata } = await client.get<Namespace>(NAMESPACES, { name: 'kube-system' })
    const facts = { clusterId: metadata.uid, podCidr, serviceCidr, dnsAddress: addressInRange(serviceCidr, 10), clusterDomain }
    await ensureObjects(client, [clusterFactsObject(facts)])
  } finally {
    client.close()
  }
}

interface ComponentOptions {
  readonly serving: Serving
  readonly certificates: MasterCertificates
  readonly options: ResolvedOptions
  readonly clientOf: ClientOf
  /** Those of `COMPONENTS` that run at the moment. */
  readonly running: Set<string>
  readonly signal: AbortSignal
}

/** As ComponentStatuses name them. */
const COMPONENTS = ['controller-manager', 'scheduler'] as const

/** Scheduler, controllers and signer know the API only as any other client does. Resolves when all have ended. */
async function runComponents(parts: ComponentOptions): Promise<void> {
  const { serving, certificates, options, running, signal } = parts
  const { clock, random, podCidr } = options
  const clients: ApiClient[] = []
  const clientOf = (userAgent: string) => {
    const client = parts.clientOf(userAgent)
    clients.push(client)
    return client
  }
  const scheduler = startScheduler({
    client: clientOf('skiff-scheduler'),
    logger: options.logger.child({ component: 'scheduler' }),
    clock,
    random,
    signal,
  })
  const controllers = startControllers({
    client: clientOf('skiff-controller-manager'),
    logger: options.logger.child({ component: 'controllers' }),
    heartbeats: serving.liveness,
    meters: serving.meters,
    caCertificate: certificates.authority.certificatePem,
    podCidr,
    clock,
    random,
    signal,
  })
  const signer = startCertificateSigner({
    client: clientOf('skiff-certificate-signer'),
    authority: certificates.authority,
    masterNames: clusterNames(options),
    logger: options.logger,
    clock,
    signal,
  })
  const runs = (name: (typeof COMPONENTS)[number], stopped: Promise<void>) => {
    running.add(name)
    return stopped.finally(() => running.delete(name))
  }
  await Promise.allSettled([
    runs('scheduler', scheduler.stopped),
    runs('controller-manager', controllers.stopped),
    signer.stopped,
  ])
  for (const client of clients) client.close()
}

interface StopOptions {
  readonly serving: Serving
  readonly store: Store
  readonly stopping: AbortController
  readonly components: Promise<void>
  readonly options: ResolvedOptions
}

/** What a component has under way ends by itself within this time; after it the API server closes all the same. */
const COMPONENTS_STOP_TIMEOUT_MS = 3_000

/** Components first, so that they end in peace; then requests, then the store, when nothing writes any more. */
async function whenStopped({ serving, store, stopping, components, options }: StopOptions): Promise<void> {
  const stop = () => stopping.abort()
  options.signal.addEventListener('abort', stop, { once: true })
  if (options.signal.aborted) stop()
  await aborted(stopping.signal)
  options.signal.removeEventListener('abort', stop)
  if (!(await endsWithin(components, COMPONENTS_STOP_TIMEOUT_MS))) options.logger.warn('a component did not stop in time')
  await serving.apiServer.close()
  await store.close()
  options.logger.info('master stopped')
}

function endsWithin(promise: Promise<void>, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), timeoutMs)
    void promise.finally(() => {
      clearTimeout(timer)
      resolve(true)
    })
  })
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function formatHost(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}
