import { readFileSync } from 'node:fs'
import { ApiError, apiVersionOf, type KubeObject, SERVICES, schemaOf } from '@skiff/api'
import { describe, expect, test } from 'vitest'
import { trackUpdate } from '../apply/index.ts'
import { cloneJson, isJsonObject } from '../patch/json-value.ts'
import type { ResourceDefinition, StrategyContext } from '../registry/resource-definition.ts'
import { BUILT_IN_RESOURCES } from './index.ts'
import { newerFields } from './testing/newer-kinds.ts'

/** Each kind created with little by Kubernetes 1.20, and what came back; bodies that it refused. What is answered is compared in test/integration. */
interface Recorded {
  readonly n: number
  readonly step: string
  readonly resource: string
  readonly body: KubeObject
}

interface RecordedKind extends Recorded {
  readonly answer: KubeObject
}

const KINDS = readFixture<RecordedKind>('kinds-and-defaults')
const REFUSALS = readFixture<Recorded>('validation')
const NOW = new Date('2026-01-01T00:00:04Z')
const CREATED = '2026-01-01T00:00:00Z'

describe('managedFields of a create as recorded', () => {
  for (const recorded of KINDS) {
    if (recorded.resource === 'pods' || recorded.resource === 'nodes') continue
    test(`${recorded.n}: ${recorded.step}`, () => {
      const definition = definitionOf(recorded.resource)
      const { group, version, kind } = definition.info
      const object = { ...cloneJson(recorded.body), apiVersion: apiVersionOf(definition.info), kind }
      definition.strategy.default?.(object)
      const schema = schemaOf(group, version, kind)
      const apiVersion = apiVersionOf(definition.info)
      trackUpdate({
        old: undefined,
        new: object,
        manager: 'unknown',
        operation: 'Update',
        apiVersion,
        schema,
        subresource: '',
        now: NOW,
      })
      expect(fieldsOf(object)).toEqual(ownedSince120(recorded))
    })
  }
})

function context(): StrategyContext {
  const kubernetes = {
    metadata: { name: 'kubernetes', namespace: 'default' },
    spec: { clusterIP: '10.96.0.1', clusterIPs: ['10.96.0.1'] },
  }
  return {
    user: { name: 'admin', groups: [] },
    now: NOW,
    random: () => 0.5,
    dryRun: false,
    cluster: {
      serviceCidr: '10.96.0.0/16',
      podCidr: '10.244.0.0/16',
      nodePorts: { first: 30000, last: 32767 },
      clusterDomain: 'cluster.local',
      defaultTolerationSeconds: 300,
    },
    objects: {
      get: () => undefined,
      list: <T>(info: object) => (info === SERVICES ? [kubernetes as T] : []),
    },
    claims: { take: () => true },
  }
}

function definitionOf(resource: string): ResourceDefinition {
  const definition = BUILT_IN_RESOURCES.find(({ info }) => info.resource === resource)
  if (!definition) throw new Error(`no resource ${resource}`)
  return definition
}

function fieldsOf(object: KubeObject): unknown {
  return object.metadata.managedFields?.[0]?.fieldsV1
}

/** Status belongs to its subresource, selectors and references are atomic, and there are new defaults. */
function ownedSince120({ resource, answer }: RecordedKind): unknown {
  const recorded = fieldsOf(answer)
  const { 'f:status': _, ...owned } = isJsonObject(recorded) ? cloneJson(recorded) : {}
  const spec = owned['f:spec']
  if (resource === 'services' && isJsonObject(spec)) {
    if (spec['f:selector']) spec['f:selector'] = {}
    const { type } = answer.spec as { type: string }
    if (type !== 'ExternalName') spec['f:internalTrafficPolicy'] = {}
    if (type === 'LoadBalancer') spec['f:allocateLoadBalancerNodePorts'] = {}
  }
  for (const field of ['f:involvedObject', 'f:roleRef']) if (owned[field]) owned[field] = {}
  newerFields(resource, owned)
  if (resource === 'namespaces') owned['f:metadata'] = { 'f:labels': { '.': {}, 'f:kubernetes.io/metadata.name': {} } }
  return Object.keys(owned).length === 0 ? undefined : owned
}

function readFixture<T>(name: string): readonly T[] {
  return JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), 'utf8'))
}

describe('objects with parts left out', () => {
  for (const definition of BUILT_IN_RESOURCES) {
    test(`${definition.info.resource} are refused or created, but never break the server`, () => {
      const bodies = [...KINDS, ...REFUSALS]
        .filter(({ resource }) => resource === definition.info.resource)
        .map(({ body }) => body)
      const empty = { metadata: { name: 'x' } } as KubeObject
      for (const body of [empty, ...bodies, ...bodies.flatMap((each) => withoutEachPart(each))]) {
        expect(() => outcomeOf(definition, body), JSON.stringify(body)).not.toThrow()
      }
    })
  }
})

function outcomeOf(definition: ResourceDefinition, body: KubeObject): unknown {
  const object = cloneJson(body)
  object.apiVersion = apiVersionOf(definition.info)
  object.kind = definition.info.kind
  object.metadata ??= { name: 'x' } as KubeObject['metadata']
  object.metadata.uid ??= 'uid-of-test'
  const { strategy } = definition
  try {
    strategy.default?.(object)
    strategy.prepareForCreate?.(object, context())
    const errors = strategy.validate(object)
    if (errors.length > 0) return errors
    strategy.canonicalize?.(object)
    strategy.prepareForUpdate?.(cloneJson(object), object, context())
    strategy.validateUpdate?.(object, object)
    object.metadata.creationTimestamp ??= CREATED
    return definition.columns?.cells(object, NOW)
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
}

/** The object once without each of its fields, at any depth. */
function withoutEachPart(object: KubeObject): KubeObject[] {
  return pathsOfJson(object).map((keys) => {
    const copy = cloneJson(object)
    const last = keys.at(-1) ?? ''
    const parent = keys.slice(0, -1).reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], copy)
    if (Array.isArray(parent)) parent.splice(Number(last), 1)
    else delete (parent as Record<string, unknown>)[last]
    return copy
  })
}

function pathsOfJson(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [[key], ...pathsOfJson(inner).map((path) => [key, ...path])])
}
