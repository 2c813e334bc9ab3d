/** A CustomResourceDefinition as the parts of the server read it. */

import type { CustomResourceDefinition, KindInfo } from '@skiff/api'
import { findCondition } from '@skiff/api'
import type { JsonSchema } from './schema/json-schema.ts'

export type CustomVersion = CustomResourceDefinition['spec']['versions'][number]

/** Deleting a definition deletes its objects first. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io'

export function isEstablished(definition: CustomResourceDefinition): boolean {
  return findCondition(definition.status?.conditions, 'Established')?.status === 'True'
}

export function isTerminating({ metadata }: CustomResourceDefinition): boolean {
  return metadata.deletionTimestamp !== undefined
}

/** What clients are told of the kind: the names that were accepted, whatever the spec asks for by now. */
export function customKind({ spec, status }: CustomResourceDefinition, version: string): KindInfo {
  const names = status?.acceptedNames?.plural ? status.acceptedNames : spec.names
  return {
    group: spec.group,
    version,
    kind: names.kind,
    resource: names.plural,
    singular: names.singular || names.kind.toLowerCase(),
    namespaced: spec.scope === 'Namespaced',
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
  }
}

export function listKindOf({ spec, status }: CustomResourceDefinition): string {
  return (status?.acceptedNames?.listKind || spec.names.listKind) ?? `${spec.names.kind}List`
}

export function schemaOfVersion({ schema }: CustomVersion): JsonSchema {
  return (schema?.openAPIV3Schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }) as JsonSchema
}

export function storageVersionOf({ spec }: CustomResourceDefinition): CustomVersion | undefined {
  return spec.versions.find(({ storage }) => storage)
}
