import { readFileSync } from 'node:fs'
import { ApiError, type KubeObject, schemaOfObject } from '@skiff/api'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BUILT_IN_RESOURCES } from '../resources/index.ts'
import { jsonPatch, mergePatch, strategicMergePatch } from './index.ts'
import { cloneJson, jsonEquals } from './json-value.ts'

interface RecordedPatch {
  readonly n: number
  readonly step: string
  readonly type: 'strategic' | 'merge' | 'json'
  readonly kind: string
  readonly before: KubeObject
  readonly patch: object
  readonly status: number
  readonly message?: string
  readonly answer?: KubeObject
}

const RECORDED: readonly RecordedPatch[] = JSON.parse(readFileSync(new URL('./fixtures/patches.json', import.meta.url), 'utf8'))

/** What 1.36 keeps otherwise than the recorded 1.20. */
const SINCE_1_20: Readonly<Record<number, string>> = {
  76: 'an unknown field is dropped by the decoder, after the patch',
  113: 'null becomes an empty text in the decoder, after the patch',
}

describe('patches as recorded', () => {
  for (const recorded of RECORDED) {
    if (recorded.n in SINCE_1_20) continue
    test(`${recorded.n}: ${recorded.step}`, () => {
      const before = cloneJson(recorded.before)
      const outcome = outcomeOf(() => patched(recorded))
      expect(recorded.before).toEqual(before)
      if (recorded.status === 200) expect(withoutRevision(outcome)).toEqual(withoutRevision(recorded.answer))
      else expect(outcome).toMatchObject({ code: recorded.status, message: recorded.message })
    })
  }
})

function patched({ type, kind, before, patch }: RecordedPatch): unknown {
  const definition = BUILT_IN_RESOURCES.find(({ info }) => info.kind === kind)
  const schema = schemaOfObject(before.apiVersion, kind)
  if (!definition || !schema) throw new Error(`unknown kind ${kind}`)
  const object = apply(type, before, patch, schema) as KubeObject
  definition.strategy.default?.(object)
  return object
}

function apply(
  type: RecordedPatch['type'],
  before: object,
  patch: object,
  schema: NonNullable<ReturnType<typeof schemaOfObject>>,
): unknown {
  switch (type) {
    case 'json':
      return jsonPatch(before, patch)
    case 'merge':
      return mergePatch(before, patch)
    case 'strategic':
      return strategicMergePatch(before, patch, schema)
  }
}

function outcomeOf(action: () => unknown): unknown {
  try {
    return action()
  } catch (error) {
    return error
  }
}

/** The revision annotation and the status are the controller's, the policy is newer than the recording. */
function withoutRevision(object: unknown): unknown {
  const copy = cloneJson(object) as {
    metadata: { annotations?: Record<string, string> }
    spec?: Record<string, unknown>
    status?: unknown
  }
  delete copy.status
  delete copy.metadata.annotations?.['deployment.kubernetes.io/revision']
  if (Object.keys(copy.metadata.annotations ?? {}).length === 0) delete copy.metadata.annotations
  delete copy.spec?.internalTrafficPolicy
  return copy
}

