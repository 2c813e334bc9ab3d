import { X509Certificate } from 'node:crypto'
import { CERTIFICATE_BACKDATING_MS } from '@skiff/api'
import type { UserInfo } from '../http/request-context.ts'
import { unauthorized } from './authenticator.ts'
import { nodeNameOf } from './users.ts'

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
/** A host that joins makes its Node object within ten minutes of getting its certificate, which begins in the past. */
const JOINING_TIME_MS = CERTIFICATE_BACKDATING_MS + 10 * 60_000
/** Enough for every node and user of a large cluster; the oldest goes first. */
const REMEMBERED_CERTIFICATES = 4096

export interface CertificateVerifier {
  /** CN is the user, each O a group. Throws Unauthorized for a certificate that is not ours, not valid now, or not a client's. */
  userOf(certificateDer: Buffer): UserInfo
}

interface VerifiedCertificate {
  readonly user: UserInfo
  readonly validFrom: number
  readonly validTo: number
}

export interface CertificateVerifierOptions {
  readonly authorityPem: string
  readonly nodeExists: (name: string) => boolean
  readonly clock: () => Date
}

/**
 * Verifies client certificates against the cluster's authority; the signature is checked once per certificate. A
 * node's certificate dies with its Node object: who deletes a node has thrown it out, it comes back with a new token.
 */
export function createCertificateVerifier({ authorityPem, nodeExists, clock }: CertificateVerifierOptions): CertificateVerifier {
  const authority = new X509Certificate(authorityPem)
  const verified = new Map<string, VerifiedCertificate>()
  return {
    userOf(certificateDer) {
      const key = certificateDer.toString('latin1')
      const known = verified.get(key) ?? verify(certificateDer, authority)
      if (!verified.has(key)) remember(verified, key, known)
      const now = clock().getTime()
      if (now < known.validFrom || now >= known.validTo) throw unauthorized()
      const node = nodeNameOf(known.user)
      if (node !== undefined && now >= known.validFrom + JOINING_TIME_MS && !nodeExists(node)) throw unauthorized()
      return known.user
    },
  }
}

function verify(certificateDer: Buffer, authority: X509Certificate): VerifiedCertificate {
  const certificate = parse(certificateDer)
  const signed = certificate.checkIssued(authority) && certificate.verify(authority.publicKey)
  const isClient = (certificate.keyUsage ?? []).includes(CLIENT_AUTH)
  const user = userOfSubject(certificate)
  if (!signed || !isClient || certificate.ca || user === undefined) throw unauthorized()
  return { user, validFrom: certificate.validFromDate.getTime(), validTo: certificate.validToDate.getTime() }
}

function parse(certificateDer: Buffer): X509Certificate {
  try {
    return new X509Certificate(certificateDer)
  } catch {
    throw unauthorized()
  }
}

function userOfSubject(certificate: X509Certificate): UserInfo | undefined {
  const subject = certificate.toLegacyObject().subject as unknown as Record<string, string | string[] | undefined>
  const name = [subject.CN ?? []].flat().at(-1)
  return name === undefined || name === '' ? undefined : { name, groups: [subject.O ?? []].flat() }
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  const oldest = map.keys().next()
  if (map.size >= REMEMBERED_CERTIFICATES && oldest.done !== true) map.delete(oldest.value)
  map.set(key, value)
}
