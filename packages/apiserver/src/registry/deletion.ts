/** What a DELETE does to an object (k8s.io/apiserver/pkg/registry/rest/delete.go and generic/registry/store.go). Pure. */

import { invalidObject, type KubeObject, notSupported, rfc3339 } from '@skiff/api'
import type { ResourceDefinition } from './resource-definition.ts'

export type PropagationPolicy = 'Orphan' | 'Background' | 'Foreground'

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: PropagationPolicy
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
  readonly dryRun?: boolean
}

export type DeletionStep =
  /** Gone at once; `final` is what clients are shown. */
  | { readonly type: 'remove'; readonly final: KubeObject }
  /** Stays, marked: finalizers or a grace period hold it. */
  | { readonly type: 'mark'; readonly object: KubeObject }
  /** Marked already, and nothing changes. */
  | { readonly type: 'none' }

const ORPHAN = 'orphan'
const FOREGROUND = 'foregroundDeletion'

export function planDeletion(
  definition: ResourceDefinition,
  object: KubeObject,
  options: DeleteOptions & { readonly now: Date },
): DeletionStep {
  const current = object.metadata.finalizers ?? []
  const finalizers = finalizersFor(current, options.propagationPolicy ?? defaultPolicy(definition, current))
  const marked = object.metadata.deletionTimestamp !== undefined
  const next = withFinalizers(object, finalizers)
  const timing = marked ? shortened(definition, object, options) : started(definition, object, options)
  if (timing !== undefined) Object.assign(next.metadata, timing)
  // A namespace has no grace: what it holds decides.
  if (definition.strategy.holdsDeletion !== undefined) delete next.metadata.deletionGracePeriodSeconds
  if (!marked && typeof next.metadata.generation === 'number') next.metadata.generation += 1
  const held = finalizers.length > 0 || (next.metadata.deletionGracePeriodSeconds ?? 0) > 0 || isHeld(definition, next)
  if (!held) return { type: 'remove', final: next }
  const changed = timing !== undefined || finalizers.length !== current.length
  if (!changed) return { type: 'none' }
  if (!marked) definition.strategy.markDeleted?.(next)
  return { type: 'mark', object: next }
}

/** An update took away the last thing that held a marked object. */
export function deletionIsComplete(definition: ResourceDefinition, object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata
  if (deletionTimestamp === undefined || (finalizers?.length ?? 0) > 0) return false
  return (deletionGracePeriodSeconds ?? 0) === 0 && !isHeld(definition, object)
}

function isHeld(definition: ResourceDefinition, object: KubeObject): boolean {
  return definition.strategy.holdsDeletion?.(object) ?? false
}

type Timing = { deletionTimestamp: string; deletionGracePeriodSeconds: number }

function started(definition: ResourceDefinition, object: KubeObject, options: DeleteOptions & { now: Date }): Timing {
  const seconds = definition.strategy.gracePeriodSeconds?.(object, options.gracePeriodSeconds) ?? 0
  return { deletionTimestamp: rfc3339(new Date(options.now.getTime() + seconds * 1000)), deletionGracePeriodSeconds: seconds }
}

/** A second DELETE can only shorten the grace that was given. */
function shortened(definition: ResourceDefinition, object: KubeObject, options: DeleteOptions): Timing | undefined {
  const given = object.metadata.deletionGracePeriodSeconds ?? 0
  const asked = options.gracePeriodSeconds
  if (definition.strategy.gracePeriodSeconds === undefined || asked === undefined || asked >= given) return undefined
  const ends = Date.parse(object.metadata.deletionTimestamp ?? '') - (given - asked) * 1000
  return { deletionTimestamp: rfc3339(new Date(ends)), deletionGracePeriodSeconds: asked }
}

/** What was decided before stays. */
function defaultPolicy({ orphansByDefault }: ResourceDefinition, finalizers: readonly string[]): PropagationPolicy | undefined {
  const isDecided = finalizers.includes(ORPHAN) || finalizers.includes(FOREGROUND)
  return orphansByDefault !== undefined && !isDecided ? 'Orphan' : undefined
}

function finalizersFor(current: readonly string[], policy: PropagationPolicy | undefined): readonly string[] {
  if (policy === undefined) return current
  const others = current.filter((finalizer) => finalizer !== ORPHAN && finalizer !== FOREGROUND)
  if (policy === 'Orphan') return [...others, ORPHAN]
  return policy === 'Foreground' ? [...others, FOREGROUND] : others
}

function withFinalizers(object: KubeObject, finalizers: readonly string[]): KubeObject {
  const next = structuredClone(object)
  if (finalizers.length > 0) next.metadata.finalizers = [...finalizers]
  else delete next.metadata.finalizers
  return next
}

/** Throws the 422 that upstream answers to a policy it doesn't know. */
export function parsePropagation(value: string | undefined): PropagationPolicy | undefined {
  if (value === undefined || value === '') return undefined
  if (value === 'Orphan' || value === 'Background' || value === 'Foreground') return value
  throw invalidObject({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', [
    notSupported('propagationPolicy', value, ['Foreground', 'Background', 'Orphan', 'nil']),
  ])
}
