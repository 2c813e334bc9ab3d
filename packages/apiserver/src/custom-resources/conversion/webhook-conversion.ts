/** ConversionReview (k8s.io/apiextensions-apiserver/pkg/apiserver/conversion/webhook_converter.go): same checks, same words. */

import { ApiError, fieldErrorMessage, type KubeObject, path } from '@skiff/api'
import { cloneJson, isJsonObject } from '../../patch/json-value.ts'
import { validateAnnotations, validateLabels } from '../../registry/object-metadata.ts'
import type { WebhookAddress } from '../../webhook-client/index.ts'
import type { ConversionTools } from './convert.ts'

const TIMEOUT_SECONDS = 30
const GROUP = 'apiextensions.k8s.io'

interface ConversionWebhook {
  readonly clientConfig?: object
  readonly conversionReviewVersions?: readonly string[]
}

export function webhookConversion({ clientConfig, conversionReviewVersions = [] }: ConversionWebhook, tools: ConversionTools) {
  const version = conversionReviewVersions.find((each) => each === 'v1' || each === 'v1beta1')
  return async (objects: readonly KubeObject[], apiVersion: string): Promise<KubeObject[]> => {
    const [first] = objects
    if (first === undefined) return []
    const uid = tools.newUid()
    const request = { uid, desiredAPIVersion: apiVersion, objects }
    const body = { kind: 'ConversionReview', apiVersion: `${GROUP}/${version ?? 'v1'}`, request }
    const failed = (why: string) => {
      const kind = `${first.apiVersion}, Kind=${first.kind}`
      return new ApiError('InternalError', `conversion webhook for ${kind} ${why}`)
    }
    if (version === undefined) throw failed('failed: no supported conversion review versions')
    const converted = await answered({ tools, address: clientConfig as WebhookAddress, body, uid }).catch((error: unknown) => {
      throw failed(`failed: ${error instanceof Error ? error.message : String(error)}`)
    })
    if (converted.length !== objects.length) throw failed(`returned ${converted.length} objects, expected ${objects.length}`)
    return objects.map((original, index) => {
      try {
        return checked(original, converted[index], apiVersion)
      } catch (error) {
        throw failed(`returned invalid converted object at index ${index}: ${(error as Error).message}`)
      }
    })
  }
}

interface Question {
  readonly tools: ConversionTools
  readonly address: WebhookAddress
  readonly body: { readonly apiVersion: string }
  readonly uid: string
}

async function answered({ tools, address, body, uid }: Question): Promise<readonly unknown[]> {
  const review = await tools.askWebhook({ address, body, timeoutSeconds: TIMEOUT_SECONDS })
  if (!isJsonObject(review) || review.kind !== 'ConversionReview' || review.apiVersion !== body.apiVersion) {
    const said = isJsonObject(review) ? `${String(review.apiVersion)}, Kind=${String(review.kind)}` : typeof review
    throw new Error(`expected webhook response of ${body.apiVersion}, Kind=ConversionReview, got ${said}`)
  }
  const { response } = review
  if (!isJsonObject(response)) throw new Error('no response provided')
  if (response.uid !== uid) throw new Error(`expected response.uid="${uid}", got "${String(response.uid)}"`)
  const result = isJsonObject(response.result) ? response.result : {}
  if (result.status !== 'Success') {
    const message = typeof result.message === 'string' ? result.message : ''
    throw new Error(message || `response.result.status was '${String(result.status ?? '')}', not 'Success'`)
  }
  return Array.isArray(response.convertedObjects) ? response.convertedObjects : []
}

/** A webhook may change labels and annotations, and nothing else of the metadata. */
function checked(original: KubeObject, given: unknown, apiVersion: string): KubeObject {
  if (!isJsonObject(given)) throw new Error('not an object')
  if (given.apiVersion !== apiVersion) {
    throw new Error(`invalid groupVersion (expected ${apiVersion}, received ${String(given.apiVersion)})`)
  }
  if (given.kind !== original.kind) throw new Error(`invalid kind (expected ${original.kind}, received ${String(given.kind)})`)
  const { metadata } = given
  if (!isJsonObject(metadata)) throw new Error('missing metadata in converted object')
  for (const field of ['name', 'namespace', 'uid'] as const) {
    const [expected, got] = [original.metadata[field] ?? '', String(metadata[field] ?? '')]
    if (expected !== got) throw new Error(`must have the same ${field === 'uid' ? 'UID' : field}: ${expected} != ${got}`)
  }
  const kept = cloneJson(original.metadata) as KubeObject['metadata'] & Record<string, unknown>
  for (const field of ['labels', 'annotations'] as const) {
    if (metadata[field] === undefined || metadata[field] === null) delete kept[field]
    else kept[field] = textMap(metadata[field], field)
  }
  return { ...given, metadata: kept } as unknown as KubeObject
}

function textMap(value: unknown, field: 'labels' | 'annotations'): Record<string, string> {
  if (!isJsonObject(value) || Object.values(value).some((each) => typeof each !== 'string')) {
    throw new Error(`invalid metadata.${field} in converted object`)
  }
  const map = value as Record<string, string>
  const validate = field === 'labels' ? validateLabels : validateAnnotations
  const [problem] = validate(map, path('metadata', field))
  if (problem !== undefined) throw new Error(fieldErrorMessage(problem))
  return map
}
