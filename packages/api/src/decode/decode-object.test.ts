import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DecodeOptions, decodeObject, parseJson, schemaOfObject } from '../index.ts'

function decode(apiVersion: string, kind: string, value: unknown, options?: DecodeOptions) {
  const schema = schemaOfObject(apiVersion, kind)
  if (schema === undefined) throw new Error(`no schema of ${kind}`)
  return decodeObject(schema, value, options)
}

const decodePod = (spec: unknown, options?: DecodeOptions) => decode('v1', 'Pod', { metadata: { name: 'p' }, spec }, options)
const resources = (quantity: unknown) => ({ containers: [{ name: 'c', resources: { requests: { cpu: quantity } } }] })

describe('decodeObject', () => {
  it('leaves a good object as it is', () => {
    const object = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', labels: { constructor: 'x' }, creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: {
        containers: [{ name: 'c', image: 'x', ports: [{ containerPort: 80 }], livenessProbe: { httpGet: { port: 'http' } } }],
        volumes: [{ name: 'v', emptyDir: { sizeLimit: '1Gi' } }],
        terminationGracePeriodSeconds: 0,
      },
    }
    const decoded = decode('v1', 'Pod', structuredClone(object), { mode: 'Strict' })
    expect(decoded).toEqual({ object, warnings: [] })
  })

  it('drops unknown fields and tells their paths', () => {
    const { object, warnings } = decodePod({
      foo: 1,
      containers: [{ name: 'a' }, { name: 'b', x: 1, env: [{ name: 'A', y: {} }] }],
    })
    expect(object).toEqual({
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'a' }, { name: 'b', env: [{ name: 'A' }] }] },
    })
    expect(warnings).toEqual([
      'unknown field "spec.foo"',
      'unknown field "spec.containers[1].x"',
      'unknown field "spec.containers[1].env[0].y"',
    ])
  })

  it('refuses unknown and duplicate fields when strict', () => {
    expect(() => decodePod({ foo: 1 }, { mode: 'Strict', duplicates: ['duplicate field "spec.hostname"'] })).toThrow(
      'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.foo", duplicate field "spec.hostname"',
    )
  })

  it('drops them silently when told to ignore', () => {
    expect(decodePod({ foo: 1 }, { mode: 'Ignore', duplicates: ['x'] })).toEqual({
      object: { metadata: { name: 'p' }, spec: {} },
      warnings: [],
    })
  })

  it.each([
    [
      'apps/v1',
      'Deployment',
      { spec: { replicas: 'two' } },
      'string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      'apps/v1',
      'Deployment',
      { spec: { replicas: 1.5 } },
      'number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      'apps/v1',
      'Deployment',
      { spec: { replicas: 3e9 } },
      'number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    ['v1', 'ConfigMap', { data: { a: 1 } }, 'number into Go struct field ConfigMap.data of type string'],
    ['v1', 'ConfigMap', { data: ['x'] }, 'array into Go struct field ConfigMap.data of type map[string]string'],
    ['v1', 'Secret', { data: { a: {} } }, 'object into Go struct field Secret.data of type []uint8'],
    ['v1', 'Pod', { metadata: { labels: { a: true } } }, 'bool into Go struct field ObjectMeta.metadata.labels of type string'],
    ['v1', 'Pod', { spec: { containers: {} } }, 'object into Go struct field PodSpec.spec.containers of type []v1.Container'],
    ['v1', 'Pod', { spec: { containers: ['x'] } }, 'string into Go struct field PodSpec.spec.containers of type v1.Container'],
    [
      'v1',
      'Pod',
      { spec: { containers: [{ tty: 'x' }] } },
      'string into Go struct field Container.spec.containers.tty of type bool',
    ],
    [
      'v1',
      'Service',
      { spec: { ports: [{ targetPort: true }] } },
      'bool into Go struct field ServicePort.spec.ports.targetPort of type int32',
    ],
    ['v1', 'ConfigMap', 'x', 'string into Go value of type v1.ConfigMap'],
  ])('refuses wrong types in upstream words: %s %s (%#)', (apiVersion, kind, value, words) => {
    const version = apiVersion.split('/').at(-1)
    expect(() => decode(apiVersion, kind, value)).toThrow(
      `${kind} in version "${version}" cannot be handled as a ${kind}: json: cannot unmarshal ${words}`,
    )
  })

  it.each([
    [decodePod, resources('x'), "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
    [decodePod, resources(true), "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
    [decodePod, resources('1mi'), "unable to parse quantity's suffix"],
  ])('refuses bad quantities (%#)', (decodeSpec, spec, words) => {
    expect(() => decodeSpec(spec)).toThrow(`Pod in version "v1" cannot be handled as a Pod: ${words}`)
  })

  it('refuses bad base64 and bad times', () => {
    expect(() => decode('v1', 'ConfigMap', { binaryData: { a: '!!' } })).toThrow(': illegal base64 data at input byte 0')
    for (const time of ['x', '2026-02-31T00:00:00Z', '2026-01-01']) {
      expect(() => decode('v1', 'Pod', { metadata: { creationTimestamp: time } })).toThrow(`parsing time "${time}"`)
    }
  })

  it.each([
    ['0.1', '100m'],
    ['1000m', '1'],
    [2, '2'],
    ['100m', '100m'],
  ])('writes the quantity %j canonically, as upstream stores it', (sent, kept) => {
    expect(decodePod(resources(sent)).object).toMatchObject({ spec: resources(kept) })
  })

  it('brings times into UTC and whole seconds or microseconds', () => {
    expect(decode('v1', 'Pod', { metadata: { creationTimestamp: '2026-01-01T01:00:00.5+01:00' } }).object).toEqual({
      metadata: { creationTimestamp: '2026-01-01T00:00:00Z' },
    })
    expect(decode('coordination.k8s.io/v1', 'Lease', { spec: { renewTime: '2026-01-01T00:00:00.1234567Z' } }).object).toEqual({
      spec: { renewTime: '2026-01-01T00:00:00.123456Z' },
    })
  })

  it('takes null for absent, and for empty where Go has no absence', () => {
    const { object } = decode('v1', 'Pod', {
      metadata: { labels: { a: null }, annotations: null },
      spec: { containers: [null], hostname: null },
    })
    expect(object).toEqual({ metadata: { labels: { a: '' } }, spec: { containers: [{}] } })
  })

  it('lets no key reach into prototypes', () => {
    const labels = JSON.parse('{"__proto__":"x"}') as unknown
    expect(() => decode('v1', 'Pod', { metadata: { labels } })).toThrow('the key "__proto__" is not supported')
    const unknown = decode('v1', 'Pod', JSON.parse('{"__proto__":{"polluted":true},"constructor":{}}'))
    expect(unknown.warnings).toEqual(['unknown field "__proto__"', 'unknown field "constructor"'])
    expect(Object.keys(unknown.object)).toEqual([])
  })

  it('reads the schemas of CustomResourceDefinitions, which are bool, list or schema by turns', () => {
    const openAPIV3Schema = {
      type: 'object',
      properties: {
        spec: { type: 'object', additionalProperties: false, items: [{ type: 'string' }], default: { any: ['thing'] } },
      },
      additionalProperties: { type: 'string' },
      dependencies: { a: ['b'], c: { type: 'string' } },
    }
    const value = { spec: { versions: [{ name: 'v1', schema: { openAPIV3Schema } }] } }
    expect(
      decode('apiextensions.k8s.io/v1', 'CustomResourceDefinition', structuredClone(value), { mode: 'Strict' }).object,
    ).toEqual(value)
    expect(() =>
      decode('apiextensions.k8s.io/v1', 'CustomResourceDefinition', {
        spec: { versions: [{ schema: { openAPIV3Schema: { properties: { a: { additionalProperties: 'x' } } } } }] },
      }),
    ).toThrow('cannot unmarshal string')
  })

  it('bounds the depth of what came otherwise than through parseJson', () => {
    let schema: Record<string, unknown> = { type: 'string' }
    for (let depth = 0; depth < 100_000; depth += 1) schema = { not: schema }
    const value = { spec: { versions: [{ schema: { openAPIV3Schema: schema } }] } }
    expect(() => decode('apiextensions.k8s.io/v1', 'CustomResourceDefinition', value)).toThrow('exceeded max depth')
  })

  it('tells duplicates found by parseJson beside unknown fields', () => {
    const { value, duplicates } = parseJson('{"data":{"a":"1","a":"2"},"x":1}', { findDuplicates: true })
    expect(decode('v1', 'ConfigMap', value, { duplicates })).toEqual({
      object: { data: { a: '2' } },
      warnings: ['duplicate field "data.a"', 'unknown field "x"'],
    })
  })

  it('answers any JSON with an object that decodes to itself, or BadRequest', () => {
    const fields = fc.constantFrom(
      'metadata',
      'spec',
      'labels',
      'containers',
      'name',
      'resources',
      'requests',
      'cpu',
      'ports',
      'x',
      'volumes',
    )
    const { json } = fc.letrec<{ json: unknown }>((tie) => ({
      json: fc.oneof(
        { maxDepth: 7 },
        fc.constantFrom<unknown>('a', '1.5Gi', 7, -1.5, true, null),
        fc.dictionary(fields, tie('json')),
        fc.array(tie('json'), { maxLength: 3 }),
      ),
    }))
    fc.assert(
      fc.property(json, (value) => {
        try {
          const { object } = decode('v1', 'Pod', structuredClone(value))
          expect(decode('v1', 'Pod', structuredClone(object), { mode: 'Strict' }).object).toEqual(object)
        } catch (error) {
          expect(error).toMatchObject({ reason: 'BadRequest' })
        }
      }),
      { numRuns: 500 },
    )
  })
})
