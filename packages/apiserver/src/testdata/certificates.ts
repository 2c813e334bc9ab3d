/** A throw-away authority with a server's and a client's certificate, for tests. */

import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import {
  BasicConstraintsExtension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

export async function newTestCertificates() {
  const authorityKeys = await newKeys()
  const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) }
  const common = { ...validity, signingAlgorithm: ALGORITHM }
  const authority = await X509CertificateGenerator.createSelfSigned({
    ...common,
    name: 'CN=test-ca',
    keys: authorityKeys,
    extensions: [new BasicConstraintsExtension(true)],
  })
  const sign = async (subject: string): Promise<{ certificate: X509Certificate; key: string }> => {
    const keys = await newKeys()
    const certificate = await X509CertificateGenerator.create({
      ...common,
      subject,
      issuer: authority.subject,
      signingKey: authorityKeys.privateKey,
      publicKey: keys.publicKey,
      extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }])],
    })
    return { certificate, key: await keyPem(keys) }
  }
  const server = await sign('CN=localhost')
  const client = await sign('CN=alice,O=group')
  return {
    ca: authority.toString('pem'),
    cert: server.certificate.toString('pem'),
    key: server.key,
    clientCert: client.certificate.toString('pem'),
    clientKey: client.key,
  }
}

async function newKeys(): Promise<CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
}

async function keyPem(keys: CryptoKeyPair): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  return `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`
}

type CryptoKeyPair = webcrypto.CryptoKeyPair
