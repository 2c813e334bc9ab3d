import { type KindInfo, pathOf, schemaOf } from '@skiff/api'
import { stringify as toYaml } from 'yaml'
import type { Sample } from './corpus.ts'
import { garbled, mutated } from './mutate.ts'
import type { Random } from './random.ts'
import { oddText, oddValue, valueOfType } from './values.ts'

export interface FuzzRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer
}

/** Few, so that what was created is met again by updates, patches and deletions. */
const NAMES = ['a', 'b', 'c', 'x']
const NAMESPACE = 'fuzz'

export function nextRequest(corpus: readonly Sample[], random: Random): FuzzRequest {
  const sample = random.pick(corpus)
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2:
      return creation(sample, random)
    case 3:
      return replacement(sample, random)
    case 4:
    case 5:
    case 6:
      return patching(sample, random)
    case 7:
      return reading(sample, random)
    case 8:
      return deletion(sample, random)
    default:
      return random.chance(0.3) ? manifests(corpus, random) : somewhere(random)
  }
}

function creation({ info, object }: Sample, random: Random): FuzzRequest {
  const path = pathOf(info, NAMESPACE) + writeQuery(random)
  return { method: 'POST', path, ...encoded(named(bodyFor(info, object, random), info, random), random) }
}

function replacement({ info, object }: Sample, random: Random): FuzzRequest {
  const name = nameFor(object, random)
  const body = bodyFor(info, object, random)
  return { method: 'PUT', path: itemPath(info, name, random) + writeQuery(random), ...encoded(withName(body, name), random) }
}

function itemPath(info: KindInfo, name: string, random: Random): string {
  const subresource = random.chance(0.15)
    ? random.pick(['status', 'scale', 'finalize', 'approval', 'ephemeralcontainers', 'resize'])
    : undefined
  return pathOf(info, NAMESPACE, name, subresource)
}

const PATCH_TYPES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
]

function patching({ info, object }: Sample, random: Random): FuzzRequest {
  const type = random.pick(PATCH_TYPES)
  const name = nameFor(object, random)
  const query = new URLSearchParams(random.chance(0.3) ? { dryRun: 'All' } : {})
  if (type === 'application/apply-patch+yaml') {
    query.set('fieldManager', random.pick(['one', 'two', oddText(random)]))
    if (random.chance(0.5)) query.set('force', 'true')
  }
  const { body } = encoded(patchBody(type, { info, object, name }, random), random)
  return { method: 'PATCH', path: `${itemPath(info, name, random)}?${query}`, headers: { 'content-type': type }, body }
}

function patchBody(
  type: string,
  { info, object, name }: { info: KindInfo; object: object; name: string },
  random: Random,
): unknown {
  if (type === 'application/json-patch+json') return jsonPatchFor(object, random)
  const body = bodyFor(info, object, random)
  if (type === 'application/apply-patch+yaml') return withName(body, name)
  return withDirectives(body, random)
}

const POINTERS = [
  '',
  '/',
  '/metadata',
  '/metadata/labels',
  '/metadata/labels/a',
  '/spec',
  '/spec/-',
  '/data/a',
  '/metadata/managedFields',
  '/status',
  '/~2',
  '/__proto__/x',
  '/constructor/prototype/x',
]

export function jsonPatchFor(object: object, random: Random): unknown {
  const pointers = [...POINTERS, ...pointersOf(object)]
  const operations = Array.from({ length: 1 + random.below(4) }, () => ({
    op: random.chance(0.95) ? random.pick(['add', 'remove', 'replace', 'move', 'copy', 'test']) : oddValue(random),
    path: random.chance(0.95) ? random.pick(pointers) : oddValue(random),
    ...(random.chance(0.8) ? { value: oddValue(random) } : {}),
    ...(random.chance(0.4) ? { from: random.pick(pointers) } : {}),
  }))
  return random.chance(0.95) ? operations : oddValue(random)
}

