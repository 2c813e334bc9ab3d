import {
  ApiError,
  badRequest,
  type FieldError,
  forbidden,
  invalid,
  invalidObject,
  type KindInfo,
  type KubeObject,
  NODES,
  type Node,
  notFound,
  PODS,
  type Pod,
  rfc3339,
  SECRETS,
  SERVICE_ACCOUNTS,
  type Secret,
  type ServiceAccount,
} from '@skiff/api'
import type { UserInfo } from '../../http/request-context.ts'
import type { ObjectReader } from '../../registry/resource-definition.ts'
import { TOKEN_REQUESTS } from '../reviews/review-kinds.ts'
import { nodeNameOf } from '../users.ts'
import type { ServiceAccountTokens } from './service-account-tokens.ts'

const DEFAULT_LIFETIME_SECONDS = 3600
const MIN_LIFETIME_SECONDS = 600
const MAX_LIFETIME_SECONDS = 2 ** 32

interface TokenRequestSpec {
  readonly audiences?: readonly string[]
  readonly expirationSeconds?: number
  readonly boundObjectRef?: {
    readonly kind?: string
    readonly apiVersion?: string
    readonly name?: string
    readonly uid?: string
  } | null
}

export interface TokenRequestCall {
  readonly user: UserInfo
  readonly namespace: string
  /** The service account's name. */
  readonly name: string
}

/** Answers POST `serviceaccounts/<name>/token`: a token bound to the account and, when asked, to a pod, a Secret or a node. */
export async function requestToken(
  tokenRequest: KubeObject,
  call: TokenRequestCall,
  { objects, tokens }: { readonly objects: ObjectReader; readonly tokens: ServiceAccountTokens },
): Promise<object> {
  const account = objects.get<ServiceAccount>(SERVICE_ACCOUNTS, call)
  if (account === undefined) throw notFound('serviceaccounts', call.name)
  const spec = (tokenRequest.spec ?? {}) as TokenRequestSpec
  const elsewhere = addressProblems(tokenRequest, call)
  if (elsewhere.length > 0) throw invalidObject(TOKEN_REQUESTS, call.name, elsewhere)
  const problems = lifetimeProblems(spec)
  if (problems.length > 0) throw invalidObject(TOKEN_REQUESTS, '', problems)
  const bound = boundObject(spec, account, objects)
  refuseForeignNode(call.user, account, bound)

  const lifetimeSeconds = spec.expirationSeconds ?? DEFAULT_LIFETIME_SECONDS
  const audiences = spec.audiences === undefined || spec.audiences.length === 0 ? [tokens.issuer] : spec.audiences
  const { token, expires } = await tokens.issue({
    account,
    audiences,
    lifetimeSeconds,
    ...claimsOf(bound, objects),
  })
  return {
    kind: TOKEN_REQUESTS.kind,
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name: account.metadata.name, namespace: account.metadata.namespace },
    spec: { audiences, expirationSeconds: lifetimeSeconds, boundObjectRef: spec.boundObjectRef ?? null },
    status: { token, expirationTimestamp: rfc3339(expires) },
  }
}

/** The path says whose token it is; who says it again must say the same. */
function addressProblems({ metadata }: KubeObject, { name, namespace }: TokenRequestCall): FieldError[] {
  const repeated = (field: 'name' | 'namespace', value: string): FieldError[] => {
    const said = metadata?.[field] ?? ''
    if (said === '' || said === value) return []
    return [invalid(`metadata.${field}`, said, `must match the service account ${field} if specified`)]
  }
  return [...repeated('name', name), ...repeated('namespace', namespace)]
}

function lifetimeProblems({ expirationSeconds }: TokenRequestSpec): FieldError[] {
  if (expirationSeconds === undefined) return []
  const refuse = (detail: string) => [invalid('spec.expirationSeconds', expirationSeconds, detail)]
  if (expirationSeconds < MIN_LIFETIME_SECONDS) return refuse('may not specify a duration less than 10 minutes')
  if (expirationSeconds > MAX_LIFETIME_SECONDS) return refuse('may not specify a duration larger than 2^32 seconds')
  return []
}

type BoundObject =
  | { readonly kind: 'Pod'; readonly object: Pod }
  | { readonly kind: 'Secret'; readonly object: Secret }
  | { readonly kind: 'Node'; readonly object: Node }

function boundObject(
  { boundObjectRef }: TokenRequestSpec,
  account: ServiceAccount,
  objects: ObjectReader,
): BoundObject | undefined {
  if (boundObjectRef === undefined || boundObjectRef === null) return undefined
  const { kind = '', apiVersion = '', name = '', uid = '' } = boundObjectRef
  const bound = apiVersion.includes('/') ? undefined : findBound(kind, name, account, objects)
  if (bound === undefined)
    throw badRequest(`cannot bind token for serviceaccount "${account.metadata.name}" to object type ${apiVersion}, Kind=${kind}`)
  if (uid !== '' && uid !== bound.object.metadata.uid) throw anotherUid(bound, uid)
  return bound
}

/** Undefined: nothing can be bound to this kind. Throws NotFound. */
function findBound(kind: string, name: string, account: ServiceAccount, objects: ObjectReader): BoundObject | undefined {
  const { namespace = '' } = account.metadata
  const found = <T>(info: KindInfo): T => {
    const object = objects.get<T>(info, info.namespaced ? { namespace, name } : { name })
    if (object === undefined) throw notFound(info.resource, name)
    return object
  }
  switch (kind) {
    case 'Pod': {
      const pod = found<Pod>(PODS)
      if (pod.spec.serviceAccountName !== account.metadata.name) throw foreignPod(account)
      return { kind, object: pod }
    }
    case 'Secret':
      return { kind, object: found<Secret>(SECRETS) }
    case 'Node':
      return { kind, object: found<Node>(NODES) }
    default:
      return undefined
  }
}

function foreignPod({ metadata: { name } }: ServiceAccount): ApiError {
  return badRequest(`cannot bind token for serviceaccount "${name}" to pod running with different serviceaccount name.`)
}

function anotherUid({ kind, object }: BoundObject, uid: string): ApiError {
  const { name } = object.metadata
  const resource = `${kind.toLowerCase()}s`
  return new ApiError(
    'Conflict',
    `Operation cannot be fulfilled on ${resource} "${name}": the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    { details: { name, kind: resource } },
  )
}

/** A token of a pod tells the pod's node as well. */
function claimsOf(bound: BoundObject | undefined, objects: ObjectReader) {
  if (bound === undefined) return {}
  const ref = ({ metadata: { name, uid } }: Pod | Secret | Node) => ({ name, uid })
  switch (bound.kind) {
    case 'Pod': {
      const { nodeName = '' } = bound.object.spec
      const node = nodeName === '' ? undefined : objects.get<Node>(NODES, { name: nodeName })
      return { pod: ref(bound.object), ...(node === undefined ? {} : { node: ref(node) }) }
    }
    case 'Secret':
      return { secret: ref(bound.object) }
    case 'Node':
      return { node: ref(bound.object) }
  }
}

/** An agent gets tokens only for the pods that run on its node. */
function refuseForeignNode(user: UserInfo, account: ServiceAccount, bound: BoundObject | undefined): void {
  const node = nodeNameOf(user)
  if (node === undefined || (bound?.kind === 'Pod' && bound.object.spec.nodeName === node)) return
  const why = `node ${node} may only ask for tokens that are bound to a pod of its own`
  throw forbidden('serviceaccounts', account.metadata.name, why)
}
