import {
  CONFIG_MAPS,
  CSI_NODES,
  ENDPOINT_SLICES,
  type KindInfo,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  type Pod,
  ROLE_BINDINGS,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
} from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AccessCluster, startAccessCluster } from '../testing/access-cluster.ts'
import { podReferences } from './pod-references.ts'

const namespace = 'default'
let cluster: AccessCluster
let node: ApiClient

beforeAll(async () => {
  cluster = await startAccessCluster({ namespaces: ['kube-node-lease'] })
  node = await nodeClient('n1')
  const { root } = cluster
  for (const name of ['mine', 'theirs', 'nobodys']) {
    await root.create(SECRETS, { metadata: { name, namespace } })
    await root.create(CONFIG_MAPS, { metadata: { name, namespace } })
    await root.create(SERVICE_ACCOUNTS, { metadata: { name, namespace } })
    const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, volumeName: name }
    await root.create(PERSISTENT_VOLUME_CLAIMS, { metadata: { name, namespace }, spec: claim } as object)
    const volume = {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: '/data' },
      claimRef: { namespace, name },
    }
    await root.create(PERSISTENT_VOLUMES, { metadata: { name }, spec: volume } as object)
  }
  await root.create(PODS, podThatUses('mine', 'n1'))
  await root.create(PODS, podThatUses('theirs', 'n2'))
})
afterAll(() => cluster[Symbol.asyncDispose]())

function nodeClient(name: string): Promise<ApiClient> {
  const subject = { commonName: `system:node:${name}`, organizations: ['system:nodes'], usage: 'client' } as const
  return cluster.authority.issue(subject).then((certificate) => cluster.as({ certificate }))
}

function podThatUses(name: string, nodeName: string, metadata: object = {}): object {
  const volumes = [
    { name: 'secret', secret: { secretName: name } },
    { name: 'config', configMap: { name } },
    { name: 'claim', persistentVolumeClaim: { claimName: name } },
  ]
  const spec = { nodeName, serviceAccountName: name, volumes, containers: [{ name: 'c', image: 'x' }] }
  return { metadata: { name: `uses-${name}`, namespace, ...metadata }, spec }
}

const FORBIDDEN = { code: 403 }
const get = (info: KindInfo, name: string) => node.get(info, info.namespaced ? { namespace, name } : { name })

