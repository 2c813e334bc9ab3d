import { CUSTOM_RESOURCE_DEFINITIONS, type CustomResourceDefinition } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { clearStatus, keepStatus } from '../status.ts'
import { validateDefinition, validateDefinitionUpdate } from './validate-crd.ts'

export const customResourceDefinitionResource: ResourceDefinition = {
  info: CUSTOM_RESOURCE_DEFINITIONS,
  subresources: ['status'],
  strategy: {
    countsGenerations: true,
    default: (definition: CustomResourceDefinition) => defaultDefinition(definition),
    prepareForCreate(definition: CustomResourceDefinition) {
      clearStatus(CUSTOM_RESOURCE_DEFINITIONS, definition)
      const stored = (definition.spec.versions ?? []).filter(({ storage }) => storage).map(({ name }) => name)
      if (definition.status) definition.status.storedVersions = stored
    },
    prepareForUpdate(definition: CustomResourceDefinition, old: CustomResourceDefinition) {
      keepStatus(definition, old)
      rememberStoredVersion(definition)
    },
    validate: (definition: CustomResourceDefinition) => validateDefinition(definition),
    validateUpdate: (definition: CustomResourceDefinition, old: CustomResourceDefinition) =>
      validateDefinitionUpdate(definition, old),
  },
}

function defaultDefinition({ spec }: CustomResourceDefinition): void {
  spec.conversion ??= { strategy: 'None' }
  if (spec.conversion.webhook?.clientConfig?.service) spec.conversion.webhook.clientConfig.service.port ??= 443
  if (!spec.names) return
  if (spec.names.kind) {
    spec.names.singular ||= spec.names.kind.toLowerCase()
    spec.names.listKind ||= `${spec.names.kind}List`
  }
}

/** Versions that objects may still be stored in. */
function rememberStoredVersion(definition: CustomResourceDefinition): void {
  const now = (definition.spec.versions ?? []).find(({ storage }) => storage)?.name
  const { status } = definition
  if (now === undefined || status === undefined || (status.storedVersions ?? []).includes(now)) return
  definition.status = { ...status, storedVersions: [...(status.storedVersions ?? []), now] }
}
