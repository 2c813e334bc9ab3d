import { CUSTOM_RESOURCE_DEFINITIONS, type CustomResourceDefinition, type KubeObject, rfc3339 } from '@skiff/api'
import { CLEANUP_FINALIZER } from '../../custom-resources/definition.ts'
import type { ResourceDefinition, StrategyContext } from '../../registry/resource-definition.ts'
import { clearStatus, keepStatus } from '../status.ts'
import { withAcceptedNames } from './names.ts'
import { validateDefinition, validateDefinitionUpdate } from './validate-crd.ts'
import { definitionWarnings } from './warnings.ts'

const NAME = { name: 'Name', type: 'string', format: 'name', description: 'Name of the object: unique, never changed.' } as const
const CREATED = { name: 'Created At', type: 'date', description: 'When the server created the object, in UTC.' } as const

export const customResourceDefinitionResource: ResourceDefinition = {
  info: CUSTOM_RESOURCE_DEFINITIONS,
  subresources: ['status'],
  columns: {
    columns: [NAME, CREATED],
    cells: ({ metadata }) => [metadata.name, rfc3339(new Date(metadata.creationTimestamp))],
  },
  requireRevisionOnUpdate: true,
  strategy: {
    countsGenerations: true,
    statusKeepsMetadata: true,
    anyFinalizer: true,
    default: (definition: CustomResourceDefinition) => defaultDefinition(definition),
    prepareForCreate(definition: CustomResourceDefinition, context) {
      clearStatus(CUSTOM_RESOURCE_DEFINITIONS, definition)
      const stored = (definition.spec.versions ?? []).filter(({ storage }) => storage).map(({ name }) => name)
      definition.status = { ...definition.status, acceptedNames: NO_NAMES, conditions: [], storedVersions: stored }
      holdForCleanup(definition)
      decideNames(definition, context)
    },
    prepareForUpdate(definition: CustomResourceDefinition, old: CustomResourceDefinition, context) {
      keepStatus(definition as KubeObject, old)
      rememberStoredVersion(definition)
      decideNames(definition, context)
    },
    validate: (definition: CustomResourceDefinition) => validateDefinition(definition),
    validateUpdate: (definition: CustomResourceDefinition, old: CustomResourceDefinition) =>
      validateDefinitionUpdate(definition, old),
    warnings: (definition, old) =>
      definitionWarnings(definition as CustomResourceDefinition, old as CustomResourceDefinition | undefined),
  },
}

const NO_NAMES = { kind: '', plural: '' }

function defaultDefinition({ spec }: CustomResourceDefinition): void {
  spec.conversion ??= { strategy: 'None' }
  if (spec.conversion.webhook?.clientConfig?.service) spec.conversion.webhook.clientConfig.service.port ??= 443
  if (!spec.names) return
  if (spec.names.kind) {
    spec.names.singular ||= spec.names.kind.toLowerCase()
    spec.names.listKind ||= `${spec.names.kind}List`
  }
}

/** Its objects go before it does. */
function holdForCleanup({ metadata }: CustomResourceDefinition): void {
  const finalizers = metadata.finalizers ?? []
  if (!finalizers.includes(CLEANUP_FINALIZER)) metadata.finalizers = [...finalizers, CLEANUP_FINALIZER]
}

function decideNames(definition: CustomResourceDefinition, { objects, now, claims }: StrategyContext): void {
  if (!definition.spec?.names) return
  const others = objects.list<CustomResourceDefinition>(CUSTOM_RESOURCE_DEFINITIONS)
  definition.status = withAcceptedNames(definition, { others, now, claims })
}

/** Versions that objects may still be stored in. */
function rememberStoredVersion(definition: CustomResourceDefinition): void {
  const now = (definition.spec.versions ?? []).find(({ storage }) => storage)?.name
  const { status } = definition
  if (now === undefined || status === undefined || (status.storedVersions ?? []).includes(now)) return
  definition.status = { ...status, storedVersions: [...(status.storedVersions ?? []), now] }
}
