import { type CertificateSigningRequest, forbidden } from '@skiff/api'
import type { RbacAuthorizer } from '../auth/index.ts'
import { NO_ATTRIBUTES } from '../auth/no-attributes.ts'
import type { AdmissionRequest } from '../http/request-context.ts'

const GROUP = 'certificates.k8s.io'

/**
 * To approve or sign a certificate one needs the verb `approve` or `sign` on its signer (or on `<domain>/*`), not
 * only leave to write the request: otherwise anybody with the latter could become a node.
 */
export function refuseUnlicensedApproval(request: AdmissionRequest, authorizer: RbacAuthorizer): void {
  const { info, subresource, operation, old, object, user } = request
  if (info.group !== GROUP || info.resource !== 'certificatesigningrequests' || operation !== 'UPDATE') return
  const verb = neededVerb(subresource, object, old)
  if (verb === undefined) return
  const signer = (old as unknown as CertificateSigningRequest).spec.signerName
  const domain = `${signer.split('/')[0]}/*`
  const may = (name: string) =>
    authorizer.authorize(user, {
      ...NO_ATTRIBUTES,
      isResource: true,
      verb,
      group: GROUP,
      version: '*',
      resource: 'signers',
      name,
    }).allowed
  if (may(signer) || may(domain)) return
  throw forbidden(
    `certificatesigningrequests.${GROUP}`,
    request.name,
    `user not permitted to ${verb} requests with signerName "${signer}"`,
  )
}

function neededVerb(subresource: string, object: unknown, old: unknown): 'approve' | 'sign' | undefined {
  if (subresource === 'approval') return 'approve'
  const certificateOf = (csr: unknown) => (csr as CertificateSigningRequest | undefined)?.status?.certificate
  return subresource === 'status' && certificateOf(object) !== certificateOf(old) ? 'sign' : undefined
}
