import { describe, expect, it } from 'vitest'
import { builtInKindSchemas, jsonSchemaOf, metaSchema, openApiComponents, schemaOf, type TypeSchema } from '../index.ts'

function typeNamed(group: string, name: string): TypeSchema {
  const schema = schemaOf(group, 'v1', name)
  if (schema === undefined) throw new Error(`no type ${name}`)
  return schema
}

describe('OpenAPI components', () => {
  it('describe a kind, its fields and its group, version and kind', () => {
    expect(jsonSchemaOf(typeNamed('apps', 'Deployment'))).toEqual({
      type: 'object',
      properties: {
        apiVersion: { type: 'string', description: expect.any(String) },
        kind: { type: 'string', description: expect.any(String) },
        metadata: { $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' },
        spec: { $ref: '#/components/schemas/io.k8s.api.apps.v1.DeploymentSpec' },
        status: { $ref: '#/components/schemas/io.k8s.api.apps.v1.DeploymentStatus' },
      },
      'x-kubernetes-group-version-kind': [{ group: 'apps', version: 'v1', kind: 'Deployment' }],
    })
  })

  it('tell how fields are merged, beside a reference by allOf', () => {
    const container = jsonSchemaOf(typeNamed('', 'Container'))
    expect(container).toMatchObject({
      required: ['name'],
      properties: {
        ports: {
          type: 'array',
          items: { $ref: '#/components/schemas/io.k8s.api.core.v1.ContainerPort' },
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
          'x-kubernetes-patch-strategy': 'merge',
          'x-kubernetes-patch-merge-key': 'containerPort',
        },
      },
    })
    expect(jsonSchemaOf(typeNamed('apps', 'DeploymentSpec'))).toMatchObject({
      properties: {
        strategy: {
          allOf: [{ $ref: '#/components/schemas/io.k8s.api.apps.v1.DeploymentStrategy' }],
          'x-kubernetes-patch-strategy': 'retainKeys',
        },
      },
    })
    expect(jsonSchemaOf(metaSchema('LabelSelector'))).toHaveProperty('x-kubernetes-map-type', 'atomic')
    expect(jsonSchemaOf(typeNamed('', 'ContainerPort'))).toHaveProperty('properties.protocol', { type: 'string', default: 'TCP' })
  })

  it('carry descriptions where there are some', () => {
    const said = { 'io.k8s.api.apps.v1.Deployment': { '': 'Runs pods.', spec: 'What is wanted.' } }
    expect(jsonSchemaOf(typeNamed('apps', 'Deployment'), said)).toMatchObject({
      description: 'Runs pods.',
      properties: {
        spec: { description: 'What is wanted.', allOf: [{ $ref: '#/components/schemas/io.k8s.api.apps.v1.DeploymentSpec' }] },
        status: { $ref: '#/components/schemas/io.k8s.api.apps.v1.DeploymentStatus' },
      },
    })
  })

  it('name the scalars of Kubernetes', () => {
    const components = openApiComponents([typeNamed('', 'Service'), typeNamed('', 'ResourceQuota')])
    expect(components['io.k8s.apimachinery.pkg.api.resource.Quantity']).toEqual({
      oneOf: [{ type: 'string' }, { type: 'number' }],
    })
    expect(components['io.k8s.apimachinery.pkg.util.intstr.IntOrString']).toMatchObject({ format: 'int-or-string' })
    expect(components['io.k8s.apimachinery.pkg.apis.meta.v1.Time']).toEqual({ type: 'string', format: 'date-time' })
  })

  it('hold no empty lists or maps, which Go clients lose', () => {
    const empty = Object.entries(openApiComponents(builtInKindSchemas())).filter(([, component]) => {
      return /"(properties|required|allOf)":(\{\}|\[\])/.test(JSON.stringify(component))
    })
    expect(empty).toEqual([])
  })

  it('refer only to components that are there', () => {
    const components = openApiComponents(builtInKindSchemas())
    const refs = [...JSON.stringify(components).matchAll(/#\/components\/schemas\/([^"]+)/g)].map(([, name]) => name ?? '')
    expect(refs.length).toBeGreaterThan(500)
    expect(refs.filter((name) => !Object.hasOwn(components, name))).toEqual([])
  })
})
