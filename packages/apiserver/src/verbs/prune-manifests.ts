/** `/apply?prune=<label selector>`: what was applied before with these labels and is in the body no more goes. */

import { badRequest, type KubeObject, type LabelRequirement, matchesLabels, parseLabelSelector } from '@skiff/api'
import { authorize } from '../http/authorize.ts'
import type { PathRequest } from '../http/paths.ts'
import type { ServerContext } from '../http/server-context.ts'
import type { ResourceRegistry } from '../registry/resource-registry.ts'
import type { WriteContext } from '../registry/write-context.ts'

export interface Applied {
  readonly registry: ResourceRegistry
  readonly object: Record<string, unknown>
  readonly name: string
  readonly namespace: string
  /** Of its document in the body, from 1. */
  readonly number: number
}

export type Pruned = Pick<Applied, 'registry' | 'name' | 'namespace'>

export interface Pruning {
  readonly manifests: readonly Applied[]
  readonly selector: readonly LabelRequirement[]
  /** Only what this manager applied is its to take away. */
  readonly manager: string
  readonly write: WriteContext
}

/** Undefined without `prune`. Throws BadRequest for a selector that is none, and for a manifest that it would not find again. */
export function pruneSelector(request: PathRequest, manifests: readonly Applied[]): readonly LabelRequirement[] | undefined {
  const text = request.info.query.get('prune')
  if (text === null || text === 'false') return undefined
  if (text === '' || text === 'true') throw badRequest('prune: name the set by a label selector, as in ?prune=app=blog')
  const selector = parseLabelSelector(text) as LabelRequirement[]
  const stranger = manifests.find(({ object }) => !matchesLabels(selector, labelsOf(object)))
  if (stranger !== undefined) {
    throw badRequest(
      `document ${stranger.number}: its labels don't match ?prune=${text}, so it would never be pruned: give it these labels`,
    )
  }
  return selector
}

function labelsOf(object: Record<string, unknown>): Record<string, string> {
  return (object as unknown as KubeObject).metadata.labels ?? {}
}

/** Deletes the rest of the set: in the namespaces of the manifests, and of all cluster-wide kinds but namespaces. */
export async function pruneManifests(context: ServerContext, request: PathRequest, pruning: Pruning): Promise<Pruned[]> {
  const { write, manifests } = pruning
  const kept = new Set(manifests.map(identityOf))
  const pruned = pruneable(context, pruning).filter((each) => !kept.has(identityOf(each)))
  for (const { registry, name, namespace } of pruned) {
    const { group, version, resource } = registry.info
    const attributes = { isResource: true, path: '', group, version, resource, subresource: '', namespace, name }
    authorize(context.authorizer, request.user, { ...attributes, verb: 'delete' })
  }
  for (const { registry, name, namespace } of pruned) {
    await registry.delete({ name, namespace }, { propagationPolicy: 'Background', dryRun: write.dryRun }, write)
  }
  return pruned
}

function pruneable(context: ServerContext, { manifests, selector, manager }: Pruning): Pruned[] {
  const namespaces = [...new Set(manifests.flatMap(({ namespace }) => (namespace === '' ? [] : [namespace])))]
  const kinds = context.registry
    .all()
    .filter(({ definition, info }) => definition.conversion === undefined && info.kind !== 'Namespace')
  return kinds.flatMap((registry) => {
    const { info } = registry
    const objects = (info.namespaced ? namespaces : ['']).flatMap((namespace) =>
      context.registry.objects.list<KubeObject>(info, namespace),
    )
    const mine = objects.filter(({ metadata }) => metadata.deletionTimestamp === undefined && isAppliedBy(metadata, manager))
    return mine
      .filter(({ metadata }) => matchesLabels(selector as LabelRequirement[], metadata.labels))
      .map(({ metadata: { name, namespace = '' } }) => ({ registry, name, namespace }))
  })
}

function isAppliedBy({ managedFields = [] }: KubeObject['metadata'], manager: string): boolean {
  return managedFields.some((entry) => entry.manager === manager && entry.operation === 'Apply')
}

/** The same for all versions of a kind. */
function identityOf({ registry, name, namespace }: Pruned): string {
  return [registry.info.group, registry.info.kind, namespace, name].join('/')
}