function pointersOf(value: unknown, at = ''): string[] {
  if (typeof value !== 'object' || value === null) return [at]
  return [
    at,
    ...Object.entries(value).flatMap(([key, inner]) =>
      pointersOf(inner, `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
    ),
  ]
}

const DIRECTIVES = [
  '$patch',
  '$retainKeys',
  '$setElementOrder/containers',
  '$deleteFromPrimitiveList/finalizers',
  '$setElementOrder/ports',
]

/** Of strategic merge patches, somewhere in the body. */
export function withDirectives(body: unknown, random: Random): unknown {
  if (typeof body !== 'object' || body === null || random.chance(0.6)) return body
  const inner = Object.values(body).filter((value) => typeof value === 'object' && value !== null && !Array.isArray(value))
  const target = random.chance(0.5) && inner.length > 0 ? random.pick(inner) : body
  Reflect.set(
    target as object,
    random.pick(DIRECTIVES),
    random.chance(0.5) ? random.pick(['delete', 'replace', 'merge', 'x']) : oddValue(random),
  )
  return body
}

export function bodyFor(info: KindInfo, object: object, random: Random): unknown {
  if (random.chance(0.15)) return structuredClone(object)
  const schema = schemaOf(info.group, info.version, info.kind)
  if (schema === undefined || random.chance(0.55)) return mutated(object, random)
  const made = { ...(valueOfType({ kind: 'object', schema }, random) as Record<string, unknown> | null) }
  const { apiVersion, kind, metadata } = object as Record<string, unknown>
  return { ...made, apiVersion, kind, metadata: random.chance(0.8) ? structuredClone(metadata) : made.metadata }
}

/** Where the name still stands in the body. */
function named(body: unknown, info: KindInfo, random: Random): unknown {
  return NEEDS_ITS_NAME.has(info.kind) || random.chance(0.3) ? body : withName(body, random.pick(NAMES))
}

const NEEDS_ITS_NAME = new Set(['CustomResourceDefinition', 'APIService', 'IPAddress', 'CSIDriver'])

function nameFor(object: { readonly metadata?: { readonly name?: string } }, random: Random): string {
  return random.chance(0.5) ? (object.metadata?.name ?? 'a') : random.pick(NAMES)
}

function withName(body: unknown, name: string): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body
  const { metadata } = body as { metadata?: unknown }
  const known = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata) ? metadata : {}
  return { ...body, metadata: { ...known, name, namespace: undefined } }
}

function encoded(value: unknown, random: Random): { headers: Record<string, string>; body: Buffer } {
  const json = JSON.stringify(value) ?? 'null'
  const yaml = random.chance(0.1)
  const text = yaml ? yamlText(value) : json
  const body = random.chance(0.08) ? garbled(text, random) : Buffer.from(text)
  const type = yaml
    ? 'application/yaml'
    : random.chance(0.98)
      ? 'application/json'
      : random.pick(['application/vnd.kubernetes.protobuf', 'text/plain', ';'])
  return { headers: { 'content-type': type }, body }
}

function yamlText(value: unknown): string {
  return toYaml(value, { version: '1.1', aliasDuplicateObjects: false })
}

function writeQuery(random: Random): string {
  if (random.chance(0.6)) return ''
  return `?${new URLSearchParams({
    ...(random.chance(0.4) ? { dryRun: random.chance(0.9) ? 'All' : oddText(random) } : {}),
    ...(random.chance(0.4) ? { fieldValidation: random.pick(['Strict', 'Warn', 'Ignore', 'x']) } : {}),
    ...(random.chance(0.3) ? { fieldManager: oddText(random) } : {}),
  })}`
}

export const SELECTORS = ['a', '!a', 'a=b', 'a in (b,c)', 'a notin ()', 'a in', ',', 'a==b,c!=d', '(', 'a>1', 'a<x']

const QUERIES: Readonly<Record<string, readonly string[]>> = {
  limit: ['0', '1', '-1', '1e9', 'x'],
  continue: ['x', 'eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ', 'e30', '%7B%7D'],
  resourceVersion: ['', '0', '1', '-1', '99999999999999999999', 'x', '1.5'],
  resourceVersionMatch: ['Exact', 'NotOlderThan', 'x'],
  labelSelector: SELECTORS,
  fieldSelector: ['metadata.name=a', 'metadata.name!=a', 'spec.nodeName=', 'status.phase=Running', 'a=b\\', '=', ',,'],
  includeObject: ['None', 'Object', 'Metadata', 'x'],
  sendInitialEvents: ['true', 'x'],
  pretty: ['true', '0'],
}

const ACCEPTS = [
  'application/json',
  'application/yaml',
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json',
  'application/vnd.kubernetes.protobuf,application/json',
  '*/*',
  'x',
  ';;,=',
]

function reading({ info, object }: Sample, random: Random): FuzzRequest {
  const names = Object.keys(QUERIES).filter(() => random.chance(0.2))
  const query = new URLSearchParams(
    names.map((name): [string, string] => [name, random.chance(0.9) ? random.pick(QUERIES[name] ?? ['']) : oddText(random)]),
  )
  const path = random.chance(0.7)
    ? pathOf(info, random.chance(0.7) ? NAMESPACE : undefined)
    : itemPath(info, nameFor(object, random), random)
  return { method: 'GET', path: `${path}?${query}`, headers: { accept: random.pick(ACCEPTS) } }
}

function deletion({ info, object }: Sample, random: Random): FuzzRequest {
  const options = {
    ...(random.chance(0.5) ? { gracePeriodSeconds: random.pick([0, 1, -1, 'x', 1e10]) } : { gracePeriodSeconds: 0 }),
    ...(random.chance(0.3) ? { propagationPolicy: random.pick(['Background', 'Foreground', 'Orphan', 'x', null]) } : {}),
    ...(random.chance(0.1) ? { preconditions: oddValue(random) } : {}),
  }
  const all = random.chance(0.1)
  const path = all
    ? `${pathOf(info, NAMESPACE)}?labelSelector=${encodeURIComponent(random.pick(SELECTORS))}`
    : pathOf(info, NAMESPACE, nameFor(object, random))
  return { method: 'DELETE', path, ...encoded(random.chance(0.8) ? options : oddValue(random), random) }
}

function manifests(corpus: readonly Sample[], random: Random): FuzzRequest {
  const documents = Array.from({ length: 1 + random.below(3) }, () => {
    const { info, object } = random.pick(corpus)
    return yamlText(named(bodyFor(info, object, random), info, random))
  })
  const text = documents.join('---\n')
  const query = random.pick(['', '?dryRun=All', '?force=true', '?namespace=fuzz', '?namespace=%00'])
  const body = random.chance(0.2) ? garbled(text, random) : Buffer.from(text)
  return { method: 'POST', path: `/apply${query}`, headers: { 'content-type': 'application/yaml' }, body }
}

function somewhere(random: Random): FuzzRequest {
  const segments = Array.from({ length: random.below(7) }, () =>
    random.chance(0.7)
      ? random.pick([
          'api',
          'apis',
          'v1',
          'apps',
          'namespaces',
          'fuzz',
          'pods',
          'a',
          'watch',
          'openapi',
          'v2',
          'v3',
          'why',
          'log',
          'proxy',
          'healthz',
          'version',
          '',
        ])
      : encodeURIComponent(oddText(random).toWellFormed()),
  )
  const watchesNothing = segments.includes('watch')
    ? 'HEAD'
    : random.pick(['GET', 'GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'])
  return { method: watchesNothing, path: `/${segments.join('/')}`, headers: {} }
}
