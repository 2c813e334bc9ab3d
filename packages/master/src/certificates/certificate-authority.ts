import 'reflect-metadata'
import { createHash, randomBytes, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import * as x509 from '@peculiar/x509'
import { CERTIFICATE_BACKDATING_MS } from '@skiff/api'
import { ECDSA_P256, importEcKey, newEcKey, publicKeyHash, publicKeyInfo } from './key-pair.ts'

const DAY_MS = 24 * 3600_000
const CA_LIFETIME_MS = 3650 * DAY_MS
export const LEAF_LIFETIME_MS = 365 * DAY_MS

export type CertificateUsage = 'server' | 'client'

export interface LeafRequest {
  readonly commonName: string
  readonly organizations?: readonly string[]
  readonly usages: readonly CertificateUsage[]
  /** DNS names and IP addresses. */
  readonly names?: readonly string[]
  /** DER SubjectPublicKeyInfo of the subject's key. */
  readonly publicKey: Uint8Array
  readonly lifetimeMs?: number
}

/** The cluster's own authority: it signs the API server's, the administrator's and the nodes' certificates. */
export interface CertificateAuthority {
  readonly certificatePem: string
  /** `sha256:<hex>` of the public key, what `skiff agent --ca-hash` compares. */
  readonly hash: string
  /** The signed certificate as PEM. */
  issue(request: LeafRequest): Promise<string>
}

export async function createAuthorityFiles(clock: () => Date): Promise<{ certificatePem: string; keyPem: string }> {
  const keyPem = await newEcKey()
  const notBefore = new Date(clock().getTime() - CERTIFICATE_BACKDATING_MS)
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialNumber(),
      name: new x509.Name([{ CN: ['skiff-ca'] }]),
      notBefore,
      notAfter: new Date(notBefore.getTime() + CA_LIFETIME_MS),
      signingAlgorithm: ECDSA_P256,
      keys: await importEcKey(keyPem),
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(
          x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
          true,
        ),
        new x509.SubjectKeyIdentifierExtension(keyIdentifier(publicKeyInfo(keyPem))),
      ],
    },
    webcrypto,
  )
  return { certificatePem: pemFile(certificate), keyPem }
}

export async function openCertificateAuthority(
  files: { certificatePem: string; keyPem: string },
  clock: () => Date,
): Promise<CertificateAuthority> {
  const { privateKey } = await importEcKey(files.keyPem)
  const authority = new x509.X509Certificate(files.certificatePem)
  return {
    certificatePem: files.certificatePem,
    hash: publicKeyHash(files.certificatePem),
    issue: (request) => issueLeaf(authority, privateKey, request, clock()),
  }
}

async function issueLeaf(
  authority: x509.X509Certificate,
  signingKey: webcrypto.CryptoKey,
  request: LeafRequest,
  now: Date,
): Promise<string> {
  const notAfter = new Date(now.getTime() + (request.lifetimeMs ?? LEAF_LIFETIME_MS))
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: serialNumber(),
      subject: new x509.Name(subjectOf(request)),
      issuer: authority.subjectName,
      notBefore: new Date(now.getTime() - CERTIFICATE_BACKDATING_MS),
      notAfter: notAfter < authority.notAfter ? notAfter : authority.notAfter,
      signingAlgorithm: ECDSA_P256,
      publicKey: new x509.PublicKey(request.publicKey),
      signingKey,
      extensions: leafExtensions(authority, request),
    },
    webcrypto,
  )
  return pemFile(certificate)
}

function subjectOf(request: LeafRequest): x509.JsonName {
  const organizations = (request.organizations ?? []).map((organization) => ({ O: [organization] }))
  return [...organizations, { CN: [request.commonName] }]
}

function leafExtensions(authority: x509.X509Certificate, request: LeafRequest): x509.Extension[] {
  const purposes = request.usages.map((usage) => EXTENDED_USAGE[usage])
  const extensions: x509.Extension[] = [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
    ...(purposes.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension(purposes)]),
    new x509.AuthorityKeyIdentifierExtension(keyIdentifier(new Uint8Array(authority.publicKey.rawData))),
  ]
  const names = request.names ?? []
  if (names.length > 0) {
    extensions.push(
      new x509.SubjectAlternativeNameExtension(
        names.map((name) => ({ type: isIP(name) === 0 ? ('dns' as const) : ('ip' as const), value: name })),
      ),
    )
  }
  return extensions
}

const EXTENDED_USAGE = {
  server: x509.ExtendedKeyUsage.serverAuth,
  client: x509.ExtendedKeyUsage.clientAuth,
} as const

/** RFC 5280 4.2.1.2: any identifier that is the same in issuer and subject will do; this is the hash of the whole key info. */
function keyIdentifier(publicKey: Uint8Array): string {
  return createHash('sha256').update(publicKey).digest('hex').slice(0, 40)
}

/** Positive (first bit clear), not zero, unguessable. */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes.toString('hex')
}

function pemFile(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem').trim()}\n`
}
