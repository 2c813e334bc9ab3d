import {
  type FieldError,
  MUTATING_WEBHOOK_CONFIGURATIONS,
  type MutatingWebhookConfiguration,
  VALIDATING_WEBHOOK_CONFIGURATIONS,
  type ValidatingWebhookConfiguration,
} from '@skiff/api'
import type { ResourceDefinition, TableColumns } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, integerColumn, NAME_COLUMN } from '../columns.ts'
import { validateWebhooks, type Webhook } from './validate-webhook.ts'

type Configuration = ValidatingWebhookConfiguration | MutatingWebhookConfiguration

const DEFAULT_TIMEOUT_SECONDS = 10

const columns: TableColumns = {
  columns: [NAME_COLUMN, integerColumn('Webhooks', 'How many webhooks it has.'), AGE_COLUMN],
  cells: (configuration: Configuration, now) => [
    configuration.metadata.name,
    (configuration.webhooks ?? []).length,
    objectAge(configuration, now),
  ],
}

export const validatingWebhookResource: ResourceDefinition = {
  info: VALIDATING_WEBHOOK_CONFIGURATIONS,
  strategy: {
    countsGenerations: true,
    default: (configuration: ValidatingWebhookConfiguration) => defaultWebhooks(configuration),
    validate: (configuration: ValidatingWebhookConfiguration) => validateConfiguration(configuration),
  },
  columns,
}

export const mutatingWebhookResource: ResourceDefinition = {
  info: MUTATING_WEBHOOK_CONFIGURATIONS,
  strategy: {
    countsGenerations: true,
    default(configuration: MutatingWebhookConfiguration) {
      defaultWebhooks(configuration)
      for (const webhook of configuration.webhooks ?? []) webhook.reinvocationPolicy ||= 'Never'
    },
    validate: (configuration: MutatingWebhookConfiguration) => validateConfiguration(configuration),
  },
  columns,
}

function defaultWebhooks({ webhooks = [] }: Configuration): void {
  for (const webhook of webhooks) {
    webhook.failurePolicy ||= 'Fail'
    webhook.matchPolicy ||= 'Equivalent'
    webhook.namespaceSelector ??= {}
    webhook.objectSelector ??= {}
    webhook.timeoutSeconds ??= DEFAULT_TIMEOUT_SECONDS
    for (const rule of webhook.rules ?? []) rule.scope ||= '*'
    if (webhook.clientConfig?.service) webhook.clientConfig.service.port ??= 443
  }
}

function validateConfiguration({ webhooks = [] }: Configuration): FieldError[] {
  return validateWebhooks(webhooks as readonly Webhook[])
}
