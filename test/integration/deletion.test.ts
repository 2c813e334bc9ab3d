/** What deletions take with them: owners, namespaces, nodes, expired tokens. */

import {
  CONFIG_MAPS,
  controllerOf,
  DEPLOYMENTS,
  type Deployment,
  findCondition,
  NAMESPACES,
  NODES,
  PODS,
  type Pod,
  REPLICA_SETS,
  type ReplicaSet,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '@skiff/api'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ControlPlane, inDefault, startControlPlane } from '../support/control-plane.ts'
import { waitFor } from '../support/wait-for.ts'

let cluster: ControlPlane

beforeEach(async () => {
  cluster = await startControlPlane()
})

afterEach(async () => {
  await cluster[Symbol.asyncDispose]()
})

describe('deletion', () => {
  const deleteDeployment = async (propagationPolicy: 'Background' | 'Foreground' | 'Orphan') =>
    await cluster.client.delete(DEPLOYMENTS, inDefault('hello'), { propagationPolicy })

  test('in the background takes ReplicaSets and pods after their owner', async () => {
    await cluster.createDeployment()
    await cluster.rolledOut()
    await deleteDeployment('Background')
    await waitFor(
      'everything is gone',
      async () => (await cluster.list(REPLICA_SETS)).length + (await cluster.list(PODS)).length === 0,
    )
  })

  test('in the foreground keeps the owner until its dependents are gone', async () => {
    await cluster.createDeployment()
    await cluster.rolledOut()
    const [pod] = await cluster.list<Pod>(PODS)
    const hold = (finalizers: readonly string[] | null) =>
      cluster.client.patch(PODS, inDefault(pod?.metadata.name ?? ''), { type: 'merge', body: { metadata: { finalizers } } })
    await hold(['example.com/hold'])
    await deleteDeployment('Foreground')
    await waitFor('the other pods are gone', async () => (await cluster.list(PODS)).length === 1)
    expect((await cluster.get<Deployment>(DEPLOYMENTS, 'hello')).metadata.finalizers).toContain('foregroundDeletion')
    await hold(null)
    await cluster.gone(DEPLOYMENTS, 'hello')
    expect(await cluster.list(PODS)).toEqual([])
    expect(await cluster.list(REPLICA_SETS)).toEqual([])
  })

  test('that orphans leaves the ReplicaSet running, and a new Deployment adopts it', async () => {
    await cluster.createDeployment()
    await cluster.rolledOut()
    const [before] = await cluster.list<ReplicaSet>(REPLICA_SETS)
    await deleteDeployment('Orphan')
    await cluster.gone(DEPLOYMENTS, 'hello')
    expect((await cluster.list<ReplicaSet>(REPLICA_SETS)).map(({ metadata }) => metadata.ownerReferences ?? [])).toEqual([[]])
    expect(await cluster.list(PODS)).toHaveLength(3)
    const again = await cluster.createDeployment()
    await cluster.rolledOut()
    const [after] = await cluster.list<ReplicaSet>(REPLICA_SETS)
    expect(after?.metadata.uid).toBe(before?.metadata.uid)
    expect(after && controllerOf(after)?.uid).toBe(again.metadata.uid)
  })

  test('of an object whose owner never existed is done, of one whose owner exists is not', async () => {
    const owner = await cluster.createDeployment({ replicas: 0 })
    const reference = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'hello' }
    const owned = (name: string, uid: string) => ({ metadata: { ...inDefault(name), ownerReferences: [{ ...reference, uid }] } })
    await cluster.client.create(CONFIG_MAPS, owned('owned', owner.metadata.uid))
    await cluster.client.create(CONFIG_MAPS, owned('lost', 'no-such-uid'))
    await cluster.gone(CONFIG_MAPS, 'lost')
    await cluster.get(CONFIG_MAPS, 'owned')
  })

  test('of a node takes its pods with it', async () => {
    await cluster.createDeployment()
    await cluster.rolledOut()
    cluster.nodes.kill('node-1')
    await cluster.client.delete(NODES, { name: 'node-1' })
    await waitFor('no pod of that node is left', async () =>
      (await cluster.list<Pod>(PODS)).every(({ spec }) => spec.nodeName !== 'node-1'),
    )
    await cluster.rolledOut()
  })
})

describe('a namespace', () => {
  test('gets its service account and the CA', async () => {
    await cluster.client.create(NAMESPACES, { metadata: { name: 'team' } })
    await waitFor('both are there', async () => {
      const accounts = (await cluster.list<{ metadata: { name: string } }>(SERVICE_ACCOUNTS, 'team')).map(
        ({ metadata }) => metadata.name,
      )
      const maps = (await cluster.list<{ data: object }>(CONFIG_MAPS, 'team')).map(({ data }) => data)
      return accounts.includes('default') && JSON.stringify(maps) === JSON.stringify([{ 'ca.crt': 'PEM' }])
    })
    await cluster.client.delete(SERVICE_ACCOUNTS, { name: 'default', namespace: 'team' })
    await waitFor('the account comes back', async () => (await cluster.list(SERVICE_ACCOUNTS, 'team')).length === 1)
  })

  test('goes with everything in it, and only when it is empty', async () => {
    await cluster.client.create(NAMESPACES, { metadata: { name: 'team' } })
    const metadata = (name: string) => ({ name, namespace: 'team' })
    await cluster.client.create(SECRETS, { metadata: metadata('s') })
    const held = { metadata: { ...metadata('held'), finalizers: ['example.com/hold'] } }
    await cluster.client.create(CONFIG_MAPS, held)
    await cluster.client.create(PODS, {
      metadata: metadata('p'),
      spec: { containers: [{ name: 'main', image: 'v1' }] },
    } as object)
    await cluster.client.delete(NAMESPACES, { name: 'team' })
    await waitFor('it says what holds it', async () => {
      const { status } = await cluster.get<{ status: { conditions?: { type: string; message?: string }[] } }>(NAMESPACES, 'team')
      return (
        findCondition(status.conditions, 'NamespaceContentRemaining')?.message ===
        'Some resources are remaining: configmaps. has 1 resource instances'
      )
    })
    await cluster.client.patch(CONFIG_MAPS, metadata('held'), { type: 'merge', body: { metadata: { finalizers: null } } })
    await cluster.gone(NAMESPACES, 'team')
  })
})

test('an expired join token is deleted', async () => {
  const data = { expiration: Buffer.from('2020-01-01T00:00:00Z').toString('base64') }
  const metadata = { name: 'bootstrap-token-abcdef', namespace: 'kube-system' }
  await cluster.client.create(SECRETS, { metadata, type: 'skiff.dev/token', data } as object)
  await waitFor('it is gone', async () => (await cluster.list(SECRETS, 'kube-system')).length === 0)
})
