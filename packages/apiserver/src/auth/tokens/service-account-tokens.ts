import { createHash, createPrivateKey, createPublicKey, type KeyObject, randomUUID } from 'node:crypto'
import { type KindInfo, type KubeObject, NODES, PODS, SECRETS, SERVICE_ACCOUNTS, type ServiceAccount } from '@skiff/api'
import { decodeProtectedHeader, exportJWK, type JWK, jwtVerify, SignJWT } from 'jose'
import type { UserInfo } from '../../http/request-context.ts'
import type { ObjectReader } from '../../registry/resource-definition.ts'
import { serviceAccountGroups, serviceAccountUserName } from '../users.ts'

const ALGORITHM = 'RS256'
/** A token is verified once and remembered, newest last; every pod of a large cluster has its place. */
const REMEMBERED_TOKENS = 16_384

interface ObjectRef {
  readonly name: string
  readonly uid: string
}

/** The private claims of Kubernetes' bound tokens (KEP-1205). */
interface BoundClaims {
  readonly namespace: string
  readonly serviceaccount: ObjectRef
  readonly pod?: ObjectRef
  readonly secret?: ObjectRef
  readonly node?: ObjectRef
}

interface VerifiedToken {
  readonly audiences: readonly string[]
  readonly notBefore: number
  readonly expires: number
  readonly id: string | undefined
  readonly bound: BoundClaims
}

export interface TokenToIssue {
  readonly account: ServiceAccount
  readonly audiences: readonly string[]
  readonly lifetimeSeconds: number
  /** What the token is bound to; a pod's node is only told. */
  readonly pod?: ObjectRef
  readonly secret?: ObjectRef
  readonly node?: ObjectRef
}

export interface ServiceAccountTokens {
  readonly issuer: string
  issue(request: TokenToIssue): Promise<{ token: string; expires: Date }>
  /** The user of a token that is ours, valid now, meant for one of the audiences, whose account still exists, and what it is bound to. */
  verify(token: string, audiences: readonly string[]): Promise<{ user: UserInfo; audiences: readonly string[] } | undefined>
  /** Public keys for `/openid/v1/jwks`. */
  keySet(): Promise<{ keys: JWK[] }>
}

export interface ServiceAccountTokenOptions {
  readonly privateKeyPem: string
  /** `https://kubernetes.default.svc.<cluster domain>` */
  readonly issuer: string
  readonly objects: ObjectReader
  readonly clock: () => Date
}

export function createServiceAccountTokens(options: ServiceAccountTokenOptions): ServiceAccountTokens {
  const { issuer, objects, clock } = options
  const privateKey = createPrivateKey(options.privateKeyPem)
  const publicKey = createPublicKey(privateKey)
  const keyId = keyIdOf(publicKey)
  const verified = new Map<string, VerifiedToken>()
  return {
    issuer,
    async issue(request) {
      const now = seconds(clock())
      const expires = now + request.lifetimeSeconds
      const token = await new SignJWT({ 'kubernetes.io': boundClaims(request) })
        .setProtectedHeader({ alg: ALGORITHM, kid: keyId })
        .setIssuer(issuer)
        .setSubject(serviceAccountUserName(request.account.metadata.namespace ?? '', request.account.metadata.name))
        .setAudience([...request.audiences])
        .setIssuedAt(now)
        .setNotBefore(now)
        .setExpirationTime(expires)
        .setJti(randomUUID())
        .sign(privateKey)
      return { token, expires: new Date(expires * 1000) }
    },
    async verify(token, audiences) {
      const known = verified.get(token) ?? (await checkSignature(token, { publicKey, keyId, issuer, now: clock() }))
      if (known === undefined) return undefined
      remember(verified, token, known)
      const now = seconds(clock())
      const matching = known.audiences.filter((audience) => audiences.includes(audience))
      if (now < known.notBefore || now >= known.expires || matching.length === 0 || !stillBound(known.bound, objects, clock())) {
        return undefined
      }
      return { user: userOf(known), audiences: matching }
    },
    async keySet() {
      return { keys: [{ ...(await exportJWK(publicKey)), kid: keyId, alg: ALGORITHM, use: 'sig' }] }
    },
  }
}

