import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { CERTIFICATE_BACKDATING_MS } from '@skiff/api'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const HOUR_MS = 3600_000

export interface TestCertificate {
  readonly certificatePem: string
  readonly keyPem: string
}

export interface TestAuthority {
  readonly certificatePem: string
  issue(subject: {
    readonly commonName: string
    readonly organizations?: readonly string[]
    readonly usage: 'client' | 'server'
    readonly dnsNames?: readonly string[]
  }): Promise<TestCertificate>
}

/** A certificate authority for one test. */
export async function createTestAuthority(now = new Date()): Promise<TestAuthority> {
  const keys = await newKeys()
  const validity = { notBefore: new Date(now.getTime() - HOUR_MS), notAfter: new Date(now.getTime() + HOUR_MS) }
  const authority = await x509.X509CertificateGenerator.createSelfSigned(
    {
      ...validity,
      serialNumber: '01',
      name: new x509.Name([{ CN: ['test-ca'] }]),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
    },
    webcrypto,
  )
  return {
    certificatePem: authority.toString('pem'),
    async issue({ commonName, organizations = [], usage, dnsNames = [] }) {
      const own = await newKeys()
      const certificate = await x509.X509CertificateGenerator.create(
        {
          ...validity,
          // As the cluster's authority does it.
          notBefore: new Date(now.getTime() - CERTIFICATE_BACKDATING_MS),
          serialNumber: '02',
          subject: new x509.Name([...organizations.map((organization) => ({ O: [organization] })), { CN: [commonName] }]),
          issuer: authority.subjectName,
          signingAlgorithm: ALGORITHM,
          publicKey: own.publicKey,
          signingKey: keys.privateKey,
          extensions: [
            new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[`${usage}Auth`]]),
            new x509.SubjectAlternativeNameExtension([
              { type: 'ip', value: '127.0.0.1' },
              ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
            ]),
          ],
        },
        webcrypto,
      )
      return { certificatePem: certificate.toString('pem'), keyPem: await pemOf(own.privateKey) }
    },
  }
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64')
  return `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`
}
