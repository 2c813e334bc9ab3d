import {
  PERSISTENT_VOLUMES,
  type PersistentVolume,
  PODS,
  type Pod,
  qualifiedResource,
  VOLUME_ATTACHMENTS,
  VOLUME_NODE_LABEL,
  type VolumeAttachment,
} from '@skiff/api'
import type { AccessAttributes, AccessDecision, UserInfo } from '../../http/request-context.ts'
import type { ObjectReader } from '../../registry/resource-definition.ts'
import { NODE_RULES } from '../rbac/component-rules.ts'
import type { RbacAuthorizer } from '../rbac/rbac-authorizer.ts'
import { ruleAllows } from '../rbac/rules.ts'
import { nodeNameOf } from '../users.ts'
import { NodeGraph, type NodeGraphOptions } from './node-graph.ts'
import type { ReferencedKind } from './pod-references.ts'

const LEASE_NAMESPACE = 'kube-node-lease'
const READ = new Set(['get', 'list', 'watch'])
const ALLOWED: AccessDecision = { allowed: true, reason: '' }

/**
 * Lets a node's agent see and change what its own pods need and nothing else, as upstream's Node authorizer; whoever is no
 * node, and what it doesn't allow, is up to RBAC. One thing is wider than upstream: all Nodes may be read, because the
 * agent also makes the routes between the hosts, and its proxy goes by the same name.
 */
export function authorizeNodes(rbac: RbacAuthorizer, options: NodeGraphOptions): RbacAuthorizer {
  const graph = new NodeGraph(options)
  const { objects } = options
  return {
    ...rbac,
    authorize(user, attributes) {
      const node = nodeNameOf(user)
      const byNode = node === undefined ? undefined : judge({ node, graph, objects, attributes })
      if (byNode?.allowed) return byNode
      const byRole = rbac.authorize(user, attributes)
      return byRole.allowed || byNode === undefined ? byRole : byNode
    },
    rulesOfUser: (user, namespace) => [...(isNode(user) ? NODE_RULES : []), ...rbac.rulesOfUser(user, namespace)],
  }
}

export function isNode(user: UserInfo): boolean {
  return nodeNameOf(user) !== undefined
}

interface Question {
  readonly node: string
  readonly graph: NodeGraph
  readonly objects: ObjectReader
  readonly attributes: AccessAttributes
}

function judge(question: Question): AccessDecision {
  const { attributes } = question
  const problem = attributes.isResource ? subdividedProblem(question) : UNDIVIDED
  if (problem === undefined) return ALLOWED
  if (problem !== UNDIVIDED) return { allowed: false, reason: problem }
  return NODE_RULES.some((rule) => ruleAllows(rule, attributes)) ? ALLOWED : { allowed: false, reason: '' }
}

/** Not for this node alone: the same rules hold for all nodes. */
const UNDIVIDED = Symbol('undivided')

/** Why the node may not do it, in upstream's words; undefined when it may. */
function subdividedProblem(question: Question): string | undefined | typeof UNDIVIDED {
  const { resource, group } = question.attributes
  switch (qualifiedResource({ resource, group })) {
    case 'secrets':
    case 'configmaps':
      return readProblem(question, resource as ReferencedKind)
    case 'persistentvolumeclaims':
      return claimProblem(question)
    case 'persistentvolumes':
      return volumeProblem(question)
    case 'volumeattachments.storage.k8s.io':
      return onlyGet(question, attachmentIsOwn(question))
    case 'serviceaccounts':
      return accountProblem(question)
    case 'leases.coordination.k8s.io':
      return leaseProblem(question)
    case 'csinodes.storage.k8s.io':
      return csiNodeProblem(question)
    case 'pods':
      return podProblem(question)
    default:
      return UNDIVIDED
  }
}

/** get, list and watch of one object by its name. */
function readProblem({ node, graph, attributes }: Question, kind: ReferencedKind): string | undefined {
  const { verb, subresource, namespace, name } = attributes
  if (!READ.has(verb)) return 'can only read resources of this type'
  if (subresource !== '') return 'cannot read subresource'
  if (namespace === '') return 'can only read namespaced object of this type'
  if (name === '') return 'No Object name found'
  return graph.uses(node, kind, namespace, name) ? undefined : unrelated(node)
}

