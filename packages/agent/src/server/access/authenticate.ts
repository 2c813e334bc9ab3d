import { createHash, X509Certificate } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { ApiError, TOKEN_REVIEWS } from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import { Answers } from './answers.ts'

/** Who asks this agent for something. */
export interface Asker {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
}

interface TokenReview {
  readonly status?: {
    readonly authenticated?: boolean
    readonly user?: { readonly username?: string; readonly uid?: string; readonly groups?: readonly string[] }
  }
}

const TOKEN_KEPT_MS = 120_000

export type Authenticate = (request: IncomingMessage) => Promise<Asker>

/** By a certificate of the cluster's CA, or by a bearer token that the master knows; throws Unauthorized. As the kubelet. */
export function authenticator(client: ApiClient, now: () => Date): Authenticate {
  const known = new Answers<Asker | undefined>(now)
  return async (request) => {
    const byCertificate = certificateAsker(request.socket as TLSSocket)
    if (byCertificate !== undefined) return byCertificate
    const [, token] = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? []
    const key = token === undefined ? '' : createHash('sha256').update(token).digest('base64')
    const asker =
      token &&
      (await known.answer(
        key,
        () => reviewToken(client, token),
        () => TOKEN_KEPT_MS,
      ))
    if (!asker) throw new ApiError('Unauthorized', 'Unauthorized')
    return asker
  }
}

function certificateAsker(socket: TLSSocket): Asker | undefined {
  if (!socket.authorized) return undefined
  const raw = socket.getPeerCertificate(true).raw as Buffer | undefined
  if (raw === undefined) return undefined
  const subject = new X509Certificate(raw).subject.split('\n')
  const valuesOf = (key: string) => subject.flatMap((part) => (part.startsWith(`${key}=`) ? [part.slice(key.length + 1)] : []))
  return { name: valuesOf('CN')[0] ?? '', groups: valuesOf('O') }
}

async function reviewToken(client: ApiClient, token: string): Promise<Asker | undefined> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', metadata: {}, spec: { token } }
  const { status } = await client.create<TokenReview>(TOKEN_REVIEWS, review as never)
  const { username = '', uid, groups = [] } = status?.user ?? {}
  if (status?.authenticated !== true) return undefined
  return { name: username, groups, ...(uid === undefined ? {} : { uid }) }
}
