import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeProtobuf } from '../index.ts'
import kubectlFrames from './testdata/kubectl-frames.json' with { type: 'json' }
import { bytes, double, frame, int } from './testdata/protobuf-writer.ts'

const decode = (body: Buffer) => decodeProtobuf(body).object

describe('bodies that kubectl 1.36.3 sent', () => {
  it.each(kubectlFrames)('$command is what its dry run shows', ({ frame: body, object }) => {
    expect(decode(Buffer.from(body, 'base64'))).toEqual(object)
  })

  it('hold requests as well', () => {
    const token =
      'azhzAAooChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESDFRva2VuUmVxdWVzdBIgChAKABIAGgAiACoAMgA4AEIAEgYKAWEgkBwaBAoAEgAaACIA'
    expect(decode(Buffer.from(token, 'base64'))).toMatchObject({
      kind: 'TokenRequest',
      spec: { audiences: ['a'], expirationSeconds: 3600 },
    })
  })
})

describe('bodies of other clients', () => {
  it('carry DeleteOptions of any group', () => {
    const options = [int(1, 0), bytes(2, bytes(1, 'uid-1')), int(3, 0), bytes(4, 'Foreground'), bytes(5, 'All')]
    for (const apiVersion of ['v1', 'policy/v1', 'meta.k8s.io/v1']) {
      expect(decode(frame(apiVersion, 'DeleteOptions', ...options))).toEqual({
        apiVersion,
        kind: 'DeleteOptions',
        gracePeriodSeconds: 0,
        preconditions: { uid: 'uid-1' },
        orphanDependents: false,
        propagationPolicy: 'Foreground',
        dryRun: ['All'],
      })
    }
  })

  it('carry evictions, bindings and scales', () => {
    const meta = bytes(1, bytes(1, 'web'), bytes(3, 'default'))
    expect(decode(frame('policy/v1', 'Eviction', meta, bytes(2, int(1, 5))))).toMatchObject({
      metadata: { name: 'web', namespace: 'default' },
      deleteOptions: { gracePeriodSeconds: 5 },
    })
    expect(decode(frame('v1', 'Binding', meta, bytes(2, bytes(1, 'Node'), bytes(3, 'n1'))))).toMatchObject({
      target: { kind: 'Node', name: 'n1' },
    })
    expect(decode(frame('autoscaling/v1', 'Scale', meta, bytes(2, int(1, 3))))).toMatchObject({ spec: { replicas: 3 } })
  })

  it('distinguish a zero that was set from one that was not', () => {
    const spec = [int(1, 0), bytes(3), int(5, 0), int(7, 0)]
    expect(decode(frame('apps/v1', 'Deployment', bytes(2, ...spec)))).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      spec: { replicas: 0, template: {} },
    })
  })

  it('flatten embedded structs', () => {
    const volume = bytes(1, bytes(1, 'v'), bytes(2, bytes(19, bytes(1, bytes(1, 'config')), int(3, 420))))
    const probe = bytes(10, bytes(1, bytes(2, bytes(1, '/'), bytes(2, int(1, 1), int(2, 0), bytes(3, 'http')))), int(2, 5))
    const container = bytes(2, bytes(1, 'c'), probe)
    expect(decode(frame('v1', 'Pod', bytes(2, volume, container)))).toMatchObject({
      spec: {
        volumes: [{ name: 'v', configMap: { name: 'config', defaultMode: 420 } }],
        containers: [{ name: 'c', livenessProbe: { httpGet: { path: '/', port: 'http' }, initialDelaySeconds: 5 } }],
      },
    })
  })

  it('write times, quantities, raw JSON, bytes and wrapped lists in their JSON forms', () => {
    const lease = bytes(2, int(2, 40), bytes(4, int(1, 1767225600), int(2, 123_456_000)))
    expect(decode(frame('coordination.k8s.io/v1', 'Lease', lease))).toMatchObject({
      spec: { leaseDurationSeconds: 40, renewTime: '2026-01-01T00:00:00.123456Z' },
    })
    const meta = bytes(1, bytes(8), bytes(9, int(1, 1767225600)), bytes(17, bytes(1, 'm'), bytes(7, bytes(1, '{"f:a":{}}'))))
    expect(decode(frame('v1', 'ConfigMap', meta, bytes(3, bytes(1, 'k'), bytes(2, Buffer.from([0, 255])))))).toMatchObject({
      metadata: { deletionTimestamp: '2026-01-01T00:00:00Z', managedFields: [{ manager: 'm', fieldsV1: { 'f:a': {} } }] },
      binaryData: { k: 'AP8=' },
    })
    const quota = bytes(2, bytes(1, bytes(1, 'cpu'), bytes(2, bytes(1, '1000m'))))
    expect(decode(frame('v1', 'ResourceQuota', quota))).toMatchObject({ spec: { hard: { cpu: '1' } } })
    const review = bytes(2, bytes(3, 'u'), bytes(5, bytes(1, 'scopes'), bytes(2, bytes(1, 'a'), bytes(1, 'b'))))
    expect(decode(frame('authorization.k8s.io/v1', 'SubjectAccessReview', review))).toMatchObject({
      spec: { extra: { scopes: ['a', 'b'] } },
    })
  })

  it('keep negative and large numbers', () => {
    expect(decode(frame('v1', 'DeleteOptions', int(1, -1)))).toMatchObject({ gracePeriodSeconds: -1 })
    expect(decode(frame('v1', 'Pod', bytes(2, int(25, -2000000000), int(5, 2 ** 40))))).toMatchObject({
      spec: { priority: -2000000000, activeDeadlineSeconds: 2 ** 40 },
    })
  })

  it('read the unions of CustomResourceDefinitions', () => {
    const props = [
      bytes(5, 'object'),
      double(9, 1.5),
      bytes(24, bytes(2, bytes(5, 'string'))),
      bytes(30, int(1, 0), bytes(2, bytes(5, 'integer'))),
    ]
    const version = bytes(7, bytes(1, 'v1'), bytes(4, bytes(1, ...props)))
    expect(decode(frame('apiextensions.k8s.io/v1', 'CustomResourceDefinition', bytes(2, version)))).toMatchObject({
      spec: {
        versions: [
          {
            schema: {
              openAPIV3Schema: {
                type: 'object',
                maximum: 1.5,
                items: [{ type: 'string' }],
                additionalProperties: { type: 'integer' },
              },
            },
          },
        ],
      },
    })
  })

  it('may have fields from the future', () => {
    expect(
      decode(frame('v1', 'ConfigMap', int(1000, 7), bytes(1001, 'x'), double(1002, 1), bytes(2, bytes(1, 'a'), bytes(2, 'b')))),
    ).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      data: { a: 'b' },
    })
  })
})

