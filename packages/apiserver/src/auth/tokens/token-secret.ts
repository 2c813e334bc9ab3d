import { createHash, timingSafeEqual } from 'node:crypto'
import type { Draft, Secret } from '@skiff/api'
import type { UserInfo } from '../../http/request-context.ts'
import { BOOTSTRAP_USER_PREFIX, BOOTSTRAPPERS_GROUP, MASTERS_GROUP } from '../users.ts'

/** Type of the Secrets that hold tokens. Only the secret's hash is kept: whoever reads the Secret can't use the token. */
export const TOKEN_SECRET_TYPE = 'skiff.dev/token'
export const TOKEN_NAMESPACE = 'kube-system'

/** `join`: a host may become a node. `admin`: everything. */
export type TokenUsage = 'join' | 'admin'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789'
const ID_LENGTH = 6
/** 16 characters of 36 are 82 bits: too many to guess, so that a plain hash is enough at rest. */
const SECRET_LENGTH = 16
const ADMIN_SECRET_LENGTH = 40

export interface NewToken {
  /** What the user is shown, once. */
  readonly token: string
  readonly secret: Draft<Secret>
}

export interface NewTokenOptions {
  readonly usage: TokenUsage
  /** Undefined: never expires. */
  readonly expires: Date | undefined
  readonly randomInt: (below: number) => number
}

/** A token `id.secret` (upstream's bootstrap token form) and the Secret to store for it. */
export function newToken({ usage, expires, randomInt }: NewTokenOptions): NewToken {
  const id = randomText(ID_LENGTH, randomInt)
  const secret = randomText(usage === 'admin' ? ADMIN_SECRET_LENGTH : SECRET_LENGTH, randomInt)
  const data = {
    usage,
    hash: hashOf(secret),
    ...(expires === undefined ? {} : { expiration: expires.toISOString() }),
  }
  return {
    token: `${id}.${secret}`,
    secret: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: tokenSecretName(id), namespace: TOKEN_NAMESPACE },
      type: TOKEN_SECRET_TYPE,
      data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
    },
  }
}

export function parseToken(token: string): { id: string; secret: string } | undefined {
  const match = /^([a-z0-9]{6})\.([a-z0-9]{16}|[a-z0-9]{40})$/.exec(token)
  return match?.[1] === undefined || match[2] === undefined ? undefined : { id: match[1], secret: match[2] }
}

export function tokenSecretName(id: string): string {
  return `skiff-token-${id}`
}

/** The user of a token whose secret part is right and that has not expired. */
export function userOfTokenSecret(stored: Secret, presented: { id: string; secret: string }, now: Date): UserInfo | undefined {
  if (stored.type !== TOKEN_SECRET_TYPE || tokenHasExpired(stored, now)) return undefined
  if (!sameSecret(field(stored, 'hash') ?? '', hashOf(presented.secret))) return undefined
  switch (field(stored, 'usage')) {
    case 'join':
      return { name: `${BOOTSTRAP_USER_PREFIX}${presented.id}`, groups: [BOOTSTRAPPERS_GROUP] }
    case 'admin':
      return { name: `skiff-admin:${presented.id}`, groups: [MASTERS_GROUP] }
    default:
      return undefined
  }
}

/** An expiration that can't be read counts as past. */
export function tokenHasExpired(stored: Secret, now: Date): boolean {
  return !(tokenExpiry(stored) > now.getTime())
}

/** In milliseconds since 1970. */
export function tokenExpiry(stored: Secret): number {
  const expiration = field(stored, 'expiration')
  return expiration === undefined ? Number.POSITIVE_INFINITY : Date.parse(expiration)
}

/** Compared in a time that tells nothing of where they differ. */
export function sameSecret(expected: string, actual: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(actual)]
  return a.length === b.length && timingSafeEqual(a, b)
}

export function field(stored: Secret, key: string): string | undefined {
  const value = stored.data?.[key]
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString()
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

function randomText(length: number, randomInt: (below: number) => number): string {
  return Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
}
