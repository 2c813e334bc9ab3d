import {
  ApiError,
  badRequest,
  type FieldError,
  forbidden,
  invalid,
  invalidObject,
  type KubeObject,
  NODES,
  type Node,
  notFound,
  PODS,
  type Pod,
  rfc3339,
  SERVICE_ACCOUNTS,
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

/** Answers POST `serviceaccounts/<name>/token`: a token bound to the account and, when asked, to one pod. */
export async function requestToken(
  tokenRequest: KubeObject,
  call: TokenRequestCall,
  { objects, tokens }: { readonly objects: ObjectReader; readonly tokens: ServiceAccountTokens },
): Promise<object> {
  const account = objects.get<ServiceAccount>(SERVICE_ACCOUNTS, call)
  if (account === undefined) throw notFound('serviceaccounts', call.name)
  const spec = (tokenRequest.spec ?? {}) as TokenRequestSpec
  const problems = lifetimeProblems(spec)
  if (problems.length > 0) throw invalidObject(TOKEN_REQUESTS, '', problems)
  const pod = boundPod(spec, account, objects)
  refuseForeignNode(call.user, account, pod)

  const lifetimeSeconds = spec.expirationSeconds ?? DEFAULT_LIFETIME_SECONDS
  const audiences = spec.audiences === undefined || spec.audiences.length === 0 ? [tokens.issuer] : spec.audiences
  const node = pod && nodeRef(pod, objects)
  const { token, expires } = await tokens.issue({
    account,
    audiences,
    lifetimeSeconds,
    ...(pod === undefined ? {} : { pod: { name: pod.metadata.name, uid: pod.metadata.uid } }),
    ...(node === undefined ? {} : { node }),
  })
  return {
    kind: TOKEN_REQUESTS.kind,
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name: account.metadata.name, namespace: account.metadata.namespace },
    spec: { audiences, expirationSeconds: lifetimeSeconds, boundObjectRef: spec.boundObjectRef ?? null },
    status: { token, expirationTimestamp: rfc3339(expires) },
  }
}

function lifetimeProblems({ expirationSeconds }: TokenRequestSpec): FieldError[] {
  if (expirationSeconds === undefined) return []
  const refuse = (detail: string) => [invalid('spec.expirationSeconds', expirationSeconds, detail)]
  if (expirationSeconds < MIN_LIFETIME_SECONDS) return refuse('may not specify a duration less than 10 minutes')
  if (expirationSeconds > MAX_LIFETIME_SECONDS) return refuse('may not specify a duration larger than 2^32 seconds')
  return []
}

function boundPod({ boundObjectRef }: TokenRequestSpec, account: ServiceAccount, objects: ObjectReader): Pod | undefined {
  const { name: accountName, namespace = '' } = account.metadata
  if (boundObjectRef === undefined || boundObjectRef === null) return undefined
  const { kind, apiVersion = 'v1', name = '', uid } = boundObjectRef
  if (kind !== 'Pod' || apiVersion !== 'v1')
    throw badRequest(`cannot bind token for serviceaccount "${accountName}" to object ${kind}: only pods`)
  const pod = objects.get<Pod>(PODS, { namespace, name })
  if (pod === undefined) throw notFound('pods', name)
  if (pod.spec.serviceAccountName !== accountName) {
    throw badRequest(`cannot bind token for serviceaccount "${accountName}" to pod running with different serviceaccount name.`)
  }
  if (uid !== undefined && uid !== '' && uid !== pod.metadata.uid) {
    throw new ApiError(
      'Conflict',
      `Operation cannot be fulfilled on pods "${name}": the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
      { details: { name, kind: 'pods' } },
    )
  }
  return pod
}

/** An agent gets tokens only for the pods that run on its node. */
function refuseForeignNode(user: UserInfo, account: ServiceAccount, pod: Pod | undefined): void {
  const node = nodeNameOf(user)
  if (node === undefined || pod?.spec.nodeName === node) return
  const why = `node ${node} may only ask for tokens that are bound to a pod of its own`
  throw forbidden('serviceaccounts', account.metadata.name, why)
}

function nodeRef(pod: Pod, objects: ObjectReader): { name: string; uid: string } | undefined {
  const node = pod.spec.nodeName === undefined ? undefined : objects.get<Node>(NODES, { name: pod.spec.nodeName })
  return node && { name: node.metadata.name, uid: node.metadata.uid }
}
