/** POST /apply: a whole set of manifests, checked as a whole before the first is written. */

import {
  ApiError,
  apiVersionOf,
  badRequest,
  CUSTOM_RESOURCE_DEFINITIONS,
  type CustomResourceDefinition,
  decodeObject,
  type KubeObject,
  type LabelRequirement,
  NAMESPACES,
  parseJson,
  schemaOf,
} from '@skiff/api'
import { attributesOf, authorize } from '../http/authorize.ts'
import type { Call } from '../http/call.ts'
import { type HttpAnswer, jsonAnswer, textAnswer } from '../http/http-answer.ts'
import { parseMediaType } from '../http/negotiation.ts'
import { parseYamlDocuments } from '../http/parse-yaml.ts'
import type { PathRequest } from '../http/paths.ts'
import { isTrue, parseRequestInfo } from '../http/request-info.ts'
import type { ServerContext } from '../http/server-context.ts'
import { statusOf } from '../http/status-answer.ts'
import type { ResourceRegistry } from '../registry/resource-registry.ts'
import type { StoredObject } from '../registry/stored-object.ts'
import { decodeUtf8 } from './decode-body.ts'
import { appliedChange } from './patch.ts'
import { type Pruned, pruneManifests, pruneSelector } from './prune-manifests.ts'
import { writeContext } from './write-options.ts'

/** What others refer to comes first. */
const ORDER = [
  'Namespace',
  'CustomResourceDefinition',
  'PriorityClass',
  'StorageClass',
  'ServiceAccount',
  'ClusterRole',
  'Role',
  'ClusterRoleBinding',
  'RoleBinding',
  'ResourceQuota',
  'LimitRange',
  'Secret',
  'ConfigMap',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'Service',
  'Endpoints',
  'EndpointSlice',
]

const DEFAULT_MANAGER = 'skiff-apply'

const TAKE_OVER =
  ' (leave out what others have set, or take it over: "skiff apply --force-conflicts", or ?force=true behind /apply)'

interface Manifest {
  /** Which document of the body it was, from 1. */
  readonly number: number
  /** Of a kind that the same body declares: as it will be, good for checks only. */
  readonly registry: ResourceRegistry
  readonly object: Record<string, unknown>
  readonly name: string
  readonly namespace: string
}

type Action = 'created' | 'configured' | 'unchanged' | 'pruned' | 'failed'

interface Outcome {
  readonly kind: string
  readonly name: string
  readonly namespace: string
  readonly action: Action
  readonly message: string
}

/** Whoever takes no JSON, as curl does unless it is told to, is told in lines why it was refused, too. */
export async function applyManifests(context: ServerContext, request: PathRequest): Promise<HttpAnswer> {
  try {
    return await applyAll(context, request)
  } catch (error) {
    if (mediaTypes(request.accept).includes('application/json')) throw error
    const { code = 500, message = '' } = statusOf(error, context.logger, { method: 'POST', path: '/apply' })
    return textAnswer(code, `${message}\n`)
  }
}

async function applyAll(context: ServerContext, request: PathRequest): Promise<HttpAnswer> {
  const manifests = readManifests(context, request)
  if (manifests.length === 0) throw badRequest('there is no manifest in the body')
  const selector = pruneSelector(request, manifests)
  const announced = new Set(manifests.filter(({ registry }) => registry.info.kind === 'Namespace').map(({ name }) => name))
  for (const manifest of manifests) await applyOne(context, request, { manifest, announced, checkOnly: true })
  return await applyInOrder(context, request, { manifests, announced, selector })
}

interface ManifestSet {
  readonly manifests: readonly Manifest[]
  readonly announced: ReadonlySet<string>
  /** Of the set to prune. */
  readonly selector: readonly LabelRequirement[] | undefined
}

async function applyInOrder(
  context: ServerContext,
  request: PathRequest,
  { manifests, announced, selector }: ManifestSet,
): Promise<HttpAnswer> {
  const outcomes: (Outcome & { status?: number })[] = []
  const checkOnly = request.info.query.has('dryRun')
  for (const manifest of manifests) outcomes.push(await attempt(context, request, { manifest, announced, checkOnly }))
  const status = outcomes.find((outcome) => outcome.status !== undefined)?.status ?? 200
  const isDone = status === 200 && selector !== undefined
  const pruned = isDone ? await prune(context, request, { manifests, selector, checkOnly }) : []
  const prunings = pruned.map(prunedOutcome)
  if (wantsJson(request.accept)) return jsonAnswer(status, [...outcomes, ...prunings].map(withoutStatus))
  const lines = [...manifests, ...pruned].map((each, index) => lineOf(each, [...outcomes, ...prunings][index], checkOnly))
  return textAnswer(status, lines.join(''))
}

interface SetToPrune {
  readonly manifests: readonly Manifest[]
  readonly selector: readonly LabelRequirement[]
  readonly checkOnly: boolean
}

