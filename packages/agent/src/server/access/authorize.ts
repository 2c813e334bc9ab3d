import { ApiError, forbidden, isNotFound, NODES, SUBJECT_ACCESS_REVIEWS, verbOf } from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import { Answers } from './answers.ts'
import type { Asker } from './authenticate.ts'

export interface AccessRequest {
  readonly asker: Asker
  /** The path's parts. */
  readonly path: readonly string[]
  /** Of HTTP; an upgrade changes things and counts as POST. */
  readonly method: string
}

/** Throws Forbidden, and Unauthorized for a node that was deleted. */
export type Authorize = (request: AccessRequest) => Promise<void>

const ALLOWED_KEPT_MS = 300_000
const DENIED_KEPT_MS = 30_000
/** The API server turns a deleted node away at once; what it may do elsewhere ends so much later. */
const NODE_KEPT_MS = 30_000
const NO_NODE_KEPT_MS = 1_000
const MASTER_PATIENCE_MS = 5_000
const NODE_USER = 'system:node:'

/** The master may everything, other nodes fetch images; anybody else what the API allows them on this node, as with a kubelet. */
export function authorizer(client: ApiClient, nodeName: string, now: () => Date): Authorize {
  const known = new Answers<boolean>(now)
  const allowed = (asker: Asker, verb: string, subresource: string) => {
    const key = JSON.stringify([asker, verb, subresource])
    const ask = () => reviewAccess(client, asker, { verb, subresource, name: nodeName })
    return known.answer(key, ask, (yes) => (yes ? ALLOWED_KEPT_MS : DENIED_KEPT_MS))
  }
  const isNode = ({ name }: Asker) =>
    known.answer(
      name,
      () => nodeExists(client, name),
      (yes) => (yes ? NODE_KEPT_MS : NO_NODE_KEPT_MS),
    )
  return async ({ asker, path, method }) => {
    if (isMaster(asker)) return
    if (asker.groups.includes('system:nodes') && (path[0] === 'images' || path[0] === 'healthz')) {
      if (await isNode(asker)) return
      throw new ApiError('Unauthorized', `there is no node of ${asker.name} any more`)
    }
    const verb = verbOf(method) ?? 'get'
    const subresources = subresourcesOf(path)
    for (const subresource of subresources) if (await allowed(asker, verb, subresource)) return
    const [first = ''] = subresources
    throw forbidden('nodes', nodeName, `user "${asker.name}" may not ${verb} nodes/${first}, which this path of the agent takes`)
  }
}

function isMaster({ name, groups }: Asker): boolean {
  return name === 'skiff-master' && groups.includes('skiff:masters')
}

/** Any one of these is enough (KEP-2862). */
function subresourcesOf([first = '']: readonly string[]): readonly string[] {
  switch (first) {
    case 'stats':
    case 'metrics':
      return [first]
    case 'logs':
      return ['log']
    case 'healthz':
    case 'configz':
      return [first, 'proxy']
    case 'pods':
    case 'runningpods':
      return ['pods', 'proxy']
    default:
      return ['proxy']
  }
}

/** Nodes give images to one another without the master, too: only what it says counts against one. */
async function nodeExists(client: ApiClient, user: string): Promise<boolean> {
  const signal = AbortSignal.timeout(MASTER_PATIENCE_MS)
  return await client.get(NODES, { name: user.slice(NODE_USER.length) }, { signal }).then(
    () => true,
    (error: unknown) => !isNotFound(error),
  )
}

interface Attributes {
  readonly verb: string
  readonly subresource: string
  readonly name: string
}

async function reviewAccess(client: ApiClient, asker: Asker, attributes: Attributes): Promise<boolean> {
  const { name, uid, groups } = asker
  const resourceAttributes = { ...attributes, version: 'v1', resource: 'nodes' }
  const spec = { user: name, groups: [...groups], ...(uid === undefined ? {} : { uid }), resourceAttributes }
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', metadata: {}, spec }
  const { status } = await client.create<{ status?: { allowed?: boolean } }>(SUBJECT_ACCESS_REVIEWS, review as never)
  return status?.allowed === true
}