describe('a node', () => {
  test.each([SECRETS, CONFIG_MAPS, SERVICE_ACCOUNTS, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES])(
    'reads of $resource only those that its own pods name',
    async (info) => {
      await expect(get(info, 'mine')).resolves.toBeDefined()
      await expect(get(info, 'theirs')).rejects.toMatchObject(FORBIDDEN)
      await expect(get(info, 'nobodys')).rejects.toMatchObject(FORBIDDEN)
      await expect(node.list(info)).rejects.toMatchObject(FORBIDDEN)
    },
  )

  test('is told why in upstream’s words', async () => {
    await expect(get(SECRETS, 'theirs')).rejects.toThrow(
      `secrets "theirs" is forbidden: User "system:node:n1" cannot get resource "secrets" in API group "" in the namespace "default": no relationship found between node 'n1' and this object`,
    )
  })

  test('lists and watches one Secret by its name, not all of a namespace, and writes none', async () => {
    const by = (name: string) => node.list(SECRETS, { namespace, fieldSelector: `metadata.name=${name}` })

    expect((await by('mine')).items).toHaveLength(1)
    await expect(by('theirs')).rejects.toMatchObject(FORBIDDEN)
    await expect(node.list(SECRETS, { namespace })).rejects.toMatchObject(FORBIDDEN)
    await expect(node.list(SECRETS, { fieldSelector: 'metadata.name=mine' })).rejects.toMatchObject(FORBIDDEN)
    await expect(node.list(SECRETS, { namespace, fieldSelector: 'metadata.name!=mine' })).rejects.toMatchObject(FORBIDDEN)
    await expect(node.delete(SECRETS, { namespace, name: 'mine' })).rejects.toMatchObject(FORBIDDEN)
  })

  test('lists only its own pods, and gets only those', async () => {
    const { items } = await node.list<Pod>(PODS, { fieldSelector: 'spec.nodeName=n1' })

    expect(items.map(({ metadata }) => metadata.name)).toEqual(['uses-mine'])
    await expect(get(PODS, 'uses-mine')).resolves.toBeDefined()
    for (const fieldSelector of ['spec.nodeName=n2', 'spec.nodeName!=n1', 'status.phase=Pending']) {
      await expect(node.list(PODS, { fieldSelector }), fieldSelector).rejects.toMatchObject(FORBIDDEN)
    }
    await expect(node.list(PODS)).rejects.toMatchObject(FORBIDDEN)
    await expect(get(PODS, 'uses-theirs')).rejects.toMatchObject(FORBIDDEN)
  })

  test('gets tokens for the accounts of its own pods', async () => {
    const token = (name: string, pod: string) =>
      node.create(
        SERVICE_ACCOUNTS,
        { spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: pod } } },
        { namespace, name, subresource: 'token' },
      )

    await expect(token('mine', 'uses-mine')).resolves.toBeDefined()
    await expect(token('theirs', 'uses-theirs')).rejects.toMatchObject(FORBIDDEN)
    await expect(token('nobodys', 'uses-mine')).rejects.toMatchObject(FORBIDDEN)
  })

  test('has to do with the volumes whose data lies on it: it lists these, and says whether their directory is there', async () => {
    for (const place of ['n1', 'n2']) {
      const metadata = {
        name: `on-${place}`,
        labels: { 'skiff.dev/volume-node': place },
        finalizers: ['skiff.dev/local-data', 'x/y'],
      }
      const spec = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/data' } }
      await cluster.root.create(PERSISTENT_VOLUMES, { metadata, spec } as object)
    }
    const listed = (place: string) => node.list(PERSISTENT_VOLUMES, { labelSelector: `skiff.dev/volume-node=${place}` })
    const patch = (name: string, body: object) => node.patch(PERSISTENT_VOLUMES, { name }, { type: 'merge', body })

    expect((await listed('n1')).items).toHaveLength(1)
    await expect(listed('n2')).rejects.toMatchObject(FORBIDDEN)
    await patch('on-n1', { metadata: { annotations: { 'skiff.dev/directory-made': 'yes' } } })
    await expect(patch('on-n2', { metadata: { finalizers: ['x/y'] } })).rejects.toMatchObject(FORBIDDEN)
    await expect(patch('on-n1', { metadata: { finalizers: [] } })).rejects.toMatchObject(FORBIDDEN)
    await expect(patch('on-n1', { spec: { capacity: { storage: '9Gi' } } })).rejects.toMatchObject(FORBIDDEN)
    await patch('on-n1', { metadata: { finalizers: ['x/y', 'kubernetes.io/pv-protection'] } })
  })

  test('has its own CSINode', async () => {
    await node.create(CSI_NODES, { metadata: { name: 'n1' }, spec: { drivers: [] } } as object)

    await expect(get(CSI_NODES, 'n1')).resolves.toBeDefined()
    await expect(get(CSI_NODES, 'n2')).rejects.toMatchObject(FORBIDDEN)
    await expect(node.list(CSI_NODES)).rejects.toMatchObject(FORBIDDEN)
  })

  test('reads what its proxy routes', async () => {
    for (const info of [SERVICES, ENDPOINT_SLICES, NODES]) await expect(node.list(info)).resolves.toBeDefined()
  })

  test('sees what a pod needs from the moment it is bound, until it is gone', async () => {
    const { root } = cluster
    const passing = { name: 'passing', namespace }
    await root.create(SECRETS, { metadata: passing })
    const sees = () => get(SECRETS, 'passing')
    await expect(sees()).rejects.toMatchObject(FORBIDDEN)
    const container = { name: 'c', image: 'x', env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'passing', key: 'a' } } }] }
    await root.create(PODS, { metadata: passing, spec: { serviceAccountName: 'mine', containers: [container] } } as object)
    await expect(sees()).rejects.toMatchObject(FORBIDDEN)

    await root.create(PODS, { metadata: passing, target: { kind: 'Node', name: 'n1' } }, { ...passing, subresource: 'binding' })
    await expect(sees()).resolves.toBeDefined()
    await root.delete(PODS, passing, { gracePeriodSeconds: 0 })
    await expect(sees()).rejects.toMatchObject(FORBIDDEN)
    await expect(get(SECRETS, 'mine')).resolves.toBeDefined()
  })

  test('gains nothing by a mirror pod, which it makes itself', async () => {
    const mirror = podThatUses('nobodys', 'n1', { name: 'mirror', annotations: { 'kubernetes.io/config.mirror': 'x' } })
    await cluster.root.create(PODS, mirror)

    await expect(get(SECRETS, 'nobodys')).rejects.toMatchObject(FORBIDDEN)
  })

  test('may be given more by RBAC', async () => {
    await cluster.root.create(ROLE_BINDINGS, {
      metadata: { name: 'viewers', namespace: 'kube-system' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'system:node:n1' }],
    } as object)

    await expect(node.list(CONFIG_MAPS, { namespace: 'kube-system' })).resolves.toBeDefined()
    await expect(node.list(CONFIG_MAPS, { namespace })).rejects.toMatchObject(FORBIDDEN)
  })
})

test('a pod’s references are found in every place that names one', () => {
  const env = [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'c1', key: 'k' } } }]
  const envFrom = [{ secretRef: { name: 's1' } }, { configMapRef: { name: 'c2' } }]
  const pod = {
    metadata: { name: 'p', namespace },
    spec: {
      serviceAccountName: 'a1',
      imagePullSecrets: [{ name: 's2' }],
      containers: [{ name: 'c', image: 'x', env }],
      initContainers: [{ name: 'i', image: 'x', envFrom }],
      ephemeralContainers: [
        { name: 'e', image: 'x', env: [{ name: 'B', valueFrom: { secretKeyRef: { name: 's3', key: 'k' } } }] },
      ],
      volumes: [
        { name: 'v1', projected: { sources: [{ secret: { name: 's4' } }, { configMap: { name: 'c3' } }] } },
        { name: 'v2', ephemeral: { volumeClaimTemplate: {} } },
        { name: 'v3', csi: { driver: 'd', nodePublishSecretRef: { name: 's5' } } },
        { name: 'v4', azureFile: { secretName: 's6', shareName: 's' } },
      ],
    },
  } as unknown as Pod

  const names = (kind: string) => podReferences(pod).flatMap((each) => (each.kind === kind ? [each.name] : []))

  expect(names('secrets').sort()).toEqual(['s1', 's2', 's3', 's4', 's5', 's6'])
  expect(names('configmaps').sort()).toEqual(['c1', 'c2', 'c3'])
  expect(names('persistentvolumeclaims')).toEqual(['p-v2'])
  expect(names('serviceaccounts')).toEqual(['a1'])
})
