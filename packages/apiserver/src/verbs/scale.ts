/** The scale subresource: autoscaling/v1 Scale over any kind that says where its replicas are. */

import {
  ApiError,
  badRequest,
  invalid,
  invalidObject,
  type KubeObject,
  type LabelSelector,
  labelSelectorToString,
  notFound,
  required,
} from '@skiff/api'
import { type Answer, type Call, valueAnswer } from '../http/call.ts'
import { parseYaml } from '../http/parse-yaml.ts'
import { isTrue } from '../http/request-info.ts'
import { isAnothersUid, preconditionFailed } from '../registry/preconditions.ts'
import type { ScalePaths, TableColumns } from '../registry/resource-definition.ts'
import type { StoredObject } from '../registry/stored-object.ts'
import { ageCell } from '../resources/cells.ts'
import { AGE_COLUMN, integerColumn, NAME_COLUMN } from '../resources/columns.ts'
import { decodeBodyAs, decodeUtf8 } from './decode-body.ts'
import { refOf } from './get.ts'
import { appliedChange, checkPatchOptions, patcherOf, patchTypeOf } from './patch.ts'
import { writeContext } from './write-options.ts'

const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale' } as const

interface Scale {
  readonly kind: 'Scale'
  readonly apiVersion: 'autoscaling/v1'
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid: string
    readonly resourceVersion: string
    readonly creationTimestamp: string
  }
  readonly spec: { readonly replicas?: number }
  readonly status: { readonly replicas: number; readonly selector?: string }
}

const SCALE_COLUMNS: TableColumns = {
  columns: [
    NAME_COLUMN,
    integerColumn('Desired', 'How many replicas there should be.'),
    integerColumn('Available', 'How many replicas there are.'),
    AGE_COLUMN,
  ],
  cells(object, now) {
    const { metadata, spec, status } = object as unknown as Scale
    return [metadata.name, spec.replicas ?? 0, status.replicas, ageCell(metadata.creationTimestamp, now)]
  },
}

export async function getScale(call: Call): Promise<Answer> {
  const { object } = await requireObject(call)
  requireReplicas(call, object)
  return valueAnswer(200, scaleOf(pathsOf(call), object), SCALE_COLUMNS)
}

/** A custom resource may have nothing where its definition says that replicas are. */
function requireReplicas(call: Call, object: KubeObject): void {
  const { specReplicas } = pathsOf(call)
  if (call.registry.definition.custom === undefined || at(object, specReplicas) !== undefined) return
  throw new ApiError('InternalError', `the spec replicas field "${specReplicas}" does not exist`)
}

/** A missing object is told as a missing scale. */
async function requireObject(call: Call): Promise<StoredObject> {
  const found = call.registry.find(refOf(call))
  const { resource, group } = call.registry.info
  if (found === undefined) throw notFound(`${resource}/scale${group === '' ? '' : `.${group}`}`, call.info.name)
  await call.registry.ready([found.entry])
  return found
}

export async function updateScale(call: Call): Promise<Answer> {
  const scale = decodeBodyAs(call, SCALE, 'Warn')
  if (scale.metadata.name !== undefined && scale.metadata.name !== call.info.name) {
    throw badRequest(`the name of the object (${scale.metadata.name}) does not match the name on the URL (${call.info.name})`)
  }
  return await writeScale(call, (current) => {
    const asked = scale.metadata.uid
    const is = current.metadata.uid
    // As a PUT of the object itself does.
    if (isAnothersUid(asked, is))
      throw preconditionFailed(call.registry.qualifiedName, call.info.name, { what: 'UID', asked, is })
    return scale
  })
}

export async function patchScale(call: Call): Promise<Answer> {
  const type = patchTypeOf(call)
  checkPatchOptions(call, type)
  if (type === 'apply') return await applyScale(call)
  // A Scale has no lists: strategic and merge patches mean the same.
  const patcher = patcherOf(call, type === 'strategic' ? 'merge' : type)
  return await writeScale(call, (current) => patcher(current) as KubeObject)
}

