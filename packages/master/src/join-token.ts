import { randomInt } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SECRETS, type Secret } from '@skiff/api'
import { newToken, TOKEN_NAMESPACE, TOKEN_SECRET_TYPE, type TokenUsage, tokenHasExpired } from '@skiff/apiserver'
import type { ApiClient } from '@skiff/client'
import { publicKeyHash } from './certificates/key-pair.ts'

/** With these a host can join: `skiff agent --join URL --token <token> --ca-hash <caHash>`. */
export interface JoinToken {
  /** `id.secret`; it can't be read again, only its hash is stored. */
  readonly token: string
  /** `sha256:<hex>` of the cluster authority's public key. */
  readonly caHash: string
}

/** A token by which hosts join, good for `ttlMs`. `dataDir` is the master's directory. */
export async function createJoinToken(options: {
  readonly client: ApiClient
  readonly dataDir: string
  readonly ttlMs: number
}): Promise<JoinToken> {
  const caHash = publicKeyHash(await readFile(join(options.dataDir, 'ca.crt'), 'utf8'))
  return { token: await storeNewToken(options.client, 'join', options.ttlMs), caHash }
}

/** A bearer token that may do everything, for curl or a kubeconfig on another machine. */
export async function createAdminToken(options: { readonly client: ApiClient; readonly ttlMs: number }): Promise<string> {
  return storeNewToken(options.client, 'admin', options.ttlMs)
}

async function storeNewToken(client: ApiClient, usage: TokenUsage, ttlMs: number): Promise<string> {
  const now = new Date()
  await deleteExpired(client, now)
  const { token, secret } = newToken({ usage, expires: new Date(now.getTime() + ttlMs), randomInt })
  await client.create<Secret>(SECRETS, secret)
  return token
}

/** Expired tokens are refused anyway; this only keeps them from piling up. */
async function deleteExpired(client: ApiClient, now: Date): Promise<void> {
  const options = { namespace: TOKEN_NAMESPACE, fieldSelector: `type=${TOKEN_SECRET_TYPE}` }
  const { items } = await client.list<Secret>(SECRETS, options)
  const expired = items.filter((secret) => tokenHasExpired(secret, now))
  await Promise.allSettled(expired.map(({ metadata: { name } }) => client.delete(SECRETS, { namespace: TOKEN_NAMESPACE, name })))
}
