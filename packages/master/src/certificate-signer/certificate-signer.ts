import { CERTIFICATE_SIGNING_REQUESTS, type CertificateSigningRequest, isNotFound, NODES, type Node, rfc3339 } from '@skiff/api'
import { type ApiClient, createInformer, type Informer, runController, WorkQueue } from '@skiff/client'
import type { Logger } from 'pino'
import type { CertificateAuthority } from '../certificates/certificate-authority.ts'
import { readCertificateRequest } from './certificate-request.ts'
import { type CertificatePlan, planCertificate } from './plan-certificate.ts'

const CONCURRENCY = 2
const MIN_LIFETIME_SECONDS = 600
const MAX_LIFETIME_SECONDS = 365 * 24 * 3600

export interface CertificateSignerOptions {
  readonly client: ApiClient
  readonly authority: CertificateAuthority
  /** Names and addresses of the API server: no node gets a certificate for them. */
  readonly masterNames: readonly string[]
  readonly clock: () => Date
  readonly logger: Logger
  readonly signal: AbortSignal
}

/** Approves and signs the nodes' certificates. It runs in the master because it needs the authority's key. */
export function startCertificateSigner(options: CertificateSignerOptions): { readonly stopped: Promise<void> } {
  const { client, signal } = options
  const logger = options.logger.child({ component: 'certificate-signer' })
  const queue = new WorkQueue()
  const requests = createInformer<CertificateSigningRequest>(client, CERTIFICATE_SIGNING_REQUESTS, { logger, signal })
  const nodes = createInformer<Node>(client, NODES, { logger, signal })
  requests.onChange(({ key }) => queue.add(key))
  requests.start()
  nodes.start()
  const stopped = runController({
    name: 'certificate-signer',
    queue,
    concurrency: CONCURRENCY,
    logger,
    signal,
    reconcile: async (key) => {
      await nodes.synced
      const csr = requests.get(key)
      return csr === undefined ? undefined : reconcile(csr, nodes, { ...options, logger })
    },
  })
  return { stopped }
}

async function reconcile(
  csr: CertificateSigningRequest,
  nodes: Informer<Node>,
  options: CertificateSignerOptions,
): Promise<{ requeueAfterMs: number } | undefined> {
  const request = await readCertificateRequest(Buffer.from(csr.spec.request, 'base64').toString())
  const isForeign = (name: string, node: string) => belongsToOther(name, node, nodes.list(), options.masterNames)
  const plan = planCertificate(csr, request, { now: options.clock(), isForeign })
  if (plan.type === 'wait') {
    options.logger.debug({ key: csr.metadata.name, why: plan.why }, 'certificate request left alone')
    return { requeueAfterMs: plan.ms }
  }
  try {
    await execute(csr, plan, options, request)
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
  return undefined
}

/** A node may move to an address that its Node object doesn't show yet, but never to one that is somebody else's. */
function belongsToOther(name: string, node: string, nodes: readonly Node[], masterNames: readonly string[]): boolean {
  const namesOf = ({ metadata, status }: Node) => [metadata.name, ...(status?.addresses ?? []).map(({ address }) => address)]
  const own = nodes.find(({ metadata }) => metadata.name === node)
  if (name === node || (own !== undefined && namesOf(own).includes(name))) return false
  return masterNames.includes(name) || nodes.some((other) => other !== own && namesOf(other).includes(name))
}

async function execute(
  csr: CertificateSigningRequest,
  plan: Exclude<CertificatePlan, { type: 'wait' }>,
  options: CertificateSignerOptions,
  request: Awaited<ReturnType<typeof readCertificateRequest>>,
): Promise<void> {
  const { client, authority, logger } = options
  const { name } = csr.metadata
  switch (plan.type) {
    case 'delete':
      return client.delete(CERTIFICATE_SIGNING_REQUESTS, { name }, { uid: csr.metadata.uid })
    case 'approve':
      await writeCondition(csr, 'Approved', 'AutoApproved', plan.message, 'approval', options)
      return logger.info({ key: name, requester: csr.spec.username }, 'certificate request approved')
    case 'fail':
      await writeCondition(csr, 'Failed', 'SignerValidationFailure', plan.message, 'status', options)
      return logger.info({ key: name, why: plan.message }, 'certificate request failed')
    case 'sign': {
      if (request === undefined) return
      const certificate = await authority.issue({
        commonName: request.commonName,
        organizations: request.organizations,
        usages: plan.usages,
        names: [...request.dnsNames, ...request.ipAddresses],
        publicKey: request.publicKey,
        lifetimeMs: lifetimeSeconds(csr) * 1000,
      })
      const status = { ...csr.status, certificate: Buffer.from(certificate).toString('base64') }
      await client.update(CERTIFICATE_SIGNING_REQUESTS, { ...csr, status }, { subresource: 'status' })
      return logger.info({ key: name, subject: request.commonName, usages: plan.usages }, 'certificate signed')
    }
  }
}

function lifetimeSeconds(csr: CertificateSigningRequest): number {
  const asked = csr.spec.expirationSeconds ?? MAX_LIFETIME_SECONDS
  return Math.min(Math.max(asked, MIN_LIFETIME_SECONDS), MAX_LIFETIME_SECONDS)
}

async function writeCondition(
  csr: CertificateSigningRequest,
  type: 'Approved' | 'Failed',
  reason: string,
  message: string,
  subresource: 'approval' | 'status',
  { client, clock }: CertificateSignerOptions,
): Promise<void> {
  const now = rfc3339(clock())
  const condition = { type, status: 'True', reason, message, lastUpdateTime: now, lastTransitionTime: now } as const
  const status = { ...csr.status, conditions: [...(csr.status?.conditions ?? []), condition] }
  await client.update(CERTIFICATE_SIGNING_REQUESTS, { ...csr, status }, { subresource })
}