/** To apply a Scale is to apply its replicas to the object that it is of: there they belong to the manager. */
async function applyScale(call: Call): Promise<Answer> {
  const paths = pathsOf(call)
  const scale = appliedScale(call)
  await requireObject(call)
  const write = writeContext(call, 'PatchOptions')
  const { apiVersion, info } = call.registry
  const value = { apiVersion, kind: info.kind, metadata: scale.metadata ?? {} } as KubeObject
  if (scale.spec !== undefined) setAt(value, paths.specReplicas, replicasOf(call, scale))
  const force = isTrue(call.info.query.get('force'))
  const change = appliedChange(call, { value, subresource: 'scale', manager: write.manager, force, mode: 'Warn' })
  const { stored } = await call.registry.update(refOf(call), change, write)
  return valueAnswer(200, scaleOf(paths, stored.object))
}

function appliedScale(call: Call): KubeObject {
  const value = parseYaml(decodeUtf8(call.body))
  const said = (typeof value === 'object' && value !== null ? value : {}) as { apiVersion?: unknown; kind?: unknown }
  if (said.apiVersion !== 'autoscaling/v1') {
    const given = typeof said.apiVersion === 'string' ? said.apiVersion : ''
    throw badRequest(`Incorrect version specified in apply patch. Specified patch version: ${given}, expected: autoscaling/v1`)
  }
  if (said.kind !== 'Scale') throw badRequest('Incorrect kind specified in apply patch: it is no Scale')
  return said as KubeObject
}

async function writeScale(call: Call, change: (current: Scale) => KubeObject): Promise<Answer> {
  const paths = pathsOf(call)
  await requireObject(call)
  const write = writeContext(call, 'UpdateOptions')
  const apply = (old: KubeObject | undefined): KubeObject => {
    const object = structuredClone(old) as KubeObject
    const current = scaleOf(paths, object)
    const wanted = change(current)
    const named = wanted.metadata.resourceVersion
    object.metadata.resourceVersion = named === current.metadata.resourceVersion ? '' : (named ?? '')
    setAt(object, paths.specReplicas, replicasOf(call, wanted))
    return object
  }
  const { stored } = await call.registry.update(refOf(call), { subresource: 'scale', createIfMissing: false, apply }, write)
  return valueAnswer(200, scaleOf(paths, stored.object))
}

function replicasOf(call: Call, scale: KubeObject): number {
  const { replicas = 0 } = (scale.spec ?? {}) as { replicas?: unknown }
  if (typeof replicas !== 'number' || !Number.isInteger(replicas)) {
    throw invalidObject(SCALE, call.info.name, [required('spec.replicas', 'must be an integer')])
  }
  if (replicas < 0) {
    throw invalidObject(SCALE, call.info.name, [invalid('spec.replicas', replicas, 'must be greater than or equal to 0')])
  }
  return replicas
}

function pathsOf(call: Call): ScalePaths {
  const paths = call.registry.definition.scale
  if (paths === undefined) throw new ApiError('InternalError', `${call.registry.qualifiedName} has no scale paths`)
  return paths
}

export function scaleOf(paths: ScalePaths, object: KubeObject): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const replicas = at(object, paths.specReplicas)
  const selector = selectorText(at(object, paths.selector))
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion, creationTimestamp },
    spec: typeof replicas === 'number' && replicas !== 0 ? { replicas } : {},
    status: { replicas: Number(at(object, paths.statusReplicas) ?? 0), ...(selector === '' ? {} : { selector }) },
  }
}

function selectorText(selector: unknown): string {
  if (typeof selector === 'string') return selector
  if (typeof selector !== 'object' || selector === null) return ''
  const plain = Object.values(selector).every((value) => typeof value === 'string')
  return labelSelectorToString(plain ? { matchLabels: selector as Record<string, string> } : (selector as LabelSelector))
}

function at(object: object, path: string): unknown {
  let value: unknown = object
  for (const step of stepsOf(path)) value = (value as Record<string, unknown> | undefined)?.[step]
  return value
}

function setAt(object: KubeObject, path: string, value: unknown): void {
  const steps = stepsOf(path)
  const last = steps.pop()
  let target: Record<string, unknown> = object
  for (const step of steps) {
    target[step] ??= {}
    target = target[step] as Record<string, unknown>
  }
  if (last !== undefined) target[last] = value
}

/** `.spec.replicas` as CustomResourceDefinitions write it, or without the first dot. */
function stepsOf(path: string): string[] {
  return path.split('.').filter((step) => step !== '')
}
