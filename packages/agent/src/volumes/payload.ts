/** What a configMap, secret, downwardAPI or projected volume is to contain. */

import type { Pod, Volume } from '@skiff/api'
import { ConfigError } from '../containers/config-error.ts'
import { type DownwardContext, fieldValue, resourceValue } from '../containers/downward.ts'
import type { ConfigSource } from '../containers/environment.ts'

interface PayloadFile {
  readonly content: Buffer
  readonly mode: number
  /** User id; absent: root. */
  readonly owner?: number
}

/** By path inside the volume. */
export type Payload = Map<string, PayloadFile>

export interface TokenRequest {
  readonly pod: Pod
  readonly audience?: string
  readonly expirationSeconds: number
}

export interface PayloadContext {
  readonly pod: Pod
  readonly config: ConfigSource
  readonly downward: DownwardContext
  /** A token for the pod's service account, from the cache or new. */
  readonly token: (request: TokenRequest) => Promise<string>
}

interface Item {
  readonly key: string
  readonly path: string
  readonly mode?: number
}

const DEFAULT_MODE = 0o644
const PRIVATE_MODE = 0o600
const DEFAULT_TOKEN_SECONDS = 3600

/** Whether the volume's content comes from the API, and so may change while the pod runs. */
export function isPayloadVolume(volume: Volume): boolean {
  return Boolean(volume.configMap ?? volume.secret ?? volume.downwardAPI ?? volume.projected)
}

/** Throws ConfigError in the kubelet's words when something that isn't optional is missing. */
export async function volumePayload(volume: Volume, context: PayloadContext): Promise<Payload> {
  const { configMap, secret, downwardAPI, projected } = volume
  if (configMap) return await fromConfigMap(configMap, configMap.defaultMode ?? DEFAULT_MODE, context)
  if (secret) return await fromSecret({ ...secret, name: secret.secretName ?? '' }, secret.defaultMode ?? DEFAULT_MODE, context)
  if (downwardAPI) return fromDownward(downwardAPI.items ?? [], downwardAPI.defaultMode ?? DEFAULT_MODE, context)
  return await fromProjection(projected ?? {}, context)
}

interface KeyedSource {
  readonly name?: string
  readonly items?: readonly Item[]
  readonly optional?: boolean
}

async function fromConfigMap(source: KeyedSource, mode: number, { pod, config }: PayloadContext): Promise<Payload> {
  const name = source.name ?? ''
  const found = await config.configMap(pod.metadata.namespace ?? '', name)
  if (found === undefined && !source.optional) throw new ConfigError(`configmap "${name}" not found`)
  const text = Object.entries(found?.data ?? {}).map(([key, value]) => [key, Buffer.from(value)] as const)
  const binary = Object.entries(found?.binaryData ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')] as const)
  return pick(new Map([...text, ...binary]), source, mode, (key) => {
    return `configmap references non-existent config key: ${key}: ${keyCure(`ConfigMap ${pod.metadata.namespace}/${name}`)}`
  })
}

async function fromSecret(source: KeyedSource, mode: number, { pod, config }: PayloadContext): Promise<Payload> {
  const name = source.name ?? ''
  const found = await config.secret(pod.metadata.namespace ?? '', name)
  if (found === undefined && !source.optional) throw new ConfigError(`secret "${name}" not found`)
  const data = Object.entries(found?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')] as const)
  return pick(new Map(data), source, mode, (key) => {
    return `references non-existent secret key: ${key}: ${keyCure(`Secret ${pod.metadata.namespace}/${name}`)}`
  })
}

function keyCure(where: string): string {
  return `add it to ${where}, or mark the volume optional`
}

function pick(
  data: ReadonlyMap<string, Buffer>,
  source: KeyedSource,
  defaultMode: number,
  problem: (key: string) => string,
): Payload {
  const { items = [...data.keys()].map((key): Item => ({ key, path: key })), optional } = source
  const payload: Payload = new Map()
  for (const { key, path, mode = defaultMode } of items) {
    const content = data.get(key)
    if (content !== undefined) payload.set(safePath(path), { content, mode })
    else if (!optional) throw new ConfigError(problem(key))
  }
  return payload
}

type DownwardItem = NonNullable<NonNullable<Volume['downwardAPI']>['items']>[number]

function fromDownward(items: readonly DownwardItem[], defaultMode: number, { pod, downward }: PayloadContext): Payload {
  const payload: Payload = new Map()
  for (const { path, fieldRef, resourceFieldRef, mode = defaultMode } of items) {
    const value = fieldRef
      ? fieldValue(pod, fieldRef.fieldPath, downward)
      : resourceFieldRef
        ? resourceValue(pod, resourceFieldRef, undefined, downward)
        : ''
    payload.set(safePath(path), { content: Buffer.from(value), mode })
  }
  return payload
}

/** What is wrong is told of all sources at once. */
async function fromProjection(projected: NonNullable<Volume['projected']>, context: PayloadContext): Promise<Payload> {
  const mode = projected.defaultMode ?? DEFAULT_MODE
  const payload: Payload = new Map()
  const problems: string[] = []
  for (const source of projected.sources ?? []) {
    try {
      for (const [path, file] of await fromSource(source, mode, context)) payload.set(path, file)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      problems.push(error.message)
    }
  }
  if (problems.length > 0) throw new ConfigError(problems.length === 1 ? (problems[0] ?? '') : `[${problems.join(', ')}]`)
  return payload
}

type Projection = NonNullable<NonNullable<Volume['projected']>['sources']>[number]

async function fromSource(source: Projection, mode: number, context: PayloadContext): Promise<Payload> {
  if (source.configMap) return await fromConfigMap(source.configMap, mode, context)
  if (source.secret) return await fromSecret(source.secret, mode, context)
  if (source.downwardAPI) return fromDownward(source.downwardAPI.items ?? [], mode, context)
  if (source.serviceAccountToken) return await fromToken(source.serviceAccountToken, mode, context)
  throw new ConfigError(`projected sources of the type ${Object.keys(source)[0] ?? ''} are not supported on this node`)
}

type TokenSource = NonNullable<Projection['serviceAccountToken']>

/** Whoever runs in the pod may read it, and nobody else: KEP-2451. */
async function fromToken(source: TokenSource, defaultMode: number, { pod, token }: PayloadContext): Promise<Payload> {
  const { path, audience, expirationSeconds = DEFAULT_TOKEN_SECONDS } = source
  const content = Buffer.from(await token({ pod, expirationSeconds, ...(audience ? { audience } : {}) }))
  const owner = commonUser(pod)
  const restricted = owner !== undefined || pod.spec.securityContext?.fsGroup !== undefined
  const mode = restricted ? PRIVATE_MODE : defaultMode
  return new Map([[safePath(path), { content, mode, ...(owner === undefined ? {} : { owner }) }]])
}

/** The user as whom all of its containers run, if the spec says it. */
function commonUser({ spec }: Pod): number | undefined {
  const containers = [...(spec.initContainers ?? []), ...spec.containers]
  const users = new Set(containers.map(({ securityContext }) => securityContext?.runAsUser ?? spec.securityContext?.runAsUser))
  const [user] = users
  return users.size === 1 ? user : undefined
}

/** Admission refuses such paths already; a volume's content must never leave the volume. */
function safePath(path: string): string {
  const parts = path.split('/')
  const outside =
    path === '' || path.startsWith('/') || parts.some((part) => part === '..' || part === '') || path.startsWith('..')
  if (outside) throw new ConfigError(`invalid path ${JSON.stringify(path)}: must be relative and not contain '..'`)
  return path
}
