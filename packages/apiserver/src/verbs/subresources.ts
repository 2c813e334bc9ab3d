/** Which verbs a resource and its subresources have, and who serves them. One table for dispatch and discovery. */

import type { KubeObject } from '@skiff/api'
import type { Answer, Call } from '../http/call.ts'
import type { UserInfo, Verb } from '../http/request-context.ts'
import type { ResourceDefinition, SubresourceName } from '../registry/resource-definition.ts'
import { bind } from './bind.ts'
import { create } from './create.ts'
import { remove } from './delete.ts'
import { removeCollection } from './delete-collection.ts'
import { evict } from './evict.ts'
import { get } from './get.ts'
import { list } from './list.ts'
import { patch } from './patch.ts'
import { getScale, patchScale, updateScale } from './scale.ts'
import { update } from './update.ts'

/** POST of serviceaccounts/<name>/token; answers the TokenRequest with its status. */
export type TokenRequests = (
  tokenRequest: KubeObject,
  call: { readonly user: UserInfo; readonly namespace: string; readonly name: string },
) => Promise<object>

type Handler = (call: Call) => Answer | Promise<Answer>
export type VerbTable = Readonly<Partial<Record<Verb, Handler>>>

const MAIN_VERBS: VerbTable = {
  create,
  get,
  list,
  update: (call) => update(call, ''),
  patch: (call) => patch(call, ''),
  delete: remove,
  deletecollection: removeCollection,
}

/** GET, PUT and PATCH in the object's own form. */
function ownForm(subresource: SubresourceName): VerbTable {
  return { get, update: (call) => update(call, subresource), patch: (call) => patch(call, subresource) }
}

const SUBRESOURCE_VERBS: Readonly<Partial<Record<SubresourceName, VerbTable>>> = {
  status: ownForm('status'),
  scale: { get: getScale, update: updateScale, patch: patchScale },
  ephemeralcontainers: ownForm('ephemeralcontainers'),
  resize: ownForm('resize'),
  approval: ownForm('approval'),
  finalize: { update: (call) => update(call, 'finalize') },
  binding: { create: bind },
  eviction: { create: evict },
}

/** What an agent or another backend answers. */
export const STREAMED: ReadonlySet<string> = new Set<SubresourceName>(['log', 'exec', 'attach', 'portforward', 'proxy'])

/** Undefined: there is no such subresource. Streamed ones are not in here. */
export function verbsOf(definition: ResourceDefinition, subresource: string): VerbTable | undefined {
  if (subresource === '') return definition.info.kind === 'Namespace' ? withoutCollection(MAIN_VERBS) : MAIN_VERBS
  if (!hasSubresource(definition, subresource)) return undefined
  return SUBRESOURCE_VERBS[subresource] ?? {}
}

export function hasSubresource(definition: ResourceDefinition, name: string): name is SubresourceName {
  return definition.subresources?.includes(name as SubresourceName) ?? false
}

function withoutCollection({ deletecollection: _, ...verbs }: VerbTable): VerbTable {
  return verbs
}

/** As discovery lists them. */
export function verbNames(definition: ResourceDefinition, subresource: string): readonly string[] {
  if (subresource === 'log') return ['get']
  if (subresource === 'token') return ['create']
  if (subresource === 'proxy') return ['create', 'delete', 'get', 'patch', 'update']
  if (STREAMED.has(subresource)) return ['create', 'get']
  const names = Object.keys(verbsOf(definition, subresource) ?? {})
  return (subresource === '' ? [...names, 'watch'] : names).sort()
}