async function prune(
  context: ServerContext,
  request: PathRequest,
  { manifests, selector, checkOnly }: SetToPrune,
): Promise<Pruned[]> {
  const [first] = manifests
  if (first === undefined) return []
  const write = { ...writeContext(callFor(context, request, first), 'DeleteOptions'), dryRun: checkOnly }
  return await pruneManifests(context, request, { manifests, selector, manager: write.manager, write })
}

function prunedOutcome({ registry, name, namespace }: Pruned): Outcome {
  return { kind: registry.info.kind, name, namespace, action: 'pruned', message: '' }
}

function withoutStatus({ status: _, ...outcome }: Outcome & { status?: number }): Outcome {
  return outcome
}

interface Application {
  readonly manifest: Manifest
  /** Namespaces that the same body creates. */
  readonly announced: ReadonlySet<string>
  readonly checkOnly: boolean
}

async function attempt(
  context: ServerContext,
  request: PathRequest,
  application: Application,
): Promise<Outcome & { status?: number }> {
  const { manifest } = application
  const about = { kind: manifest.registry.info.kind, name: manifest.name, namespace: manifest.namespace }
  try {
    return { ...about, action: await applyOne(context, request, application), message: '' }
  } catch (error) {
    const status = statusOf(error, context.logger, { method: 'POST', path: '/apply' })
    return { ...about, action: 'failed', message: status.message ?? '', status: status.code ?? 500 }
  }
}

async function applyOne(
  context: ServerContext,
  request: PathRequest,
  { manifest, announced, checkOnly }: Application,
): Promise<Action> {
  const { name, namespace, object, number } = manifest
  const registry = checkOnly ? manifest.registry : servedRegistry(context, manifest)
  const call = callFor(context, request, { ...manifest, registry })
  try {
    authorize(context.authorizer, request.user, attributesOf(call.info))
    const before = registry.find({ namespace, name })
    if (before !== undefined) await registry.ready([before.entry])
    if (before === undefined)
      authorize(context.authorizer, request.user, { ...attributesOf(call.info), verb: 'create', name: '' })
    const write = { ...writeContext(call, 'PatchOptions'), dryRun: checkOnly }
    const force = isTrue(request.info.query.get('force'))
    const value = structuredClone(object)
    const change = appliedChange(call, { value, subresource: '', manager: write.manager, force, mode: 'Strict' })
    const inNewNamespace = checkOnly && announced.has(namespace) && before === undefined
    if (inNewNamespace && context.registry.objects.get(NAMESPACES, { name: namespace }) === undefined) return 'created'
    const { stored, created } = await registry.update({ namespace, name }, change, write)
    return created ? 'created' : actionOf(before, stored)
  } catch (error) {
    throw error instanceof ApiError ? located(error, number) : error
  }
}

function servedRegistry(context: ServerContext, { registry: { apiVersion, info }, number }: Manifest): ResourceRegistry {
  const served = context.registry.findKind(apiVersion, info.kind)
  if (served === undefined) throw unknownKind(context, { number, apiVersion, kind: info.kind })
  return served
}

function unknownKind(
  { registry }: ServerContext,
  { number, apiVersion, kind }: { readonly number: number; readonly apiVersion: string; readonly kind: string },
): ApiError {
  const served = registry.all().filter(({ info }) => info.kind === kind)
  const elsewhere = served.length === 0 ? '' : ` (it is there as ${served.map((each) => each.apiVersion).join(' and ')})`
  return badRequest(`document ${number}: no kind "${kind}" is registered for version "${apiVersion}"${elsewhere}`)
}

function actionOf(before: StoredObject | undefined, after: StoredObject): Action {
  return before?.bytes === after.bytes ? 'unchanged' : 'configured'
}

/** Says which document of the body it is about, and what to do where it can be said. */
function located(error: ApiError, number: number): ApiError {
  const details = error.details === undefined ? {} : { details: error.details }
  const message = `document ${number}: ${error.message}${isFieldConflict(error) ? TAKE_OVER : ''}`
  return new ApiError(error.reason, message, { ...details, code: error.code, cause: error })
}

function isFieldConflict({ details }: ApiError): boolean {
  return details?.causes?.some(({ reason }) => reason === 'FieldManagerConflict') ?? false
}

function callFor(context: ServerContext, request: PathRequest, { registry, name, namespace }: Manifest): Call {
  const { info } = registry
  const root = info.group === '' ? `/api/${info.version}` : `/apis/${info.group}/${info.version}`
  const scope = info.namespaced ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  const query = new URLSearchParams({
    fieldManager: request.info.query.get('fieldManager') ?? DEFAULT_MANAGER,
  })
  return {
    info: parseRequestInfo('PATCH', `${root}${scope}/${info.resource}/${encodeURIComponent(name)}?${query}`),
    user: request.user,
    registry,
    registries: context.registry,
    admission: context.admission,
    contentType: 'application/apply-patch+yaml',
    userAgent: request.userAgent,
    body: request.body,
    now: context.clock(),
    warn: () => undefined,
  }
}

