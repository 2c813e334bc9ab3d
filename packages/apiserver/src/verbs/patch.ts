import { badRequest, forbiddenField, invalidObject, type KubeObject, parseJson, required } from '@skiff/api'
import { serverSideApply } from '../apply/index.ts'
import { type Answer, type Call, objectAnswer } from '../http/call.ts'
import { parseMediaType } from '../http/negotiation.ts'
import { parseYaml } from '../http/parse-yaml.ts'
import { isTrue } from '../http/request-info.ts'
import { jsonPatch, mergePatch, strategicMergePatch } from '../patch/index.ts'
import { cloneJson } from '../patch/json-value.ts'
import type { SubresourceName } from '../registry/resource-definition.ts'
import type { Change } from '../registry/update-object.ts'
import type { WriteContext } from '../registry/write-context.ts'
import { decodeApplyConfig, decodePatched, decodeUtf8, requireSchema, unsupportedMediaType } from './decode-body.ts'
import { refOf } from './get.ts'
import { type FieldValidation, fieldValidation, writeContext } from './write-options.ts'

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply'

const PATCH_TYPES: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
}

/** Nothing says how the lists of custom resources would be merged strategically. */
const CUSTOM_PATCH_TYPES: typeof PATCH_TYPES = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/apply-patch+yaml': 'apply',
}

/** PATCH of an object, or of one of its subresources that has the object's own form. */
export async function patch(call: Call, subresource: SubresourceName | ''): Promise<Answer> {
  const type = patchTypeOf(call)
  checkPatchOptions(call, type)
  const write = writeContext(call, 'PatchOptions')
  const mode = fieldValidation(call, 'PatchOptions')
  const change =
    type === 'apply' ? applyChange(call, subresource, write) : patchChange(call, subresource, patcherOf(call, type), mode)
  const { stored, created } = await call.registry.update(refOf(call), change, write)
  return objectAnswer(call, created ? 201 : 200, stored)
}

/** Throws UnsupportedMediaType. */
export function patchTypeOf(call: Call): PatchType {
  const { type } = parseMediaType(call.contentType)
  const offered = call.registry.definition.custom === undefined ? PATCH_TYPES : CUSTOM_PATCH_TYPES
  const known = offered[type]
  if (known === undefined) throw unsupportedMediaType(Object.keys(offered).join(', '))
  return known
}

/** Throws Invalid. */
export function checkPatchOptions(call: Call, type: PatchType): void {
  const problems = []
  const { query } = call.info
  if (type === 'apply' && (query.get('fieldManager') ?? '') === '')
    problems.push(required('fieldManager', 'is required for apply patch'))
  if (type !== 'apply' && query.has('force')) problems.push(forbiddenField('force', 'may not be specified for non-apply patch'))
  if (problems.length > 0) throw invalidObject({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', problems)
}

type Patcher = (original: object) => unknown

/** The patch itself is read once; it is applied anew to each version that the object is found in. */
export function patcherOf(call: Call, type: Exclude<PatchType, 'apply'>): Patcher {
  const { value } = parseJson(decodeUtf8(call.body))
  switch (type) {
    case 'json':
      return (original) => jsonPatch(original, value)
    case 'merge':
      return (original) => mergePatch(original, requireObject(value))
    case 'strategic':
      return (original) => strategicMergePatch(original, requireObject(value), requireSchema(call.registry.definition))
  }
}

function requireObject(value: unknown): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  const type = Array.isArray(value) ? 'array' : typeof value
  throw badRequest(`error decoding patch: json: cannot unmarshal ${type} into Go value of type map[string]interface {}`)
}

function patchChange(call: Call, subresource: SubresourceName | '', patcher: Patcher, mode: FieldValidation): Change {
  const apply = (old: KubeObject | undefined): KubeObject => {
    if (old === undefined) throw new Error('a patch never creates')
    const object = decodePatched(call, patcher(old), mode)
    checkIdentity(call, object)
    unlessRevisionNamed(object, old)
    call.registry.definition.strategy.default?.(object)
    return object
  }
  return { subresource, createIfMissing: false, apply }
}

function checkIdentity(call: Call, object: KubeObject): void {
  const { name, namespace = '' } = object.metadata
  if (name !== call.info.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${call.info.name})`)
  }
  if (namespace !== refOf(call).namespace) throw badRequest('the namespace of the object does not match the namespace on the URL')
}

/** A patch is conditional only if it names a revision; the one that was patched says nothing. */
function unlessRevisionNamed(object: KubeObject, old: KubeObject): void {
  if (object.metadata.resourceVersion === old.metadata.resourceVersion) object.metadata.resourceVersion = ''
}

/** Server-side apply creates what is missing. */
function applyChange(call: Call, subresource: SubresourceName | '', write: WriteContext): Change {
  const value = parseYaml(decodeUtf8(call.body))
  const force = isTrue(call.info.query.get('force'))
  return appliedChange(call, { value, subresource, manager: write.manager, force, mode: 'Warn' })
}

export interface Application {
  readonly value: unknown
  readonly subresource: SubresourceName | ''
  readonly manager: string
  readonly force: boolean
  readonly mode: 'Warn' | 'Strict'
}

export function appliedChange(call: Call, { value, subresource, manager, force, mode }: Application): Change {
  const config = decodeApplyConfig(call, value, mode)
  const { apiVersion, definition } = call.registry
  const schema = requireSchema(definition)
  const apply = (live: KubeObject | undefined): KubeObject => {
    const options = { config: cloneJson(config), manager, force, schema, apiVersion, now: call.now, subresource }
    const object = serverSideApply({ live, ...options })
    if (live !== undefined && config.metadata.resourceVersion === undefined) object.metadata.resourceVersion = ''
    definition.strategy.default?.(object)
    return object
  }
  return { subresource, createIfMissing: subresource === '', apply, tracksFields: true }
}
