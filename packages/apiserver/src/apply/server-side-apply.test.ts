import { readFileSync } from 'node:fs'
import { isConflict, type KubeObject, schemaOfObject, type TypeSchema } from '@skiff/api'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mergePatch, strategicMergePatch } from '../patch/index.ts'
import { cloneJson, isJsonObject } from '../patch/json-value.ts'
import { BUILT_IN_RESOURCES } from '../resources/index.ts'
import { serverSideApply, trackUpdate } from './index.ts'

interface RecordedStep {
  readonly n: number
  readonly step: string
  readonly method: 'PATCH' | 'PUT' | 'GET'
  readonly resource: string
  readonly name: string
  readonly subresource?: string
  readonly manager?: string
  readonly force?: boolean
  readonly dryRun?: boolean
  readonly type?: 'apply' | 'merge' | 'strategic'
  readonly body?: KubeObject
  readonly status: number
  readonly message?: string
  readonly causes?: readonly unknown[]
  readonly answer?: KubeObject
}

/** What Kubernetes 1.20 answered, in order. */
const RECORDED: readonly RecordedStep[] = JSON.parse(
  readFileSync(new URL('./fixtures/server-side-apply.json', import.meta.url), 'utf8'),
)

/** Where 1.36 differs from the recorded 1.20. */
const DIFFERENCES: Readonly<Record<number, string>> = {
  12: 'a map that is applied empty is owned since structured-merge-diff 4.3: `f:data: {}`',
  16: 'the registry compares names, not apply',
  30: 'the order of the configuration wins since structured-merge-diff 4.3; tested below',
  31: 'nodeSelector is atomic since 1.21; tested below',
  34: 'as 31: an entry that owned a key of it owns all of it; tested below',
  37: 'an item without its key no longer gets past the schema check',
  43: 'the key `protocol` has its default in the schema since 1.21',
  44: 'as 43',
  45: 'as 43',
  39: 'entries name their subresource since 1.22; tested below',
  46: 'as 43',
}

describe('server-side apply as recorded', () => {
  const live = new Map<string, KubeObject>()
  const definitions = new Map(BUILT_IN_RESOURCES.map((definition) => [definition.info.resource, definition]))

  for (const step of RECORDED) {
    const key = `${step.resource}/${step.name}`
    const before = live.get(key)
    // Each step starts from what was recorded before it, so that one difference stays one.
    if (step.answer && !step.dryRun) live.set(key, step.answer)
    if (step.n in DIFFERENCES || step.method === 'GET') continue
    test(`${step.n}: ${step.resource}/${step.name} ${step.step}`, () => {
      const snapshot = cloneJson(before)
      const outcome = attempt(() => answer(step, before, definitions))
      expect(before).toEqual(snapshot)
      if (step.message !== undefined) {
        expect(messageOf(outcome)).toBe(expectedMessage(step))
        if (step.status === 409)
          expect((outcome as { details?: unknown }).details).toEqual({ causes: expect.arrayContaining([...(step.causes ?? [])]) })
        expect(isConflict(outcome)).toBe(step.status === 409)
        return
      }
      expect(masked(outcome)).toEqual(masked(step.answer))
    })
  }
})

function answer(
  step: RecordedStep,
  live: KubeObject | undefined,
  definitions: ReadonlyMap<string, (typeof BUILT_IN_RESOURCES)[number]>,
): KubeObject {
  const definition = definitions.get(step.resource)
  if (!definition || !step.body) throw new Error('incomplete step')
  const { group, version, kind } = definition.info
  const apiVersion = group === '' ? version : `${group}/${version}`
  const schema = schemaOfObject(apiVersion, kind)
  if (!schema) throw new Error(`no schema for ${kind}`)
  const common = { manager: step.manager ?? 'test', apiVersion, schema, subresource: step.subresource ?? '', now: new Date(0) }
  if (step.type === 'apply') {
    const object = serverSideApply({ ...common, live, config: step.body, force: step.force ?? false })
    definition.strategy.default?.(object)
    object.metadata.namespace = 'g3'
    if (live === undefined && definition.strategy.countsGenerations) object.status = {}
    return object
  }
  const object = updated(step, live, schema)
  definition.strategy.default?.(object)
  trackUpdate({ ...common, old: live, new: object, operation: 'Update' })
  return object
}

