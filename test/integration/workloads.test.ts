/** Deployments, ReplicaSets and Services above the agent: roll-outs, scaling, endpoints. */

import {
  controllerOf,
  DEPLOYMENTS,
  type Deployment,
  ENDPOINT_SLICES,
  ENDPOINTS,
  type EndpointSlice,
  type Endpoints,
  findCondition,
  PODS,
  type Pod,
  podIsReady,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  type ReplicaSet,
  type ReplicationController,
  SERVICES,
} from '@skiff/api'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  BROKEN_IMAGE,
  type ControlPlane,
  inDefault,
  NODE_NAMES,
  podTemplate,
  startControlPlane,
} from '../support/control-plane.ts'
import { waitFor } from '../support/wait-for.ts'

let cluster: ControlPlane

beforeEach(async () => {
  cluster = await startControlPlane()
})

afterEach(async () => {
  await cluster[Symbol.asyncDispose]()
})

describe('a Deployment', () => {
  test('becomes pods, spread over the nodes, and says so in status and events', async () => {
    await cluster.createDeployment()
    const deployment = await cluster.rolledOut()
    expect(findCondition(deployment.status?.conditions, 'Available')).toMatchObject({
      status: 'True',
      reason: 'MinimumReplicasAvailable',
    })
    await waitFor('progress is told', async () => {
      const { status } = await cluster.get<Deployment>(DEPLOYMENTS, 'hello')
      return findCondition(status?.conditions, 'Progressing')?.reason === 'NewReplicaSetAvailable'
    })
    const pods = await cluster.list<Pod>(PODS)
    expect(pods.map(({ spec }) => spec.nodeName).sort()).toEqual(NODE_NAMES)
    const [replicaSet] = await cluster.list<ReplicaSet>(REPLICA_SETS)
    expect(pods.every((pod) => controllerOf(pod)?.uid === replicaSet?.metadata.uid)).toBe(true)
    await waitFor(
      'events are written',
      async () =>
        (await cluster.told('Scheduled')).length === 3 &&
        (await cluster.told('SuccessfulCreate')).length === 3 &&
        (await cluster.told('ScalingReplicaSet')).length > 0,
    )
    expect(await cluster.told('ScalingReplicaSet')).toEqual([`Scaled up replica set ${replicaSet?.metadata.name} from 0 to 3`])
    expect((await cluster.get<Deployment>(DEPLOYMENTS, 'hello')).metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/revision': '1',
    })
  })

  test('creates exactly the pods that it needs', async () => {
    await cluster.createDeployment({ replicas: 40 })
    await cluster.rolledOut(40)
    await waitFor('events are written', async () => (await cluster.told('SuccessfulCreate')).length > 0)
    expect(await cluster.list<Pod>(PODS)).toHaveLength(40)
    expect(await cluster.told('SuccessfulDelete')).toEqual([])
  })

  test('tells of each pod that becomes ready without being in its own way', async () => {
    await cluster.createDeployment({ replicas: 8 })
    await cluster.rolledOut(8)
    const { body } = await cluster.client.request('GET', '/metrics')
    const conflicts = body.toString('utf8').match(/^apiserver_request_total\{.*subresource="status",code="409".*$/gm)
    expect(conflicts).toBeNull()
  })

  test('rolls over to a new image without ever falling below two of three, and back', async () => {
    await cluster.createDeployment()
    await cluster.rolledOut()
    let lowest = 3
    const watching = cluster.watchPods((pods) => {
      lowest = Math.min(lowest, pods.filter((pod) => podIsReady(pod) && !pod.metadata.deletionTimestamp).length)
    })
    await cluster.patchDeployment({ template: podTemplate('v2') })
    await cluster.rolledOut()
    watching.abort()
    expect(lowest).toBeGreaterThanOrEqual(3) // maxUnavailable 25 % of 3 is 0
    expect((await cluster.readyPods()).every(({ spec }) => spec.containers[0]?.image === 'v2')).toBe(true)

    await cluster.patchDeployment({ template: podTemplate('v1') })
    const back = await cluster.rolledOut()
    expect(back.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3')
    expect(await cluster.list(REPLICA_SETS)).toHaveLength(2)
  })

  test('keeps the good pods when the new image is broken', async () => {
    await cluster.createDeployment({ progressDeadlineSeconds: 1 })
    await cluster.rolledOut()
    await cluster.patchDeployment({ template: podTemplate(BROKEN_IMAGE) })
    await waitFor('the deadline is told', async () => {
      const { status } = await cluster.get<Deployment>(DEPLOYMENTS, 'hello')
      return findCondition(status?.conditions, 'Progressing')?.reason === 'ProgressDeadlineExceeded'
    })
    expect(await cluster.readyPods()).toHaveLength(3)
  })

  test('scales up, down and to nothing', async () => {
    await cluster.createDeployment()
    await cluster.rolledOut()
    await cluster.patchDeployment({ replicas: 6 })
    await cluster.rolledOut(6)
    await cluster.patchDeployment({ replicas: 1 })
    await cluster.rolledOut(1)
    await cluster.patchDeployment({ replicas: 0 })
    await waitFor('no pods are left', async () => (await cluster.list(PODS)).length === 0)
  })

  test('Recreate never runs two versions at a time', async () => {
    await cluster.createDeployment({ strategy: { type: 'Recreate' } })
    await cluster.rolledOut()
    const images = new Set<string>()
    const watching = cluster.watchPods((pods) =>
      images.add([...new Set(pods.map(({ spec }) => spec.containers[0]?.image))].join('+')),
    )
    await cluster.patchDeployment({ template: podTemplate('v2') })
    await cluster.rolledOut()
    watching.abort()
    expect([...images]).not.toContainEqual(expect.stringContaining('+'))
    expect((await cluster.readyPods()).map(({ spec }) => spec.containers[0]?.image)).toEqual(['v2', 'v2', 'v2'])
  })

  test('replaces a pod that is deleted and adopts one that fits', async () => {
    await cluster.createDeployment()
    await cluster.rolledOut()
    const [victim] = await cluster.list<Pod>(PODS)
    await cluster.client.delete(PODS, inDefault(victim?.metadata.name ?? ''))
    await waitFor('another pod took its place', async () => {
      const names = (await cluster.readyPods()).map(({ metadata }) => metadata.name)
      return names.length === 3 && !names.includes(victim?.metadata.name ?? '')
    })
    const [pod] = await cluster.readyPods()
    await cluster.client.patch(PODS, inDefault(pod?.metadata.name ?? ''), {
      type: 'merge',
      body: { metadata: { labels: { app: 'quarantined' } } },
    })
    await waitFor('the relabelled pod is released and replaced', async () => {
      const all = await cluster.list<Pod>(PODS)
      const released = all.find(({ metadata }) => metadata.name === pod?.metadata.name)
      return all.length === 4 && released !== undefined && controllerOf(released) === undefined
    })
  })
})

test.each([
  ['ReplicaSet', REPLICA_SETS, { matchLabels: { app: 'hello' } }],
  ['ReplicationController', REPLICATION_CONTROLLERS, { app: 'hello' }],
] as const)('a %s takes a pod that is there and fits, and lets it go when it no longer does', async (kind, info, selector) => {
  const owners = async () => (await cluster.get<Pod>(PODS, 'alone')).metadata.ownerReferences ?? []
  const { metadata, spec } = podTemplate('v1')
  await cluster.createService()
  await cluster.client.create(PODS, { metadata: { ...inDefault('alone'), ...metadata }, spec } as object)
  await waitFor('the controllers know of the pod', async () => {
    const slices = await cluster.list<EndpointSlice>(ENDPOINT_SLICES)
    return slices.some(({ endpoints }) => endpoints?.some(({ targetRef }) => targetRef?.name === 'alone'))
  })
  await cluster.client.create(info, {
    metadata: inDefault('taker'),
    spec: { replicas: 1, selector, template: podTemplate('v1') },
  } as object)
  await waitFor('the pod is taken', async () => (await owners()).some((owner) => owner.kind === kind && owner.name === 'taker'))
  await waitFor('it counts', async () => (await cluster.get<ReplicaSet>(info, 'taker')).status?.availableReplicas === 1)
  expect(await cluster.list<Pod>(PODS)).toHaveLength(1)

  const labels = { app: 'quarantined' }
  await cluster.client.patch(PODS, inDefault('alone'), { type: 'merge', body: { metadata: { labels } } })
  await waitFor('it is let go', async () => (await owners()).length === 0)
  await waitFor('another one is there', async () => (await cluster.list<Pod>(PODS)).length === 2)
})

test('a ReplicaSet’s status counts what was just done for it: nobody is told of fewer pods than there are', async () => {
  const replicas = 40
  const watching = new AbortController()
  const { resourceVersion } = await cluster.client.list<ReplicaSet>(REPLICA_SETS, { namespace: 'default' })
  const spec = { replicas, selector: { matchLabels: { app: 'hello' } }, template: podTemplate(BROKEN_IMAGE) }
  await cluster.client.create(REPLICA_SETS, { metadata: inDefault('many'), spec } as object)
  const told: number[] = []
  const { signal } = watching
  for await (const { object } of cluster.client.watch<ReplicaSet>(REPLICA_SETS, {
    namespace: 'default',
    resourceVersion,
    signal,
  })) {
    if (object.status?.observedGeneration === undefined) continue
    told.push(object.status.replicas)
    if (object.status.replicas === replicas) break
  }
  watching.abort()
  expect(told).toEqual([replicas])
})

describe('a ReplicationController', () => {
  const hasReady = (replicas: number) =>
    waitFor(`it has ${replicas} ready pods`, async () => {
      const { status, metadata } = await cluster.get<ReplicationController>(REPLICATION_CONTROLLERS, 'old')
      if (status?.availableReplicas === replicas && status.observedGeneration === metadata.generation) return true
      throw new Error(JSON.stringify(status))
    })

  test('keeps its number of pods, and leaves them behind when it goes', async () => {
    const spec = { replicas: 2, selector: { app: 'hello' }, template: podTemplate('v1') }
    await cluster.client.create(REPLICATION_CONTROLLERS, { metadata: inDefault('old'), spec } as object)
    await hasReady(2)
    const scale = { name: 'old', namespace: 'default', subresource: 'scale' }
    await cluster.client.patch(REPLICATION_CONTROLLERS, scale, { type: 'merge', body: { spec: { replicas: 3 } } })
    await hasReady(3)
    const pods = await cluster.list<Pod>(PODS)
    expect(pods.map((pod) => controllerOf(pod))).toEqual(
      pods.map(() => expect.objectContaining({ apiVersion: 'v1', kind: 'ReplicationController', name: 'old' })),
    )

    await cluster.client.delete(REPLICATION_CONTROLLERS, inDefault('old'))
    await cluster.gone(REPLICATION_CONTROLLERS, 'old')
    const left = await cluster.list<Pod>(PODS)
    expect(left.map((pod) => [pod.metadata.name, controllerOf(pod)])).toEqual(
      pods.map(({ metadata }) => [metadata.name, undefined]),
    )
  })
})

describe('a Service', () => {
  const slices = () => cluster.list<EndpointSlice>(ENDPOINT_SLICES)
  const readyAddresses = async () =>
    (await slices()).flatMap(({ endpoints }) => (endpoints ?? []).filter(({ conditions }) => conditions?.ready))

  test('has the ready pods as endpoints, in slices and in Endpoints, until it goes', async () => {
    await cluster.createService()
    await cluster.createDeployment()
    await waitFor('three endpoints are ready', async () => (await readyAddresses()).length === 3)
    await waitFor(
      'Endpoints say so too',
      async () => (await cluster.get<Endpoints>(ENDPOINTS, 'hello')).subsets?.[0]?.addresses?.length === 3,
    )
    expect(await slices()).toMatchObject([{ ports: [{ port: 8080, protocol: 'TCP' }] }])

    await cluster.client.delete(SERVICES, inDefault('hello'))
    await waitFor('its slices are gone', async () => (await slices()).length === 0)
    await cluster.gone(ENDPOINTS, 'hello')
  })

  test('tells of a pod that leaves before it is gone', async () => {
    await cluster.createService()
    await cluster.createDeployment()
    await cluster.rolledOut()
    await waitFor('three endpoints are ready', async () => (await readyAddresses()).length === 3)
    const [pod] = await cluster.list<Pod>(PODS)
    const held = { metadata: { finalizers: ['example.com/hold'] } } // nobody finishes the deletion
    await cluster.client.patch(PODS, inDefault(pod?.metadata.name ?? ''), { type: 'merge', body: held })
    await cluster.client.delete(PODS, inDefault(pod?.metadata.name ?? ''))
    await waitFor('the endpoint is terminating', async () => {
      const all = (await slices()).flatMap(({ endpoints }) => endpoints ?? [])
      const leaving = all.find(({ targetRef }) => targetRef?.uid === pod?.metadata.uid)
      return (
        leaving?.conditions?.terminating === true && leaving.conditions.serving === true && leaving.conditions.ready === false
      )
    })
  })
})