describe('jsonPatch', () => {
  test('fails as a whole and changes nothing when one operation fails', () => {
    const original = { a: 1 }
    const patch = [
      { op: 'replace', path: '/a', value: 2 },
      { op: 'test', path: '/a', value: 3 },
    ]

    expect(() => jsonPatch(original, patch)).toThrow('the server rejected our request due to an error in our request')
    expect(original).toEqual({ a: 1 })
  })

  test('takes at most 10,000 operations', () => {
    const patch = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/a', value: 1 }))

    const error = outcomeOf(() => jsonPatch({ a: 1 }, patch))

    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({
      code: 413,
      message: 'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    })
  })

  test('does not let copies double an object without end', () => {
    const doubling = Array.from({ length: 40 }, (_, index) => ({ op: 'copy', from: '', path: `/copy${index}` }))

    expect(() => jsonPatch({ text: 'x'.repeat(1000) }, doubling)).toThrow(ApiError)
  })

  test.each(['/metadata/hasOwnProperty/call', '/list/push/call', '/__proto__/polluted', '/constructor/prototype/polluted'])(
    'does not reach into what every object inherits: %s',
    (path) => {
      const call = Object.prototype.hasOwnProperty.call

      expect(() => jsonPatch({ metadata: {}, list: [] }, [{ op: 'add', path, value: 'x' }])).toThrow(ApiError)
      expect(Object.prototype.hasOwnProperty.call).toBe(call)
      expect({}).not.toHaveProperty('polluted')
    },
  )

  test('adds by replace, and copies as null, what is not there, as upstream’s library does', () => {
    const patch = [
      { op: 'replace', path: '/a/new', value: 1 },
      { op: 'copy', from: '/a/missing', path: '/a/copied' },
    ]

    expect(jsonPatch({ a: {} }, patch)).toEqual({ a: { new: 1, copied: null } })
    expect(() => jsonPatch({}, [{ op: 'replace', path: '/a/new', value: 1 }])).toThrow(ApiError)
  })

  test('takes names such as constructor for what they are: keys', () => {
    expect(jsonPatch({ labels: {} }, [{ op: 'add', path: '/labels/constructor', value: 'x' }])).toEqual({
      labels: { constructor: 'x' },
    })
  })

  test('refuses what is not a list of operations', () => {
    expect(outcomeOf(() => jsonPatch({}, { op: 'add' }))).toMatchObject({
      code: 400,
      message: 'json: cannot unmarshal object into Go value of type jsonpatch.Patch',
    })
  })
})

describe('mergePatch', () => {
  const json = fc.jsonValue({ maxDepth: 4 })

  test('patched with itself, an object stays what it is but for its nulls', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json), (object) => jsonEquals(mergePatch({}, object), mergePatch(object, object))),
    )
  })

  test('applied twice does what it does once', () => {
    fc.assert(
      fc.property(json, json, (original, patch) => {
        const once = mergePatch(original, patch)
        return jsonEquals(mergePatch(once, patch), once)
      }),
    )
  })

  test('an empty patch changes nothing', () => {
    fc.assert(fc.property(fc.dictionary(fc.string(), json), (object) => jsonEquals(mergePatch(object, {}), object)))
  })

  test('never pollutes prototypes', () => {
    const patch: unknown = JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}')

    const result = mergePatch({}, patch)

    expect({}).not.toHaveProperty('polluted')
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype)
  })
})

describe('strategicMergePatch', () => {
  const schema = schemaOfObject('v1', 'Pod')
  const merge = (original: object, patch: object) => {
    if (!schema) throw new Error('no schema')
    return strategicMergePatch(original, patch, schema) as { spec: { containers: { name: string; image?: string }[] } }
  }
  const containers = fc.uniqueArray(fc.record({ name: fc.stringMatching(/^[a-d]$/), image: fc.string() }), {
    selector: ({ name }) => name,
  })
  const pod = (list: object[]) => ({ spec: { containers: list } })

  test('keeps every container that it does not name, once, and gives those that it names their image', () => {
    fc.assert(
      fc.property(containers, containers, (live, changes) => {
        const result = merge(pod(live), pod(changes)).spec.containers
        const expected = new Map([...live, ...changes].map(({ name, image }) => [name, image]))
        expect(new Map(result.map(({ name, image }) => [name, image]))).toEqual(expected)
        expect(result).toHaveLength(expected.size)
      }),
    )
  })

  test('keeps the order of the patch among what it names, and the old order among the rest', () => {
    fc.assert(
      fc.property(containers, containers, (live, changes) => {
        const names = merge(pod(live), pod(changes)).spec.containers.map(({ name }) => name)
        const named = changes.map(({ name }) => name)
        const others = live.map(({ name }) => name).filter((name) => !named.includes(name))
        expect(names.filter((name) => named.includes(name))).toEqual(named)
        expect(names.filter((name) => !named.includes(name))).toEqual(others)
      }),
    )
  })

  test('applied twice does what it does once', () => {
    fc.assert(
      fc.property(containers, containers, (live, changes) => {
        const once = merge(pod(live), pod(changes))
        expect(merge(once, pod(changes))).toEqual(once)
      }),
    )
  })

  test('refuses an order that its own list contradicts', () => {
    const patch = { spec: { '$setElementOrder/containers': [{ name: 'a' }], containers: [{ name: 'b', image: 'x' }] } }

    expect(() => merge(pod([{ name: 'a' }]), patch)).toThrow(/doesn't match \$setElementOrder list/)
  })

  test('leaves no directive in the object when there is nothing to merge with', () => {
    const patch = { spec: { volumes: [{ $retainKeys: ['name', 'emptyDir'], name: 'v', emptyDir: {}, secret: null }] } }

    expect(merge({ spec: {} }, patch)).toEqual({ spec: { volumes: [{ name: 'v', emptyDir: {} }] } })
  })

  test('never pollutes prototypes', () => {
    const patch: object = JSON.parse('{"metadata": {"labels": {"__proto__": {"polluted": true}}}}')

    merge({ metadata: { labels: {} } }, patch)

    expect({}).not.toHaveProperty('polluted')
  })
})
