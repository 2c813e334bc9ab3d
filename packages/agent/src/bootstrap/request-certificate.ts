import { CERTIFICATE_SIGNING_REQUESTS, type CertificateSigningRequest } from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import { JoinError } from './join-error.ts'

export interface CertificateWish {
  readonly client: ApiClient
  readonly requestPem: string
  readonly node: string
  readonly signer: 'kubernetes.io/kube-apiserver-client-kubelet' | 'kubernetes.io/kubelet-serving'
  readonly signal: AbortSignal
}

const TIMEOUT_MS = 60_000

/** Asks the master for a certificate and waits until it is signed. Throws JoinError when it is denied or nobody signs it. */
export async function requestCertificate({ client, requestPem, node, signer, signal: outer }: CertificateWish): Promise<string> {
  const signal = AbortSignal.any([outer, AbortSignal.timeout(TIMEOUT_MS)])
  const created = await client.create<CertificateSigningRequest>(CERTIFICATE_SIGNING_REQUESTS, {
    metadata: { generateName: `node-${node}-` },
    spec: {
      request: Buffer.from(requestPem).toString('base64'),
      signerName: signer,
      usages: ['digital signature', 'key encipherment', signer.endsWith('serving') ? 'server auth' : 'client auth'],
    },
  } as never)
  const { name } = created.metadata
  const fieldSelector = `metadata.name=${name}`
  const events = client.watch<CertificateSigningRequest>(CERTIFICATE_SIGNING_REQUESTS, {
    fieldSelector,
    sendInitialEvents: true,
    signal,
  })
  for await (const { type, object } of events) {
    if (type === 'BOOKMARK') continue
    const certificate = signed(object)
    if (certificate !== undefined) return certificate
  }
  throw new JoinError(
    `the master did not sign the certificate request ${name} within ${TIMEOUT_MS / 1000} s: see \`kubectl describe csr ${name}\``,
  )
}

function signed({ metadata, status }: CertificateSigningRequest): string | undefined {
  const refused = status?.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed')
  if (refused) {
    throw new JoinError(
      `the certificate request ${metadata.name} was refused: ${refused.message ?? refused.reason ?? refused.type}`,
    )
  }
  return status?.certificate === undefined ? undefined : Buffer.from(status.certificate, 'base64').toString('utf8')
}
