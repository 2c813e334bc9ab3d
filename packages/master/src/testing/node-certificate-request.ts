import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import * as x509 from '@peculiar/x509'
import { ECDSA_P256, importEcKey } from '../certificates/key-pair.ts'

/** The PKCS#10 request that a node's agent sends, as PEM. */
export async function nodeCertificateRequest(options: {
  readonly keyPem: string
  readonly node: string
  readonly names?: readonly string[]
  readonly organization?: string
}): Promise<string> {
  const { keyPem, node, names = [], organization = 'system:nodes' } = options
  const alternatives = names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value }))
  const request = await x509.Pkcs10CertificateRequestGenerator.create(
    {
      name: new x509.Name([{ O: [organization] }, { CN: [`system:node:${node}`] }]),
      keys: await importEcKey(keyPem),
      signingAlgorithm: ECDSA_P256,
      extensions: names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(alternatives)],
    },
    webcrypto,
  )
  return request.toString('pem')
}