function boundClaims({ account, pod, secret, node }: TokenToIssue): BoundClaims {
  return {
    namespace: account.metadata.namespace ?? '',
    serviceaccount: { name: account.metadata.name, uid: account.metadata.uid },
    ...(pod === undefined ? {} : { pod }),
    ...(secret === undefined ? {} : { secret }),
    ...(node === undefined ? {} : { node }),
  }
}

async function checkSignature(
  token: string,
  { publicKey, keyId, issuer, now }: { publicKey: KeyObject; keyId: string; issuer: string; now: Date },
): Promise<VerifiedToken | undefined> {
  try {
    if (decodeProtectedHeader(token).kid !== keyId) return undefined
    const { payload } = await jwtVerify(token, publicKey, { algorithms: [ALGORITHM], issuer, currentDate: now })
    const bound = readBoundClaims(payload['kubernetes.io'])
    if (bound === undefined || payload.exp === undefined) return undefined
    return {
      bound,
      audiences: [payload.aud ?? []].flat(),
      notBefore: payload.nbf ?? 0,
      expires: payload.exp,
      id: payload.jti,
    }
  } catch {
    // Whatever is wrong with it, it isn't a token of ours.
    return undefined
  }
}

function readBoundClaims(value: unknown): BoundClaims | undefined {
  const claims = value as Partial<BoundClaims> | undefined
  const account = claims?.serviceaccount
  const complete = typeof claims?.namespace === 'string' && typeof account?.name === 'string' && typeof account.uid === 'string'
  return complete ? (claims as BoundClaims) : undefined
}

/** What is being deleted has this long to use its tokens: a pod that ends may have something to tell. */
const DELETION_LEEWAY_MS = 60_000

/** A token dies with its account and with what it is bound to, also when a namesake takes the place. A node counts only by itself. */
function stillBound({ namespace, serviceaccount, pod, secret, node }: BoundClaims, objects: ObjectReader, now: Date): boolean {
  const isThere = (info: KindInfo, ref: ObjectRef) => {
    const found = objects.get<KubeObject>(info, info.namespaced ? { namespace, name: ref.name } : { name: ref.name })
    return found?.metadata.uid === ref.uid && !isLongDeleted(found, now)
  }
  if (!isThere(SERVICE_ACCOUNTS, serviceaccount)) return false
  if (pod !== undefined) return isThere(PODS, pod)
  if (secret !== undefined) return isThere(SECRETS, secret)
  return node === undefined || isThere(NODES, node)
}

function isLongDeleted({ metadata: { deletionTimestamp } }: KubeObject, now: Date): boolean {
  return deletionTimestamp !== undefined && Date.parse(deletionTimestamp) + DELETION_LEEWAY_MS < now.getTime()
}

function userOf({ bound, id }: VerifiedToken): UserInfo {
  const extra: Record<string, readonly string[]> = {}
  if (id !== undefined) extra['authentication.kubernetes.io/credential-id'] = [`JTI=${id}`]
  for (const kind of ['pod', 'node'] as const) {
    const object = bound[kind]
    if (object === undefined) continue
    extra[`authentication.kubernetes.io/${kind}-name`] = [object.name]
    extra[`authentication.kubernetes.io/${kind}-uid`] = [object.uid]
  }
  return {
    name: serviceAccountUserName(bound.namespace, bound.serviceaccount.name),
    uid: bound.serviceaccount.uid,
    groups: serviceAccountGroups(bound.namespace),
    extra,
  }
}

function remember(verified: Map<string, VerifiedToken>, token: string, value: VerifiedToken): void {
  verified.delete(token)
  verified.set(token, value)
  const oldest = verified.keys().next()
  if (verified.size > REMEMBERED_TOKENS && oldest.done !== true) verified.delete(oldest.value)
}

/** As kube-apiserver names its keys: base64url of the hash of the public key. */
function keyIdOf(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000)
}
