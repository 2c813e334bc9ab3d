import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { createTestAuthority } from '../../streaming/testing/test-certificates.ts'

export interface AskedReview {
  readonly path: string
  readonly request: {
    readonly uid: string
    readonly operation: string
    readonly name?: string
    readonly dryRun?: boolean
    readonly object: unknown
  }
}

/** What a webhook says: fields of the response, bytes instead of one, or nothing at all. */
export type Say = object | string | 'nothing'

export interface TestWebhook extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** base64 */
  readonly caBundle: string
  /** What it was asked, in order. */
  readonly asked: AskedReview[]
  /** From now on answers so. */
  answer(say: (review: AskedReview) => Say): void
}

/** A webhook as people write them: HTTPS with a certificate for 127.0.0.1 and for the Service `default/hook`, AdmissionReview in and out. */
export async function startTestWebhook(): Promise<TestWebhook> {
  const authority = await createTestAuthority()
  const own = await authority.issue({ commonName: 'webhook', usage: 'server', dnsNames: ['hook.default.svc'] })
  const asked: AskedReview[] = []
  let answer: (review: AskedReview) => Say = () => ({ allowed: true })
  const server = createServer({ cert: own.certificatePem, key: own.keyPem }, async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const { apiVersion, request: inner } = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    const review: AskedReview = { path: request.url ?? '', request: inner }
    asked.push(review)
    const said = answer(review)
    if (said === 'nothing') return
    const body = { apiVersion, kind: 'AdmissionReview', response: { uid: inner.uid, ...(said as object) } }
    response.writeHead(200, { 'content-type': 'application/json' }).end(typeof said === 'string' ? said : JSON.stringify(body))
  })
  const sockets = new Set<Duplex>()
  server.on('connection', (socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `https://127.0.0.1:${port}`,
    port,
    caBundle: Buffer.from(authority.certificatePem).toString('base64'),
    asked,
    answer: (say) => {
      answer = say
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** A patch as a mutating webhook answers it. */
export function patched(...operations: object[]): object {
  return { allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(operations)).toString('base64') }
}
