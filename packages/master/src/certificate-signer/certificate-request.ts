import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/** What a PKCS#10 request asks for, read and its own signature checked. */
export interface CertificateRequest {
  readonly commonName: string
  readonly organizations: readonly string[]
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
  /** E-mail addresses, URIs and the like. */
  readonly otherNames: readonly string[]
  /** DER SubjectPublicKeyInfo */
  readonly publicKey: Uint8Array
}

/** Undefined when it can't be read or the requester doesn't hold the key. */
export async function readCertificateRequest(pem: string): Promise<CertificateRequest | undefined> {
  try {
    const request = new x509.Pkcs10CertificateRequest(pem)
    if (!(await request.verify(webcrypto))) return undefined
    const names = alternativeNames(request)
    return {
      commonName: request.subjectName.getField('CN').at(-1) ?? '',
      organizations: request.subjectName.getField('O'),
      dnsNames: names.filter(({ type }) => type === 'dns').map(({ value }) => value),
      ipAddresses: names.filter(({ type }) => type === 'ip').map(({ value }) => value),
      otherNames: names.filter(({ type }) => type !== 'dns' && type !== 'ip').map(({ value }) => value),
      publicKey: new Uint8Array(request.publicKey.rawData),
    }
  } catch {
    return undefined
  }
}

function alternativeNames(request: x509.Pkcs10CertificateRequest): readonly x509.GeneralName[] {
  const names = request.extensions.filter((extension) => extension instanceof x509.SubjectAlternativeNameExtension)
  return names.flatMap((extension) => extension.names.items)
}
