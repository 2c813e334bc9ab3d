import { createHash, X509Certificate } from 'node:crypto'
import https from 'node:https'
import { JoinError } from './join-error.ts'

const TIMEOUT_MS = 10_000
const MAX_BYTES = 256 * 1024

/**
 * The cluster's CA, asked from the master itself. The connection proves nothing, so the answer is only believed when its public key
 * has the hash that came with the join token.
 */
export async function fetchAuthority(server: string, expectedHash: string): Promise<string> {
  const pem = await fetchUnverified(new URL('/cacerts', server))
  const hash = answeredHash(pem, server)
  if (hash === expectedHash.toLowerCase()) return pem
  throw new JoinError(
    `the master at ${server} has another certificate authority (${hash}) than --ca-hash says: check the address, and take the whole line from \`skiff token create\` there`,
  )
}

/** `sha256:<hex>` of its public key, as join lines say it. */
export function authorityHash(pem: string): string {
  const spki = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' })
  return `sha256:${createHash('sha256').update(spki).digest('hex')}`
}

function answeredHash(pem: string, server: string): string {
  try {
    return authorityHash(pem)
  } catch (error) {
    throw new JoinError(`${server} does not answer as a Skiff master does (no certificate authority at /cacerts)`, {
      cause: error,
    })
  }
}

function fetchUnverified(url: URL): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const request = https.get(url, { rejectUnauthorized: false, agent: false, timeout: TIMEOUT_MS }, async (response) => {
    try {
      const chunks: Buffer[] = []
      let size = 0
      for await (const chunk of response as AsyncIterable<Buffer>) {
        size += chunk.length
        if (size > MAX_BYTES) throw new Error('the answer is too long')
        chunks.push(chunk)
      }
      resolve(Buffer.concat(chunks).toString('utf8'))
    } catch (error) {
      reject(error)
    }
  })
  request.once('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)))
  request.once('error', reject)
  return promise
}
