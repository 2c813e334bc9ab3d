import { X509Certificate } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { ApiError, isForbidden, isUnauthorized, isUnavailable } from '@skiff/api'
import { ApiClient, backoff, type Log } from '@skiff/client'
import { type NodeCredentials, readCredentials, writeCredentials } from './agent-files.ts'
import { certificateRequest, newKey } from './certificate-request.ts'
import { authorityHash, fetchAuthority } from './cluster-authority.ts'
import { JoinError } from './join-error.ts'
import { requestCertificate } from './request-certificate.ts'

export interface JoinOptions {
  readonly dataDir: string
  readonly node: string
  readonly nodeIp: string
  /** Needed for the first join only. */
  readonly server: string | undefined
  readonly token: string | undefined
  readonly caHash: string | undefined
  /** Whether the pods that were here can be looked after without a word with the master. */
  readonly knowsItsPods: () => Promise<boolean>
  readonly now: () => Date
  readonly random: () => number
  readonly logger: Log
  readonly signal: AbortSignal
}

const FIRST_JOIN_TIMEOUT_MS = 30_000
/** A certificate is replaced once less than this part of its life is left, as kubelets do. */
const RENEW_WHEN_LEFT = 0.3
export const USER_AGENT = 'skiff-agent'

/**
 * The credentials of this node: those of an earlier join, or new ones by the join token. Throws JoinError with what to do.
 * Ones that have expired while the master was away are given too if there are pods to look after: see `renew`.
 */
export async function join(options: JoinOptions): Promise<NodeCredentials> {
  const known = await readCredentials(options.dataDir, options.node)
  if (known === undefined || isOfAnotherCluster(known, options)) return await withinBound(options, () => joinByToken(options))
  if (!hasExpired(known, options.now()) || (await options.knowsItsPods())) return movedTo(known, options)
  return await withinBound(options, () => joinByToken(options, EXPIRED))
}

/** A master that was made anew has another authority: what is known here is of no use to it. */
export function isOfAnotherCluster({ ca }: NodeCredentials, { token, caHash }: Pick<JoinOptions, 'token' | 'caHash'>): boolean {
  return token !== undefined && caHash !== undefined && authorityHash(ca) !== caHash.toLowerCase()
}

/** The master may have got another address since. */
async function movedTo(known: NodeCredentials, { server, dataDir, node }: JoinOptions): Promise<NodeCredentials> {
  if (server === undefined || server === known.server) return known
  const moved = { ...known, server }
  await writeCredentials(dataDir, node, moved)
  return moved
}

const NEVER_JOINED = 'this host has not joined a cluster yet'
const EXPIRED = "this node's certificate has expired"

/** One attempt. `why` no token was needed before. */
async function joinByToken(options: JoinOptions, why = NEVER_JOINED): Promise<NodeCredentials> {
  const { server, token, caHash, dataDir, node, logger } = options
  if (server === undefined || token === undefined || caHash === undefined) {
    throw new JoinError(`${why}: run \`skiff token create\` on the master and type the line that it prints`)
  }
  const ca = await fetchAuthority(server, caHash)
  const bootstrap = new ApiClient({ server, ca, token, userAgent: USER_AGENT })
  try {
    const credentials = await requestBoth({ ...options, server, ca, bootstrap })
    await writeCredentials(dataDir, node, credentials).catch(blameThisHost)
    logger.info({ node, server }, 'certificates received')
    return credentials
  } finally {
    bootstrap.close()
  }
}

/** Not the master, which nobody needs to ask again. */
function blameThisHost(error: unknown): never {
  throw new JoinError(error instanceof Error ? error.message : String(error), { cause: error })
}

interface BothOptions extends JoinOptions {
  readonly server: string
  readonly ca: string
  readonly bootstrap: ApiClient
}

async function requestBoth({ server, ca, bootstrap, node, nodeIp, signal }: BothOptions): Promise<NodeCredentials> {
  const clientKey = newKey()
  const clientCert = await requestClient(bootstrap, node, clientKey, signal)
  const client = new ApiClient({ server, ca, cert: clientCert, key: clientKey, userAgent: USER_AGENT })
  try {
    const servingKey = newKey()
    const servingCert = await requestServing(client, { node, names: servingNames(node, nodeIp, server) }, servingKey, signal)
    return { server, ca, clientCert, clientKey, servingCert, servingKey }
  } finally {
    client.close()
  }
}

async function requestClient(client: ApiClient, node: string, key: string, signal: AbortSignal): Promise<string> {
  const requestPem = await certificateRequest({ key, ...nodeSubject(node), names: [] })
  return await requestCertificate({ client, requestPem, node, signer: 'kubernetes.io/kube-apiserver-client-kubelet', signal })
}

