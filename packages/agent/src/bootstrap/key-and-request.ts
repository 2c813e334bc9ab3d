import { createPrivateKey, createPublicKey, generateKeyPairSync, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'

const ECDSA_P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

export interface RequestSubject {
  readonly commonName: string
  readonly organization: string
  /** DNS names and addresses, for a server's certificate. */
  readonly names: readonly string[]
}

/** A new ECDSA P-256 key as PKCS#8 PEM. */
export function newKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** A PKCS#10 certificate request as PEM, signed with the key. */
export async function certificateRequest(keyPem: string, subject: RequestSubject): Promise<string> {
  // Loaded when it is needed: the library wants a global, and costs memory that a joined agent doesn't have to spend.
  await import('reflect-metadata')
  const x509 = await import('@peculiar/x509')
  const names = subject.names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value }))
  const request = await x509.Pkcs10CertificateRequestGenerator.create(
    {
      name: new x509.Name([{ O: [subject.organization] }, { CN: [subject.commonName] }]),
      keys: await importKey(keyPem),
      signingAlgorithm: ECDSA_P256,
      extensions: names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)],
    },
    webcrypto,
  )
  return request.toString('pem')
}

async function importKey(keyPem: string): Promise<webcrypto.CryptoKeyPair> {
  const privateDer = createPrivateKey(keyPem).export({ type: 'pkcs8', format: 'der' })
  const publicDer = createPublicKey(keyPem).export({ type: 'spki', format: 'der' })
  const [privateKey, publicKey] = await Promise.all([
    webcrypto.subtle.importKey('pkcs8', privateDer, ECDSA_P256, true, ['sign']),
    webcrypto.subtle.importKey('spki', publicDer, ECDSA_P256, true, ['verify']),
  ])
  return { privateKey, publicKey }
}