describe('bad bodies', () => {
  it.each([
    ['without the magic', Buffer.from('{}'), 'expected prefix [107 56 115 0]'],
    ['of an unknown kind', frame('example.com/v1', 'Widget'), 'no kind "Widget" is registered for version "example.com/v1"'],
    ['cut short', frame('v1', 'ConfigMap', bytes(1, bytes(1, 'name'))).subarray(0, -8), 'unexpected EOF'],
    [
      'with a key that reaches into prototypes',
      frame('v1', 'ConfigMap', bytes(2, bytes(1, '__proto__'), bytes(2, 'x'))),
      '__proto__',
    ],
    ['with a string for a number', frame('apps/v1', 'Deployment', bytes(2, bytes(1, 'x'))), 'wrong wireType = 2'],
    ['with a number for a message', frame('v1', 'Pod', int(2, 1)), 'wrong wireType = 0'],
    [
      'with a bad quantity',
      frame('v1', 'ResourceQuota', bytes(2, bytes(1, bytes(1, 'cpu'), bytes(2, bytes(1, 'x'))))),
      'quantities must match',
    ],
  ])('%s are refused', (_what, body, message) => {
    expect(() => decodeProtobuf(body)).toThrow(message)
  })

  it('nested without end are refused', () => {
    let props = bytes(5, 'object')
    for (let depth = 0; depth < 2000; depth += 1) props = bytes(28, props)
    const body = frame('apiextensions.k8s.io/v1', 'CustomResourceDefinition', bytes(2, bytes(7, bytes(4, bytes(1, props)))))
    expect(() => decodeProtobuf(body)).toThrow('exceeded max depth')
  })

  it('of any bytes give an object or BadRequest', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), fc.nat(255), (noise, at, byte) => {
        const real = Buffer.from(kubectlFrames[at % kubectlFrames.length]?.frame ?? '', 'base64')
        real[at % real.length] = byte
        for (const body of [Buffer.concat([Buffer.from('k8s\0'), noise]), frame('v1', 'Pod', Buffer.from(noise)), real]) {
          try {
            expect(decodeProtobuf(body).object).toBeTypeOf('object')
          } catch (error) {
            expect(error).toMatchObject({ reason: 'BadRequest' })
          }
        }
      }),
    )
  })
})
