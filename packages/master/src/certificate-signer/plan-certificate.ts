import type { CertificateSigningRequest } from '@skiff/api'
import type { CertificateUsage } from '../certificates/certificate-authority.ts'
import type { CertificateRequest } from './certificate-request.ts'

const NODE_CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet'
const NODE_SERVING_SIGNER = 'kubernetes.io/kubelet-serving'
/** For people and programs: always approved by somebody. */
const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client'
/** Signs what it is given, as before signers had names: always approved by somebody. */
const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown'

const NODE_PREFIX = 'system:node:'
const NODES_GROUP = 'system:nodes'
const BOOTSTRAPPERS_GROUP = 'system:bootstrappers'
const MASTERS_GROUP = 'system:masters'
const COMMON_USAGES = ['digital signature', 'key encipherment']

/** Signed requests are of no use any more after an hour, the others after a day (as upstream's csr cleaner). */
const SIGNED_LIFETIME_MS = 3600_000
const UNSIGNED_LIFETIME_MS = 24 * 3600_000

export type CertificatePlan =
  | { readonly type: 'approve'; readonly message: string }
  | { readonly type: 'sign'; readonly usages: readonly CertificateUsage[] }
  /** Approved, but the request itself is not one that this signer signs. */
  | { readonly type: 'fail'; readonly message: string }
  | { readonly type: 'delete' }
  | { readonly type: 'wait'; readonly ms: number; readonly why: string }

export interface Surroundings {
  readonly now: Date
  /** Whether a name or address belongs to something else than this node: another node, or the master. */
  readonly isForeign: (nameOrAddress: string, node: string) => boolean
}

/** What to do next with a CertificateSigningRequest of a node; `request` is what its `spec.request` says. */
export function planCertificate(
  csr: CertificateSigningRequest,
  request: CertificateRequest | undefined,
  { now, isForeign }: Surroundings,
): CertificatePlan {
  const ageMs = now.getTime() - Date.parse(csr.metadata.creationTimestamp)
  const isSigned = (csr.status?.certificate ?? '') !== ''
  const lifetimeMs = isSigned ? SIGNED_LIFETIME_MS : UNSIGNED_LIFETIME_MS
  if (ageMs >= lifetimeMs) return { type: 'delete' }
  const wait = (why: string): CertificatePlan => ({ type: 'wait', ms: lifetimeMs - ageMs, why })
  if (isSigned || hasCondition(csr, 'Denied') || hasCondition(csr, 'Failed')) return wait('it is decided')
  if (!SIGNERS.has(csr.spec.signerName)) return wait('it is for another signer')

  const problem = request === undefined ? 'the request can not be read' : contentProblem(csr, request, isForeign)
  if (hasCondition(csr, 'Approved')) {
    return problem === undefined ? { type: 'sign', usages: usagesOf(csr) } : { type: 'fail', message: problem }
  }
  if (problem !== undefined || request === undefined) return wait(problem ?? '')
  const message = approval(csr, request)
  return message === undefined ? wait('its sender may not have it approved by itself') : { type: 'approve', message }
}

const SIGNERS: ReadonlySet<string> = new Set([NODE_CLIENT_SIGNER, NODE_SERVING_SIGNER, CLIENT_SIGNER, LEGACY_SIGNER])

/** What the certificate is to be good for. */
function usagesOf({ spec: { usages = [] } }: CertificateSigningRequest): CertificateUsage[] {
  return [
    ...(usages.includes('client auth') ? ['client' as const] : []),
    ...(usages.includes('server auth') ? ['server' as const] : []),
  ]
}

/** Why the request isn't one that its signer signs. */
function contentProblem(
  csr: CertificateSigningRequest,
  request: CertificateRequest,
  isForeign: Surroundings['isForeign'],
): string | undefined {
  switch (csr.spec.signerName) {
    case NODE_CLIENT_SIGNER:
      return nodeProblem(csr, request, 'client', isForeign)
    case NODE_SERVING_SIGNER:
      return nodeProblem(csr, request, 'server', isForeign)
    case CLIENT_SIGNER:
      return clientProblem(csr, request)
    default:
      return undefined
  }
}

function clientProblem(csr: CertificateSigningRequest, { commonName, organizations }: CertificateRequest): string | undefined {
  if (commonName === '') return 'subject common name is required'
  if (organizations.includes(MASTERS_GROUP)) return `use of ${CLIENT_SIGNER} signer with ${MASTERS_GROUP} group is not allowed`
  return usagesProblem(csr.spec.usages ?? [], 'client')
}

/** Why the request isn't one for a node's certificate of this usage. */
function nodeProblem(
  csr: CertificateSigningRequest,
  request: CertificateRequest,
  usage: CertificateUsage,
  isForeign: Surroundings['isForeign'],
): string | undefined {
  const { commonName, organizations, dnsNames, ipAddresses, otherNames } = request
  const names = [...dnsNames, ...ipAddresses]
  if (organizations.length !== 1 || organizations[0] !== NODES_GROUP) return `subject organization is not ${NODES_GROUP}`
  if (!commonName.startsWith(NODE_PREFIX) || commonName === NODE_PREFIX)
    return `subject common name does not begin with ${NODE_PREFIX}`
  if (otherNames.length > 0) return 'names other than DNS names and IP addresses are not allowed'
  if (usage === 'client' && names.length > 0) return 'subject alternative names are not allowed'
  if (usage === 'server' && names.length === 0) return 'a DNS name or an IP address is required'
  const foreign = names.find((name) => isForeign(name, nodeOf(commonName)))
  if (foreign !== undefined) return `${foreign} does not belong to this node`
  return usagesProblem(csr.spec.usages ?? [], usage)
}

function usagesProblem(usages: readonly string[], usage: CertificateUsage): string | undefined {
  const own = `${usage} auth`
  const beyond = usages.find((asked) => asked !== own && !COMMON_USAGES.includes(asked))
  if (beyond !== undefined) return `usage ${beyond} is not allowed`
  return usages.includes(own) ? undefined : `usage ${own} is required`
}

/** Joining hosts get a first client certificate; a node renews its own and gets serving ones for itself. Nobody else's approves itself. */
function approval(csr: CertificateSigningRequest, request: CertificateRequest): string | undefined {
  const { signerName, groups = [] } = csr.spec
  if (signerName !== NODE_CLIENT_SIGNER && signerName !== NODE_SERVING_SIGNER) return undefined
  const usage = signerName === NODE_CLIENT_SIGNER ? 'client' : 'server'
  if (usage === 'client' && groups.includes(BOOTSTRAPPERS_GROUP))
    return 'Auto approving the first client certificate of a node with a join token.'
  const isItself = csr.spec.username === request.commonName && groups.includes(NODES_GROUP)
  return isItself ? `Auto approving a ${usage} certificate that the node asks for itself.` : undefined
}

export function nodeOf(commonName: string): string {
  return commonName.slice(NODE_PREFIX.length)
}

function hasCondition(csr: CertificateSigningRequest, type: string): boolean {
  return (csr.status?.conditions ?? []).some((condition) => condition.type === type)
}