function updated(step: RecordedStep, live: KubeObject | undefined, schema: TypeSchema): KubeObject {
  if (step.method === 'PUT' || !live || !step.body) {
    const object = cloneJson(step.body) as KubeObject
    object.metadata.namespace = 'g3'
    return object
  }
  const patched = step.type === 'merge' ? mergePatch(live, step.body) : strategicMergePatch(live, step.body, schema)
  return patched as KubeObject
}

function attempt(action: () => unknown): unknown {
  try {
    return action()
  } catch (error) {
    return error
  }
}

function messageOf(outcome: unknown): string | undefined {
  return outcome instanceof Error ? outcome.message : undefined
}

/** Since 1.22 the message names the object. */
function expectedMessage({ message = '', body }: RecordedStep): string {
  if (!body) return message
  const version = body.apiVersion?.includes('/') ? body.apiVersion : `/${body.apiVersion}`
  const object = `/${body.metadata.name}; ${version}, Kind=${body.kind}`
  return message.replace('failed to create typed patch object:', `failed to create typed patch object (${object}):`)
}

/** Without what differs from run to run, and without what 1.20 did not own yet: `{}` fields of a configuration. */
function masked(object: unknown): unknown {
  if (!isJsonObject(object)) return object
  const copy = cloneJson(object)
  const metadata = copy.metadata
  if (isJsonObject(metadata)) {
    delete metadata.generation
    const entries = metadata.managedFields
    if (Array.isArray(entries)) {
      for (const entry of entries) {
        delete entry.time
        dropEmptyDirs(entry.fieldsV1)
      }
      // All times are one second apart at most: the order of entries is a matter of luck.
      entries.sort((a, b) => (JSON.stringify([a.operation, a.manager]) < JSON.stringify([b.operation, b.manager]) ? -1 : 1))
    }
  }
  return copy
}

function dropEmptyDirs(node: unknown): void {
  if (!isJsonObject(node)) return
  delete node['f:emptyDir']
  for (const child of Object.values(node)) dropEmptyDirs(child)
}

describe('server-side apply since 1.20', () => {
  test('takes the order of shared items from the configuration and leaves the others where they are', () => {
    const live = deployment({ env: [{ name: 'X' }, { name: 'OTHER' }, { name: 'Y' }] })

    const object = applyDeployment({ live, config: deployment({ env: [{ name: 'Y' }, { name: 'X' }] }), force: true })

    expect(envOf(object)).toEqual(['OTHER', 'Y', 'X'])
  })

  test('owns a nodeSelector as a whole', () => {
    const config = deployment({})
    config.spec.template.spec.nodeSelector = { a: 'b' }

    const object = applyDeployment({ live: undefined, config })

    expect(object.metadata.managedFields?.[0]?.fieldsV1).toMatchObject({
      'f:spec': { 'f:template': { 'f:spec': { 'f:nodeSelector': {} } } },
    })
  })

  test('owns as a whole what became atomic since it was written', () => {
    const config = deployment({})
    config.spec.template.spec.nodeSelector = { a: 'b' }
    const live = applyDeployment({ live: undefined, config, manager: 'one' })
    const granular = JSON.stringify(live).replace('"f:nodeSelector":{}', '"f:nodeSelector":{"f:a":{}}')

    expect(() => {
      config.spec.template.spec.nodeSelector = { a: 'b', c: 'd' }
      applyDeployment({ live: JSON.parse(granular), config, manager: 'two' })
    }).toThrow(/conflict with "one".*nodeSelector/)
  })

  test('says in which subresource fields were applied', () => {
    const live = { ...deployment({}), status: {} }
    const config = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' }, status: { replicas: 3 } }

    const object = applyDeployment({ live, config, subresource: 'status' })

    expect(object.metadata.managedFields).toContainEqual(
      expect.objectContaining({ subresource: 'status', fieldsV1: { 'f:status': { 'f:replicas': {} } } }),
    )
  })

  test('fills in the default protocol of a service port to tell ports apart', () => {
    const schema = schemaFor('v1', 'Service')
    const config = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'a' },
      spec: { ports: [{ port: 80 }] },
    } as unknown as KubeObject

    const object = serverSideApply({
      live: undefined,
      config,
      manager: 'm',
      force: false,
      schema,
      apiVersion: 'v1',
      now: new Date(0),
      subresource: '',
    })

    expect(object.metadata.managedFields?.[0]?.fieldsV1).toEqual({
      'f:spec': { 'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': {} } } },
    })
  })

  test('changes nothing, times included, when the same is applied again', () => {
    const config = deployment({ env: [{ name: 'X' }] })
    const first = applyDeployment({ live: undefined, config, now: new Date(0) })

    const second = applyDeployment({ live: first, config, now: new Date(60_000) })

    expect(second).toEqual(first)
  })

  test('removes the only labels again, and nothing else of the metadata', () => {
    const config = (metadata: object) => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a', ...metadata } })
    const first = applyDeployment({ live: undefined, config: config({ labels: { a: 'b' } }) })
    const live = { ...first, metadata: { ...first.metadata, uid: 'u', resourceVersion: '1' } }

    const object = applyDeployment({ live, config: config({}) })

    expect(object.metadata).toEqual({ name: 'a', uid: 'u', resourceVersion: '1' })
  })

  test('lets kubectl take over what client-side apply wrote, and keeps its annotation true', () => {
    const annotation = 'kubectl.kubernetes.io/last-applied-configuration'
    const lastApplied = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' }, spec: { replicas: 1 } }
    const live = { ...deployment({}), metadata: { name: 'a', annotations: { [annotation]: JSON.stringify(lastApplied) } } }
    live.spec.replicas = 1
    const written = cloneJson(live) as unknown as KubeObject
    trackUpdate({
      ...{ old: undefined, new: written, manager: 'kubectl-client-side-apply', operation: 'Update', apiVersion: 'apps/v1' },
      ...{ schema: schemaFor('apps/v1', 'Deployment'), subresource: '', now: new Date(0) },
    })
    const config = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' }, spec: { replicas: 2 } }

    const object = applyDeployment({ live: written, config, manager: 'kubectl' })

    expect(object.spec).toMatchObject({ replicas: 2 })
    expect(JSON.parse(object.metadata.annotations?.[annotation] ?? '')).toMatchObject({ spec: { replicas: 2 } })
    expect(() => applyDeployment({ live: written, config, manager: 'other' })).toThrow(
      /conflict with "kubectl-client-side-apply"/,
    )
  })
})

