import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

export interface RequestInput {
  /** PKCS#8 PEM. */
  readonly key: string
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

/**
 * A PKCS#10 certificate request as PEM, signed with the key. The library for it would take 3 MB of an agent that needs it
 * once a year: it goes with its thread.
 */
export async function certificateRequest(input: RequestInput): Promise<string> {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  const file = new URL(`./certificate-request-worker${extension}`, import.meta.url)
  const [request] = await once(new Worker(file, { workerData: input, execArgv: [] }), 'message')
  return request
}
