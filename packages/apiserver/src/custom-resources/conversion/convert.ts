/** From one version of a custom resource to another. */

import type { CustomResourceDefinition, KubeObject } from '@skiff/api'
import type { WebhookAddress } from '../../webhook-client/index.ts'
import { webhookConversion } from './webhook-conversion.ts'

/** Asks a webhook: `WebhookClient.call`. */
export type AskWebhook = (call: {
  readonly address: WebhookAddress
  readonly body: object
  readonly timeoutSeconds: number
}) => Promise<unknown>

/** Gives new objects in the order of the old ones. Throws ApiError InternalError for a webhook that fails. */
export type Conversion =
  /** Only the apiVersion changes. */
  | { readonly type: 'none' }
  | { readonly type: 'webhook'; convert(objects: readonly KubeObject[], apiVersion: string): Promise<KubeObject[]> }

export interface ConversionTools {
  readonly askWebhook: AskWebhook
  readonly newUid: () => string
}

export function conversionOf({ spec }: CustomResourceDefinition, tools: ConversionTools): Conversion {
  const { strategy, webhook } = spec.conversion ?? { strategy: 'None' }
  if (strategy !== 'Webhook' || webhook === undefined) return { type: 'none' }
  return { type: 'webhook', convert: webhookConversion(webhook, tools) }
}
