/** Custom kinds among the controllers, and as stock kubectl sees them. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CONFIG_MAPS, type KindInfo, type KubeObject, NAMESPACES } from '@skiff/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'
import { type Kubectl, kubectlWith } from '../support/kubectl.ts'
import { waitFor } from '../support/wait-for.ts'

const DEFINITION = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: boats.harbour.example.com
spec:
  group: harbour.example.com
  scope: Namespaced
  names: {plural: boats, singular: boat, kind: Boat, shortNames: [bt], categories: [fleet]}
  versions:
    - name: v1
      served: true
      storage: true
      subresources: {status: {}, scale: {specReplicasPath: .spec.oars, statusReplicasPath: .status.oars}}
      additionalPrinterColumns:
        - {name: Sail, type: string, jsonPath: .spec.sail}
        - {name: Oars, type: integer, jsonPath: .spec.oars}
      schema:
        openAPIV3Schema:
          description: A boat for one person.
          type: object
          properties:
            spec:
              description: What the boat should be.
              type: object
              required: [sail]
              properties:
                sail: {description: The colour of its sail., type: string, enum: [red, white]}
                oars: {type: integer, minimum: 0, maximum: 8, default: 2}
              x-kubernetes-validations:
                - {rule: "self.sail != 'red' || self.oars > 0", message: a red boat needs oars}
            status:
              type: object
              x-kubernetes-preserve-unknown-fields: true
`

const BOAT = `
apiVersion: harbour.example.com/v1
kind: Boat
metadata: {name: skiff, namespace: default}
spec: {sail: white}
`

const BOATS: KindInfo = {
  group: 'harbour.example.com',
  version: 'v1',
  kind: 'Boat',
  resource: 'boats',
  singular: 'boat',
  namespaced: true,
  shortNames: [],
  categories: [],
}

let cluster: ControlPlane
let kubectl: Kubectl
const folder = mkdtempSync(join(tmpdir(), 'skiff-custom-'))

beforeAll(async () => {
  cluster = await startControlPlane()
  const kubeconfig = join(folder, 'kubeconfig')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server: cluster.url } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    users: [{ name: 'test', user: {} }],
  }
  writeFileSync(kubeconfig, JSON.stringify(config))
  kubectl = kubectlWith(kubeconfig)
  const applied = await kubectl(['apply', '-f', '-'], DEFINITION)
  expect(applied.stdout).toBe('customresourcedefinition.apiextensions.k8s.io/boats.harbour.example.com created\n')
})

afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

describe('kubectl', () => {
  test('waits for a definition, applies its objects, and gets them by short name, category and columns', async () => {
    expect((await kubectl(['wait', '--for=condition=Established', 'crd/boats.harbour.example.com'])).code).toBe(0)
    expect((await kubectl(['apply', '-f', '-'], BOAT)).stdout).toBe('boat.harbour.example.com/skiff created\n')
    expect((await kubectl(['apply', '-f', '-'], BOAT)).stdout).toBe('boat.harbour.example.com/skiff unchanged\n')
    expect((await kubectl(['get', 'bt'])).stdout).toMatch(/^NAME +SAIL +OARS\nskiff +white +2\n$/)
    expect((await kubectl(['get', 'fleet', '-o', 'name'])).stdout).toBe('boat.harbour.example.com/skiff\n')
    expect((await kubectl(['api-resources', '--api-group=harbour.example.com', '--no-headers'])).stdout).toMatch(
      /^boats +bt +harbour.example.com\/v1 +true +Boat\n$/,
    )
    expect((await kubectl(['scale', 'boat', 'skiff', '--replicas=4'])).stdout).toBe('boat.harbour.example.com/skiff scaled\n')
    const patched = await kubectl([
      'patch',
      'boat',
      'skiff',
      '--type=merge',
      '--subresource=status',
      '-p',
      '{"status":{"oars":4}}',
    ])
    expect(patched.stdout).toBe('boat.harbour.example.com/skiff patched\n')
    expect(
      (await kubectl(['get', 'boat', 'skiff', '-o', 'jsonpath={.spec.oars} {.status.oars} {.metadata.generation}'])).stdout,
    ).toBe('4 4 2')
  })

  test('is told every problem of what it applies', async () => {
    const unknown = await kubectl(
      ['apply', '-f', '-'],
      BOAT.replace('skiff', 'other').replace('sail: white', 'sail: white, mast: 1'),
    )
    expect(unknown.stderr).toContain('strict decoding error: unknown field "spec.mast"')
    const wrong = await kubectl(
      ['apply', '-f', '-'],
      BOAT.replace('skiff', 'other').replace('sail: white', 'sail: blue, oars: 9'),
    )
    expect(wrong.code).toBe(1)
    expect(wrong.stderr).toContain('* spec.sail: Unsupported value: "blue": supported values: "red", "white"')
    expect(wrong.stderr).toContain('* spec.oars: Invalid value: 9: spec.oars in body should be less than or equal to 8')
    const ruled = await kubectl(['apply', '-f', '-'], BOAT.replace('skiff', 'other').replace('sail: white', 'sail: red, oars: 0'))
    expect(ruled.stderr).toContain('a red boat needs oars')
  })

  test('explains the kind and its fields', async () => {
    const kind = await kubectl(['explain', 'boats'])
    expect(kind.stdout).toMatch(
      /GROUP: +harbour.example.com\nKIND: +Boat\nVERSION: +v1\n[\s\S]*A boat for one person\.[\s\S]*APIVersion defines[\s\S]*spec\t<Object>/,
    )
    expect((await kubectl(['explain', 'boat.spec.sail'])).stdout).toMatch(
      /FIELD: sail <string>[\s\S]*ENUM:[\s\S]*The colour of its sail\./,
    )
    expect((await kubectl(['explain', 'boat.metadata'])).stdout).toMatch(
      /Standard object's metadata[\s\S]*creationTimestamp\t<string>/,
    )
    expect((await kubectl(['explain', 'boat.spec.mast'])).stderr).toContain('field "mast" does not exist')
  })
})

describe('controllers', () => {
  const boat = async (name: string, metadata: object = {}, namespace = 'default') =>
    await cluster.client.create<KubeObject>(BOATS, {
      metadata: { name, namespace, ...metadata },
      spec: { sail: 'white' },
    } as object)
  const ownedBy = ({ metadata }: KubeObject) => ({
    ownerReferences: [
      { apiVersion: 'harbour.example.com/v1', kind: 'Boat', name: metadata.name, uid: metadata.uid, blockOwnerDeletion: true },
    ],
  })
  const config = async (name: string, metadata: object) =>
    await cluster.client.create<KubeObject>(CONFIG_MAPS, { metadata: { name, namespace: 'default', ...metadata } } as object)

  test('collect what a custom object owned, in the foreground too', async () => {
    const owner = await boat('owner')
    const dependent = await boat('dependent', ownedBy(owner))
    await config('below', ownedBy(dependent))
    await cluster.client.delete(BOATS, { name: 'owner', namespace: 'default' }, { propagationPolicy: 'Foreground' })
    await waitFor(
      'all is gone',
      async () => (await cluster.list<KubeObject>(BOATS)).filter(({ metadata }) => metadata.name !== 'skiff').length === 0,
    )
    await cluster.gone(CONFIG_MAPS, 'below')
  })

  test('empty a namespace of custom objects', async () => {
    await cluster.client.create(NAMESPACES, { metadata: { name: 'marina' } })
    await boat('moored', {}, 'marina')
    await cluster.client.delete(NAMESPACES, { name: 'marina' })
    await cluster.gone(NAMESPACES, 'marina')
    expect(await cluster.list(BOATS, 'marina')).toEqual([])
  })

  test('collect what objects owned whose definition is deleted', async () => {
    const owner = await boat('last')
    await config('left', ownedBy(owner))
    expect((await kubectl(['delete', 'crd', 'boats.harbour.example.com', '--timeout=120s'])).code).toBe(0)
    await cluster.gone(CONFIG_MAPS, 'left')
    expect((await kubectl(['get', 'boats'])).stderr).toContain('NotFound')
  })
})