function claimProblem(question: Question): string | undefined {
  const { node, graph, attributes } = question
  const { verb, subresource, namespace, name } = attributes
  const isUsed = graph.uses(node, 'persistentvolumeclaims', namespace, name)
  if (subresource !== 'status') return onlyGet(question, isUsed)
  if (verb !== 'get' && verb !== 'update' && verb !== 'patch') return 'can only get/update/patch this type'
  return isUsed ? undefined : unrelated(node)
}

function onlyGet({ node, attributes: { verb, subresource } }: Question, isOwn: boolean): string | undefined {
  if (verb !== 'get') return 'can only get individual resources of this type'
  if (subresource !== '') return 'cannot get subresource'
  return isOwn ? undefined : unrelated(node)
}

/** The volumes of claims that its pods use; and those of the built-in provisioner whose data lies on the node. */
function volumeProblem(question: Question): string | undefined {
  const { node, objects, attributes } = question
  const { verb, subresource, name, labels = [] } = attributes
  const selected = labels.some(({ key, operator, values }) => key === VOLUME_NODE_LABEL && operator === '=' && values[0] === node)
  if ((verb === 'list' || verb === 'watch') && selected) return undefined
  const volume = objects.get<PersistentVolume>(PERSISTENT_VOLUMES, { name })
  const isHere = volume?.metadata.labels?.[VOLUME_NODE_LABEL] === node
  if (verb === 'patch' && subresource === '' && isHere) return undefined
  return onlyGet(question, isHere || volumeIsUsed(question))
}

/** The volume of a claim that a pod of the node uses. */
function volumeIsUsed({ node, graph, objects, attributes }: Question): boolean {
  const volume = objects.get<PersistentVolume>(PERSISTENT_VOLUMES, { name: attributes.name })
  const { namespace = '', name = '' } = volume?.spec?.claimRef ?? {}
  return graph.uses(node, 'persistentvolumeclaims', namespace, name)
}

function attachmentIsOwn({ node, objects, attributes }: Question): boolean {
  return objects.get<VolumeAttachment>(VOLUME_ATTACHMENTS, { name: attributes.name })?.spec.nodeName === node
}

function accountProblem({ node, graph, attributes }: Question): string | undefined {
  const { verb, subresource, namespace, name } = attributes
  const asked = `${verb} ${subresource}`
  if (asked !== 'create token' && asked !== 'get ') return 'can only create tokens for individual service accounts'
  return graph.uses(node, 'serviceaccounts', namespace, name) ? undefined : unrelated(node)
}

/** What a new Lease is called is checked at admission. */
function leaseProblem({ node, attributes: { verb, namespace, name } }: Question): string | undefined {
  if (!['get', 'create', 'update', 'patch', 'delete'].includes(verb))
    return 'can only get, create, update, patch, or delete a node lease'
  if (namespace !== LEASE_NAMESPACE) return `can only access leases in the "${LEASE_NAMESPACE}" system namespace`
  if (verb === 'create' || name === node) return undefined
  return 'can only access node lease with the same name as the requesting node'
}

function csiNodeProblem({ node, attributes: { verb, subresource, name } }: Question): string | undefined {
  if (!['get', 'create', 'update', 'patch', 'delete'].includes(verb))
    return 'can only get, create, update, patch, or delete a CSINode'
  if (subresource !== '') return 'cannot authorize CSINode subresources'
  return verb === 'create' || name === node ? undefined : 'can only access CSINode with the same name as the requesting node'
}

/** Whose pods may be written is checked at admission, where the pod is known. */
function podProblem({ node, objects, attributes }: Question): string | undefined {
  const { verb, subresource, namespace, name, fields = [] } = attributes
  const isOwn = () => objects.get<Pod>(PODS, { namespace, name })?.spec.nodeName === node
  switch (`${verb} ${subresource}`) {
    case 'get ':
      return isOwn() ? undefined : unrelated(node)
    case 'list ':
    case 'watch ':
      if (fields.some(({ field, operator, value }) => field === 'spec.nodeName' && operator === '=' && value === node))
        return undefined
      if (name === '') return 'can only list/watch pods with spec.nodeName field selector'
      return isOwn() ? undefined : unrelated(node)
    case 'create ':
    case 'delete ':
    case 'update status':
    case 'patch status':
    case 'create eviction':
      return undefined
    default:
      return 'can only get, list, watch, create, delete, evict and report on pods'
  }
}

function unrelated(node: string): string {
  return `no relationship found between node '${node}' and this object`
}
