import {
  type KubeObject,
  labelSelectorMatches,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
} from '@skiff/api'
import type { Registry } from '../../registry/registry.ts'
import type { ResourceRegistry } from '../../registry/resource-registry.ts'

type ParamKind = ValidatingAdmissionPolicy['spec']['paramKind']
type ParamRef = NonNullable<ValidatingAdmissionPolicyBinding['spec']>['paramRef']

/**
 * The objects that a binding gives to its policy, once for each of which the policy is evaluated; one `undefined` when
 * the policy takes none. Throws Error in upstream's words when they can't be found.
 */
export function findParams(
  paramKind: ParamKind,
  paramRef: ParamRef,
  { registry, namespace }: { readonly registry: Registry; readonly namespace: string },
): readonly (KubeObject | undefined)[] {
  if (!paramKind) return [undefined]
  const kind = registry.findKind(paramKind.apiVersion ?? '', paramKind.kind ?? '')
  const shown = `${paramKind.apiVersion}, Kind=${paramKind.kind}`
  if (kind === undefined) throw new Error(`paramKind kind \`${shown}\` not known`)
  // A policy that takes parameters is not evaluated for a binding that has none.
  if (!paramRef) return [undefined]
  const found = select(kind, paramRef, namespaceOf(kind, paramRef, namespace))
  if (found.length === 0 && paramRef.parameterNotFoundAction === 'Deny') {
    throw new Error('no params found for policy binding with `Deny` parameterNotFoundAction')
  }
  return found
}

function namespaceOf({ info }: ResourceRegistry, { namespace }: NonNullable<ParamRef>, requested: string): string {
  if (!info.namespaced) {
    if (namespace) throw new Error('paramRef.namespace must not be provided for a cluster-scoped `paramKind`')
    return ''
  }
  if (namespace) return namespace
  if (requested === '') throw new Error('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources')
  return requested
}

function select(kind: ResourceRegistry, { name, selector }: NonNullable<ParamRef>, namespace: string): KubeObject[] {
  if (name) {
    const found = kind.find({ namespace, name })
    return found === undefined ? [] : [found.object]
  }
  const { entries } = kind.shared.store.list(kind.prefixOf(namespace))
  const objects = entries.map((entry) => kind.wrap(entry).object)
  return objects.filter(({ metadata }) => labelSelectorMatches(selector, metadata.labels ?? {}))
}
