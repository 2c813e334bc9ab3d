import { randomUUID } from 'node:crypto'
import { ApiError, badRequest, CODE_OF_REASON, type Status, type StatusReason } from '@skiff/api'
import type { Logger } from 'pino'
import type { WebhookClient } from '../../webhook-client/index.ts'
import type { Reviewed } from '../matching/reviewed.ts'
import type { Hook } from './hooks.ts'
import { type ReviewAnswer, readAnswer, reviewRequest } from './review.ts'

export interface Asking {
  readonly hook: Hook
  readonly asked: Reviewed
  readonly shown: Reviewed
  readonly warn: (text: string) => void
}

interface AskOptions {
  readonly client: WebhookClient
  readonly logger: Logger
}

/** Versions of AdmissionReview that are spoken here. */
const REVIEW_VERSIONS = ['v1', 'v1beta1']
const DEFAULT_TIMEOUT_SECONDS = 10

/**
 * What one webhook says of the request; undefined when it could not be asked and `failurePolicy` is Ignore. Throws
 * ApiError: what it refused with, or InternalError when it could not be asked.
 */
export async function askWebhook(asking: Asking, { client, logger }: AskOptions): Promise<ReviewAnswer | undefined> {
  const { hook, asked, shown, warn } = asking
  const { name, sideEffects, failurePolicy } = hook.webhook
  if (shown.dryRun && sideEffects !== 'None' && sideEffects !== 'NoneOnDryRun') {
    throw badRequest(`admission webhook "${name}" does not support dry run`)
  }
  asked.takesTime?.()
  let answer: ReviewAnswer
  try {
    answer = await ask(asking, client)
  } catch (error) {
    const why = `failed calling webhook "${name}": ${(error as Error).message}`
    logger.warn({ webhook: name, failurePolicy, err: error }, 'webhook could not be asked')
    if (failurePolicy === 'Ignore') return undefined
    throw failed(why, error)
  }
  for (const warning of answer.warnings) warn(warning)
  if (!answer.allowed) throw denied(name, answer.status ?? {})
  return answer
}

async function ask({ hook, asked, shown }: Asking, client: WebhookClient): Promise<ReviewAnswer> {
  const { clientConfig, timeoutSeconds = DEFAULT_TIMEOUT_SECONDS, admissionReviewVersions = [] } = hook.webhook
  const version = admissionReviewVersions.find((each) => REVIEW_VERSIONS.includes(each)) ?? 'v1'
  const uid = randomUUID()
  const body = reviewRequest({ uid, version, asked, shown })
  const address = clientConfig as Parameters<WebhookClient['call']>[0]['address']
  const answer = await client.call({ address, body, timeoutSeconds }).catch(prefixed('failed to call webhook'))
  try {
    return readAnswer(answer, { uid, version, mutating: hook.mutating })
  } catch (error) {
    return prefixed('received invalid webhook response')(error)
  }
}

function prefixed(what: string): (error: unknown) => never {
  return (error) => {
    throw new Error(`${what}: ${(error as Error).message}`, { cause: error })
  }
}

export function failed(why: string, cause?: unknown): ApiError {
  return new ApiError('InternalError', `Internal error occurred: ${why}`, { details: { causes: [{ message: why }] }, cause })
}

/** A refusal has at least 400, whatever the webhook says. */
function denied(name: string, { code = 0, reason = '', message = '', details }: Partial<Status>): ApiError {
  const why = message !== '' ? `: ${message}` : reason !== '' ? `: ${reason}` : ' without explanation'
  return new ApiError(reason as StatusReason, `admission webhook "${name}" denied the request${why}`, {
    code: Math.max(code, CODE_OF_REASON.BadRequest),
    ...(details === undefined ? {} : { details }),
  })
}
