import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'

/** A certificate is replaced once less than this part of its life is left, as kubelets do. */
const RENEW_WHEN_LEFT = 0.3

/** When a certificate should be replaced, in milliseconds since the epoch. */
export function renewalTime(certificatePem: string): number {
  const certificate = new X509Certificate(certificatePem)
  const begins = Date.parse(certificate.validFrom)
  const ends = Date.parse(certificate.validTo)
  return ends - (ends - begins) * RENEW_WHEN_LEFT
}

/** Whether the certificate can still be used: signed by this authority, young enough, and good for all the names. */
export function certificateIsUsable(options: {
  readonly certificatePem: string
  readonly authorityPem: string
  readonly names: readonly string[]
  readonly now: Date
}): boolean {
  const certificate = new X509Certificate(options.certificatePem)
  return (
    options.now.getTime() < renewalTime(options.certificatePem) &&
    certificate.verify(new X509Certificate(options.authorityPem).publicKey) &&
    options.names.every((name) => coversName(certificate, name))
  )
}

function coversName(certificate: X509Certificate, name: string): boolean {
  return isIP(name) === 0 ? certificate.checkHost(name) !== undefined : certificate.checkIP(name) !== undefined
}