function readManifests(context: ServerContext, request: PathRequest): Manifest[] {
  const defaultNamespace = request.info.query.get('namespace') ?? 'default'
  const documents = readDocuments(request).flatMap((value, index) =>
    itemsOf(value).map((object) => ({ object, number: index + 1 })),
  )
  const present = documents.filter(({ object }) => object !== null && object !== undefined)
  const declared = present.flatMap(({ object }) => declaredKinds(context, object))
  const manifests = present.map((document) => manifestOf(context, { ...document, defaultNamespace, declared }))
  return manifests.sort((a, b) => rank(a) - rank(b) || a.number - b.number)
}

/** What the definitions in a body will serve. One that makes no sense is told of when its turn comes. */
function declaredKinds(context: ServerContext, document: unknown): readonly ResourceRegistry[] {
  const { apiVersion, kind } = (document ?? {}) as Partial<KubeObject>
  if (apiVersion !== apiVersionOf(CUSTOM_RESOURCE_DEFINITIONS) || kind !== CUSTOM_RESOURCE_DEFINITIONS.kind) return []
  const definition = soundDefinition(context, document)
  return definition === undefined ? [] : context.registry.draftOf(definition)
}

function soundDefinition(context: ServerContext, document: unknown): CustomResourceDefinition | undefined {
  const { group, version, kind } = CUSTOM_RESOURCE_DEFINITIONS
  const schema = schemaOf(group, version, kind)
  const strategy = context.registry.find(CUSTOM_RESOURCE_DEFINITIONS)?.definition.strategy
  if (schema === undefined || strategy === undefined) return undefined
  try {
    const definition = decodeObject(schema, structuredClone(document), { mode: 'Ignore' }).object as unknown as KubeObject
    strategy.default?.(definition)
    return strategy.validate(definition).length > 0 ? undefined : (definition as CustomResourceDefinition)
  } catch (error) {
    if (error instanceof ApiError) return undefined
    throw error
  }
}

function rank({ registry }: Manifest): number {
  const place = ORDER.indexOf(registry.info.kind)
  return place < 0 ? ORDER.length : place
}

function readDocuments({ contentType, body }: PathRequest): unknown[] {
  const text = decodeUtf8(body)
  // JSON is YAML; curl --data-binary says x-www-form-urlencoded whatever it sends.
  const isJson = parseMediaType(contentType).type === 'application/json'
  return isJson ? [parseJson(text).value] : parseYamlDocuments(text)
}

/** A List of any kind stands for its items. */
function itemsOf(document: unknown): unknown[] {
  if (Array.isArray(document)) return document.flatMap(itemsOf)
  const { kind, items } = (document ?? {}) as { kind?: unknown; items?: unknown }
  return typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items) ? items.flatMap(itemsOf) : [document]
}

interface ReadDocument {
  readonly object: unknown
  readonly number: number
  readonly defaultNamespace: string
  readonly declared: readonly ResourceRegistry[]
}

function manifestOf(context: ServerContext, { object, number, defaultNamespace, declared }: ReadDocument): Manifest {
  if (typeof object !== 'object' || object === null || Array.isArray(object))
    throw badRequest(`document ${number}: not an object`)
  const { apiVersion, kind, metadata } = object as Partial<KubeObject>
  if (typeof kind !== 'string' || kind === '') throw badRequest(`document ${number}: kind: Required value`)
  if (typeof apiVersion !== 'string' || apiVersion === '') throw badRequest(`document ${number}: apiVersion: Required value`)
  const draft = declared.find((each) => each.apiVersion === apiVersion && each.info.kind === kind)
  const registry = draft ?? context.registry.findKind(apiVersion, kind)
  if (registry === undefined) throw unknownKind(context, { number, apiVersion, kind })
  if (typeof metadata?.name !== 'string' || metadata.name === '')
    throw badRequest(`document ${number}: metadata.name: Required value`)
  const namespace = registry.info.namespaced ? (metadata.namespace ?? defaultNamespace) : ''
  return { number, registry, object: object as Record<string, unknown>, name: metadata.name, namespace }
}

function wantsJson(accept: string | undefined): boolean {
  return mediaTypes(accept)[0] === 'application/json'
}

function mediaTypes(accept = ''): string[] {
  return accept.split(',').map((range) => parseMediaType(range).type)
}

function lineOf({ registry, name }: Pick<Manifest, 'registry' | 'name'>, outcome: Outcome | undefined, dryRun: boolean): string {
  if (outcome === undefined) return ''
  const { action, message } = outcome
  const { info } = registry
  const resource = info.group === '' ? info.singular : `${info.singular}.${info.group}`
  const note = dryRun && action !== 'failed' ? ' (dry run)' : ''
  return `${resource}/${name} ${action}${note}${message === '' ? '' : `: ${message}`}\n`
}
