import type { CertificateSigningRequest } from '@skiff/api'
import type { CertificateRequest } from './certificate-request.ts'

export const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet'
export const SERVING_SIGNER = 'kubernetes.io/kubelet-serving'

const NODE_PREFIX = 'system:node:'
const NODES_GROUP = 'system:nodes'
const BOOTSTRAPPERS_GROUP = 'system:bootstrappers'
const COMMON_USAGES = ['digital signature', 'key encipherment']

/** Signed requests are of no use any more after an hour, the others after a day (as upstream's csr cleaner). */
const SIGNED_LIFETIME_MS = 3600_000
const UNSIGNED_LIFETIME_MS = 24 * 3600_000

export type CertificatePlan =
  | { readonly type: 'approve'; readonly message: string }
  | { readonly type: 'sign'; readonly usage: 'client' | 'server' }
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
  const usage = usageOfSigner(csr.spec.signerName)
  if (usage === undefined) return wait('it is for another signer')

  const problem = request === undefined ? 'the request can not be read' : contentProblem(csr, request, usage, isForeign)
  if (hasCondition(csr, 'Approved')) return problem === undefined ? { type: 'sign', usage } : { type: 'fail', message: problem }
  if (problem !== undefined || request === undefined) return wait(problem ?? '')
  const message = approval(csr, request, usage)
  return message === undefined ? wait('its sender may not have it approved by itself') : { type: 'approve', message }
}

function usageOfSigner(signerName: string): 'client' | 'server' | undefined {
  switch (signerName) {
    case CLIENT_SIGNER:
      return 'client'
    case SERVING_SIGNER:
      return 'server'
    default:
      return undefined
  }
}

/** Why the request isn't one for a node's certificate of this usage. */
function contentProblem(
  csr: CertificateSigningRequest,
  request: CertificateRequest,
  usage: 'client' | 'server',
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

function usagesProblem(usages: readonly string[], usage: 'client' | 'server'): string | undefined {
  const own = `${usage} auth`
  const beyond = usages.find((asked) => asked !== own && !COMMON_USAGES.includes(asked))
  if (beyond !== undefined) return `usage ${beyond} is not allowed`
  return usages.includes(own) ? undefined : `usage ${own} is required`
}

/** Joining hosts get a first client certificate; a node renews its own and gets serving ones for itself. */
function approval(csr: CertificateSigningRequest, request: CertificateRequest, usage: 'client' | 'server'): string | undefined {
  const groups = csr.spec.groups ?? []
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