async function requestServing(
  client: ApiClient,
  { node, names }: { readonly node: string; readonly names: readonly string[] },
  key: string,
  signal: AbortSignal,
): Promise<string> {
  const requestPem = await certificateRequest({ key, ...nodeSubject(node), names })
  return await requestCertificate({ client, requestPem, node, signer: 'kubernetes.io/kubelet-serving', signal })
}

/** On the master's own machine the address is the master's: its signer gives that to nobody else, and the name must do. */
function servingNames(node: string, nodeIp: string, server: string): string[] {
  return new URL(server).hostname === nodeIp ? [node] : [node, nodeIp]
}

function nodeSubject(node: string) {
  return { commonName: `system:node:${node}`, organization: 'system:nodes' }
}

/** When the credentials should be replaced, in milliseconds since the epoch. */
export function renewAt(credentials: NodeCredentials): number {
  const times = [credentials.clientCert, credentials.servingCert].map((pem) => {
    const { validFrom, validTo } = new X509Certificate(pem)
    return Date.parse(validTo) - (Date.parse(validTo) - Date.parse(validFrom)) * RENEW_WHEN_LEFT
  })
  return Math.min(...times)
}

/**
 * New keys and certificates by the authority of the old ones, or for a changed address. No master takes old ones that have
 * expired: then by the join token, or JoinError says that one is needed.
 */
export async function renew(credentials: NodeCredentials, options: JoinOptions): Promise<NodeCredentials> {
  if (hasExpired(credentials, options.now())) {
    return await joinByToken({ ...options, server: credentials.server }, EXPIRED).catch((error: unknown) => {
      throw finalError(error, credentials.server) ?? error
    })
  }
  const { server, ca, clientCert, clientKey } = credentials
  const bootstrap = new ApiClient({ server, ca, cert: clientCert, key: clientKey, userAgent: USER_AGENT })
  try {
    const renewed = await requestBoth({ ...options, server, ca, bootstrap })
    await writeCredentials(options.dataDir, options.node, renewed)
    return renewed
  } finally {
    bootstrap.close()
  }
}

/** Whether the serving certificate still says where this node is. */
export function servesAddress({ servingCert, server }: NodeCredentials, nodeIp: string): boolean {
  return new URL(server).hostname === nodeIp || new X509Certificate(servingCert).checkIP(nodeIp) !== undefined
}

/** What the master knows this node by. */
export function hasExpired({ clientCert }: NodeCredentials, now: Date): boolean {
  return Date.parse(new X509Certificate(clientCert).validTo) <= now.getTime()
}

/** A first join tries for a while, since the master may just be starting, and then says what is wrong. */
async function withinBound<T>(options: JoinOptions, attempt: () => Promise<T>): Promise<T> {
  const { random, signal, logger, server = '' } = options
  const retry = backoff({ initialMs: 500, maxMs: 5_000, jitter: 0.5, random })
  const begin = performance.now()
  // Whoever has just typed the line watches: the first failure is told, not half a minute of silence.
  let level: 'warn' | 'debug' = 'warn'
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      const final = finalError(error, server)
      if (final !== undefined) throw final
      if (performance.now() - begin > FIRST_JOIN_TIMEOUT_MS) throw unreachable(error, server)
      logger[level]({ server, err: error }, `the master does not answer yet, trying for ${FIRST_JOIN_TIMEOUT_MS / 1_000} s`)
      level = 'debug'
      await delay(retry.nextMs(), undefined, { signal })
    }
  }
}

function finalError(error: unknown, server: string): Error | undefined {
  if (error instanceof JoinError) return error
  // Waiting cures no clock.
  if (isTlsComplaint(error)) return unreachable(error, server)
  if (isUnauthorized(error)) {
    return new JoinError(
      `the master at ${server} refused the token: it is wrong or has expired; make a new one there with \`skiff token create\``,
    )
  }
  if (isForbidden(error))
    return new JoinError(`the token may not join hosts to ${server}: take one from \`skiff token create\` (without --admin)`)
  if (error instanceof ApiError && !isUnavailable(error)) return new JoinError(`the master at ${server} said: ${error.message}`)
  return undefined
}

function unreachable(error: unknown, server: string): JoinError {
  const why = error instanceof Error ? error.message : String(error)
  if (isTlsComplaint(error)) return new JoinError(why, { cause: error })
  return new JoinError(
    `cannot reach the master at ${server} (${why}): check the address, that the master runs, and that no firewall is between`,
    {
      cause: error,
    },
  )
}

function isTlsComplaint(error: unknown): boolean {
  const cause = error instanceof ApiError ? error.cause : undefined
  return /^CERT_|_CERT_|_LEAF_/.test(String((cause as NodeJS.ErrnoException | undefined)?.code ?? ''))
}