type Loose = Record<string, unknown>

function deployment({ env }: { env?: Loose[] }) {
  const container = { name: 'a', image: 'a:1', ...(env ? { env } : {}) }
  const spec: Loose & { template: { spec: Loose } } = { template: { spec: { containers: [container] } } }
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' }, spec }
}

interface DeploymentApplication {
  live: object | undefined
  config: object
  force?: boolean
  manager?: string
  subresource?: string
  now?: Date
}

function applyDeployment({
  live,
  config,
  force = false,
  manager = 'm',
  subresource = '',
  now = new Date(0),
}: DeploymentApplication): KubeObject {
  return serverSideApply({
    ...{ live: live as KubeObject | undefined, config: cloneJson(config) as KubeObject, manager, force, now, subresource },
    ...{ schema: schemaFor('apps/v1', 'Deployment'), apiVersion: 'apps/v1' },
  })
}

function schemaFor(apiVersion: string, kind: string): TypeSchema {
  const schema = schemaOfObject(apiVersion, kind)
  if (!schema) throw new Error(`no schema for ${kind}`)
  return schema
}

function envOf(object: KubeObject): unknown {
  const { template } = object.spec as { template: { spec: { containers: { env: { name: string }[] }[] } } }
  return template.spec.containers[0]?.env.map(({ name }) => name)
}

describe('server-side apply, whatever is applied', () => {
  const data = fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor'), fc.string(), { maxKeys: 4 })
  const applyData = (live: KubeObject | undefined, values: object, manager: string) =>
    serverSideApply({
      ...{
        live,
        config: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: values } as unknown as KubeObject,
      },
      ...{ manager, force: true, schema: schemaFor('v1', 'ConfigMap'), apiVersion: 'v1', now: new Date(0), subresource: '' },
    })

  test('the object has what was applied last, and of what was applied before only what another still owns', () => {
    fc.assert(
      fc.property(data, data, data, (first, other, second) => {
        const object = applyData(applyData(applyData(undefined, first, 'one'), other, 'two'), second, 'one')
        expect(object.data ?? {}).toEqual({ ...other, ...second })
      }),
    )
  })

  test('applying twice is applying once', () => {
    fc.assert(
      fc.property(data, data, (first, second) => {
        const once = applyData(applyData(undefined, first, 'one'), second, 'two')
        expect(applyData(once, second, 'two')).toEqual(once)
      }),
    )
  })
})
