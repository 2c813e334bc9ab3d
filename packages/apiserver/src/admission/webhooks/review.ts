/** AdmissionReview: what a webhook is asked, and what of its answer counts (k8s.io/apiserver/pkg/admission/plugin/webhook/request). */

import type { Status } from '@skiff/api'
import { isJsonObject, type JsonObject } from '../../patch/json-value.ts'
import type { Reviewed } from '../matching/reviewed.ts'

export interface ReviewAnswer {
  readonly allowed: boolean
  readonly status: Partial<Status> | undefined
  /** Operations of a JSON patch; undefined when there is none. */
  readonly patch: readonly unknown[] | undefined
  readonly warnings: readonly string[]
}

export interface ReviewRequest {
  readonly uid: string
  /** Of the AdmissionReview itself: v1, or v1beta1 for those that know nothing newer. */
  readonly version: string
  /** What was asked for. */
  readonly asked: Reviewed
  /** The same in the form that the webhook wants. */
  readonly shown: Reviewed
}

export function reviewRequest({ uid, version, asked, shown }: ReviewRequest): object {
  return {
    kind: 'AdmissionReview',
    apiVersion: `admission.k8s.io/${version}`,
    request: { uid, ...requestAttributes(asked, shown), object: shown.object ?? null, oldObject: shown.old ?? null },
  }
}

/** All of an AdmissionRequest but its uid and its objects. */
export function requestAttributes(asked: Reviewed, shown: Reviewed): JsonObject {
  const { name, namespace, subresource, operation, user, dryRun, options } = shown
  return {
    kind: pick(shown.kind),
    resource: resourceOf(shown),
    ...(subresource === '' ? {} : { subResource: subresource }),
    requestKind: pick(asked.kind),
    requestResource: resourceOf(asked),
    ...(subresource === '' ? {} : { requestSubResource: subresource }),
    ...(name === '' ? {} : { name }),
    ...(namespace === '' ? {} : { namespace }),
    operation,
    userInfo: {
      username: user.name,
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      groups: [...user.groups],
      ...(user.extra === undefined ? {} : { extra: user.extra }),
    },
    dryRun,
    options,
  }
}

function pick({ group, version, kind }: Reviewed['kind']): object {
  return { group, version, kind }
}

function resourceOf({ info: { group, version, resource } }: Reviewed): object {
  return { group, version, resource }
}

/** Throws Error in upstream's words when it is no answer to this request. */
export function readAnswer(
  answer: unknown,
  { uid, version, mutating }: { uid: string; version: string; mutating: boolean },
): ReviewAnswer {
  const review = isJsonObject(answer) ? answer : {}
  const response = review.response
  if (!isJsonObject(response)) throw new Error('webhook response was absent')
  if (version === 'v1') requireAddressed(review, response, uid)
  return {
    allowed: response.allowed === true,
    status: isJsonObject(response.status) ? (response.status as Partial<Status>) : undefined,
    patch: patchOf(response, { version, mutating }),
    warnings: Array.isArray(response.warnings) ? response.warnings.filter((each) => typeof each === 'string') : [],
  }
}

function requireAddressed(review: JsonObject, response: JsonObject, uid: string): void {
  const told = response.uid ?? ''
  if (told !== uid) throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(told)}`)
  if (review.apiVersion === 'admission.k8s.io/v1' && review.kind === 'AdmissionReview') return
  const is = `${textOf(review.apiVersion)}, Kind=${textOf(review.kind)}`
  throw new Error(`expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${is}`)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function patchOf(response: JsonObject, { version, mutating }: { version: string; mutating: boolean }): unknown[] | undefined {
  const patch = textOf(response.patch)
  const { patchType } = response
  if (!mutating) {
    if (version === 'v1' && patch !== '') throw new Error('validating webhook may not return response.patch')
    if (version === 'v1' && patchType !== undefined) throw new Error('validating webhook may not return response.patchType')
    return undefined
  }
  if (version === 'v1') requireConsistentPatch(patch, patchType)
  return patch === '' ? undefined : decodePatch(patch)
}

function requireConsistentPatch(patch: string, patchType: unknown): void {
  if (patch !== '' && patchType === undefined) throw new Error('webhook returned response.patch but not response.patchType')
  if (patch === '' && patchType !== undefined) throw new Error('webhook returned response.patchType but not response.patch')
  if (patch !== '' && patchType !== 'JSONPatch') throw new Error(`unsupported patch type ${JSON.stringify(patchType)}`)
}

function decodePatch(patch: string): unknown[] {
  try {
    const operations: unknown = JSON.parse(Buffer.from(patch, 'base64').toString('utf8'))
    if (Array.isArray(operations)) return operations
  } catch {
    // Told below.
  }
  throw new Error('received undecodable patch in webhook response')
}
