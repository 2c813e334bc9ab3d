/** Makes one certificate request, on a thread of its own: see certificate-request.ts. */
import 'reflect-metadata'
import { createPrivateKey, createPublicKey, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'
import * as x509 from '@peculiar/x509'
import type { RequestInput } from './certificate-request.ts'

const ECDSA_P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

async function makeRequest({ key, commonName, organization, names }: RequestInput): Promise<string> {
  const alternatives = names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value }))
  const request = await x509.Pkcs10CertificateRequestGenerator.create(
    {
      name: new x509.Name([{ O: [organization] }, { CN: [commonName] }]),
      keys: await importKey(key),
      signingAlgorithm: ECDSA_P256,
      extensions: alternatives.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(alternatives)],
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

parentPort?.postMessage(await makeRequest(workerData))
