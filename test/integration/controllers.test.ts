/** Scheduler and controllers against the real API server, on nodes that only keep up appearances. */

import {
  CONFIG_MAPS,
  controllerOf,
  type Deployment,
  DEPLOYMENTS,
  ENDPOINT_SLICES,
  ENDPOINTS,
  type Endpoints,
  type EndpointSlice,
  EVENTS,
  type Event,
  findCondition,
  isNotFound,
  type KindInfo,
  NAMESPACES,
  type Node,
  NODES,
  type Pod,
  PODS,
  podIsReady,
  REPLICA_SETS,
  type ReplicaSet,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
} from '@skiff/api'
import { startTestApiServer, type TestApiServer } from '@skiff/apiserver/testing'
import { startControllers } from '@skiff/controllers'
import { startScheduler } from '@skiff/scheduler'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SimulatedNodes } from '../support/simulated-nodes.ts'
import { waitFor } from '../support/wait-for.ts'

const NODE_NAMES = ['node-1', 'node-2', 'node-3']

let api: TestApiServer
let nodes: SimulatedNodes
let abort: AbortController
let stopped: Promise<unknown>

beforeEach(async () => {
  api = await startTestApiServer({ namespaces: ['default', 'kube-system', 'kube-node-lease'] })
  abort = new AbortController()
  const common = { logger: pino({ level: process.env.SKIFF_TEST_LOG ?? 'silent' }), clock: () => new Date(), random: Math.random, signal: abort.signal }
  const controllers = startControllers({ ...common, client: api.client, heartbeats: api.liveness, caCertificate: 'PEM', podCidr: '10.244.0.0/16' })
  const scheduler = startScheduler({ ...common, client: api.client })
  stopped = Promise.all([controllers.stopped, scheduler.stopped])
  nodes = new SimulatedNodes({ client: api.client, liveness: api.liveness, nodes: NODE_NAMES, brokenImages: ['broken'] })
  await nodes.start()
})

afterEach(async () => {
  abort.abort()
  await stopped
  await nodes[Symbol.asyncDispose]()
  await api.close()
})

const inDefault = (name: string) => ({ name, namespace: 'default' })
const get = <T>(info: KindInfo, name: string) => api.client.get<T>(info, info.namespaced ? inDefault(name) : { name })
const list = async <T>(info: KindInfo, namespace = 'default') => (await api.client.list<T>(info, info.namespaced ? { namespace } : {})).items

const template = (image: string, more: object = {}) => ({
  metadata: { labels: { app: 'hello' } },
  spec: { containers: [{ name: 'main', image, ...more }] },
})

async function createDeployment(spec: object = {}): Promise<Deployment> {
  const body = { metadata: inDefault('hello'), spec: { replicas: 3, selector: { matchLabels: { app: 'hello' } }, template: template('v1'), ...spec } }
  return await api.client.create<Deployment>(DEPLOYMENTS, body as never)
}

async function patchDeployment(spec: object): Promise<void> {
  await api.client.patch(DEPLOYMENTS, inDefault('hello'), { type: 'merge', body: { spec } })
}

/** What `kubectl rollout status` waits for. */
async function rolledOut(replicas = 3): Promise<Deployment> {
  return await waitFor('the Deployment is rolled out', async () => {
    const deployment = await get<Deployment>(DEPLOYMENTS, 'hello')
    const { status = {}, metadata } = deployment
    const counts = [status.replicas ?? 0, status.updatedReplicas ?? 0, status.availableReplicas ?? 0]
    if (status.observedGeneration === metadata.generation && counts.every((count) => count === replicas)) return deployment
    throw new Error(JSON.stringify(status))
  }, 8_000)
}

const readyPods = async () => (await list<Pod>(PODS)).filter((pod) => podIsReady(pod) && !pod.metadata.deletionTimestamp)

async function messages(reason: string): Promise<string[]> {
  return (await list<Event>(EVENTS)).filter((event) => event.reason === reason).map(({ message = '' }) => message)
}

async function gone(info: KindInfo, name: string, timeoutMs = 8_000): Promise<void> {
  await waitFor(`${info.resource}/${name} is gone`, async () => {
    try {
      await get(info, name)
      return false
    } catch (error) {
      return isNotFound(error)
    }
  }, timeoutMs)
}

describe('a Deployment', () => {
  test('becomes pods, spread over the nodes, and says so in status and events', async () => {
    await createDeployment()
    const deployment = await rolledOut()
    expect(findCondition(deployment.status?.conditions, 'Available')).toMatchObject({ status: 'True', reason: 'MinimumReplicasAvailable' })
    await waitFor('progress is told', async () => {
      const { status } = await get<Deployment>(DEPLOYMENTS, 'hello')
      return findCondition(status?.conditions, 'Progressing')?.reason === 'NewReplicaSetAvailable'
    })
    const pods = await list<Pod>(PODS)
    expect(pods.map(({ spec }) => spec.nodeName).sort()).toEqual(NODE_NAMES)
    const [replicaSet] = await list<ReplicaSet>(REPLICA_SETS)
    expect(pods.every((pod) => controllerOf(pod)?.uid === replicaSet?.metadata.uid)).toBe(true)
    await waitFor('events are written', async () => (await messages('Scheduled')).length === 3 && (await messages('SuccessfulCreate')).length === 3)
    expect(await messages('ScalingReplicaSet')).toEqual([`Scaled up replica set ${replicaSet?.metadata.name} from 0 to 3`])
    expect((await get<Deployment>(DEPLOYMENTS, 'hello')).metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '1' })
  })

  test('creates exactly the pods that it needs', async () => {
    await createDeployment({ replicas: 40 })
    await rolledOut(40)
    await waitFor('events are written', async () => (await messages('SuccessfulCreate')).length > 0)
    expect(await list<Pod>(PODS)).toHaveLength(40)
    expect(await messages('SuccessfulDelete')).toEqual([])
  })

  test('rolls over to a new image without ever falling below two of three, and back', async () => {
    await createDeployment()
    await rolledOut()
    let lowest = 3
    const watching = watchAvailable((count) => {
      lowest = Math.min(lowest, count)
    })
    await patchDeployment({ template: template('v2') })
    await rolledOut()
    watching.abort()
    expect(lowest).toBeGreaterThanOrEqual(3) // maxUnavailable 25 % of 3 is 0
    expect((await readyPods()).every(({ spec }) => spec.containers[0]?.image === 'v2')).toBe(true)

    await patchDeployment({ template: template('v1') })
    const back = await rolledOut()
    expect(back.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3')
    expect(await list(REPLICA_SETS)).toHaveLength(2)
  })

  test('keeps the good pods when the new image is broken', async () => {
    await createDeployment({ progressDeadlineSeconds: 1 })
    await rolledOut()
    await patchDeployment({ template: template('broken') })
    await waitFor('the deadline is told', async () => {
      const { status } = await get<Deployment>(DEPLOYMENTS, 'hello')
      return findCondition(status?.conditions, 'Progressing')?.reason === 'ProgressDeadlineExceeded'
    }, 8_000)
    expect(await readyPods()).toHaveLength(3)
  })

  test('scales up, down and to nothing', async () => {
    await createDeployment()
    await rolledOut()
    await patchDeployment({ replicas: 6 })
    await rolledOut(6)
    await patchDeployment({ replicas: 1 })
    await rolledOut(1)
    await patchDeployment({ replicas: 0 })
    await waitFor('no pods are left', async () => (await list(PODS)).length === 0)
  })

  test('Recreate never runs two versions at a time', async () => {
    await createDeployment({ strategy: { type: 'Recreate' } })
    await rolledOut()
    const images = new Set<string>()
    const watching = watchPods((pods) => images.add([...new Set(pods.map(({ spec }) => spec.containers[0]?.image))].join('+')))
    await patchDeployment({ template: template('v2') })
    await rolledOut()
    watching.abort()
    expect([...images]).not.toContainEqual(expect.stringContaining('+'))
    expect((await readyPods()).map(({ spec }) => spec.containers[0]?.image)).toEqual(['v2', 'v2', 'v2'])
  })

  test('replaces a pod that is deleted and adopts one that fits', async () => {
    await createDeployment()
    await rolledOut()
    const [victim] = await list<Pod>(PODS)
    await api.client.delete(PODS, inDefault(victim?.metadata.name ?? ''))
    await waitFor('another pod took its place', async () => {
      const names = (await readyPods()).map(({ metadata }) => metadata.name)
      return names.length === 3 && !names.includes(victim?.metadata.name ?? '')
    })
    const [pod] = await list<Pod>(PODS)
    await api.client.patch(PODS, inDefault(pod?.metadata.name ?? ''), { type: 'merge', body: { metadata: { labels: { app: 'quarantined' } } } })
    await waitFor('the relabelled pod is released and replaced', async () => {
      const all = await list<Pod>(PODS)
      const released = all.find(({ metadata }) => metadata.name === pod?.metadata.name)
      return all.length === 4 && released !== undefined && controllerOf(released) === undefined
    })
  })
})

describe('a Service', () => {
  const createService = async () =>
    await api.client.create(SERVICES, { metadata: inDefault('hello'), spec: { selector: { app: 'hello' }, ports: [{ port: 80, targetPort: 8080 }] } } as never)
  const slices = () => list<EndpointSlice>(ENDPOINT_SLICES)
  const readyAddresses = async () => (await slices()).flatMap(({ endpoints }) => (endpoints ?? []).filter(({ conditions }) => conditions?.ready))

  test('has the ready pods as endpoints, in slices and in Endpoints, until it goes', async () => {
    await createService()
    await createDeployment()
    await waitFor('three endpoints are ready', async () => (await readyAddresses()).length === 3)
    await waitFor('Endpoints say so too', async () => (await get<Endpoints>(ENDPOINTS, 'hello')).subsets?.[0]?.addresses?.length === 3)
    expect(await slices()).toMatchObject([{ ports: [{ port: 8080, protocol: 'TCP' }] }])

    await api.client.delete(SERVICES, inDefault('hello'))
    await waitFor('its slices are gone', async () => (await slices()).length === 0)
    await gone(ENDPOINTS, 'hello')
  })

  test('tells of a pod that leaves before it is gone', async () => {
    await createService()
    await createDeployment()
    await rolledOut()
    await waitFor('three endpoints are ready', async () => (await readyAddresses()).length === 3)
    const [pod] = await list<Pod>(PODS)
    nodes.kill(pod?.spec.nodeName ?? '') // nobody finishes the deletion
    await api.client.delete(PODS, inDefault(pod?.metadata.name ?? ''))
    await waitFor('the endpoint is terminating', async () => {
      const all = (await slices()).flatMap(({ endpoints }) => endpoints ?? [])
      const leaving = all.find(({ targetRef }) => targetRef?.uid === pod?.metadata.uid)
      return leaving?.conditions?.terminating === true && leaving.conditions.serving === true && leaving.conditions.ready === false
    })
  })
})

describe('nodes', () => {
  test('each get a part of the pod addresses of their own', async () => {
    await waitFor('all nodes have a range', async () => (await list<Node>(NODES)).every(({ spec }) => spec.podCIDR))
    const ranges = (await list<Node>(NODES)).map(({ spec }) => spec.podCIDR)
    expect(ranges.sort()).toEqual(['10.244.0.0/24', '10.244.1.0/24', '10.244.2.0/24'])
  })

  test('one that falls silent leaves the endpoints within 5 s and its pods are replaced within 15 s', async () => {
    await api.client.create(SERVICES, { metadata: inDefault('hello'), spec: { selector: { app: 'hello' }, ports: [{ port: 80 }] } } as never)
    const toleration = (key: string) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 })
    const tolerations = [toleration('node.kubernetes.io/unreachable'), toleration('node.kubernetes.io/not-ready')]
    await createDeployment({ template: { ...template('v1'), spec: { ...template('v1').spec, tolerations } } })
    await rolledOut()

    const lastBeatMs = performance.now()
    nodes.kill('node-2')
    await waitFor('its endpoint is not ready', async () => {
      const endpoints = (await list<EndpointSlice>(ENDPOINT_SLICES)).flatMap((slice) => slice.endpoints ?? [])
      const lost = endpoints.find(({ nodeName }) => nodeName === 'node-2')
      return lost !== undefined && lost.conditions?.ready === false
    }, 8_000)
    expect(performance.now() - lastBeatMs).toBeLessThan(5_000)
    expect(findCondition((await get<Node>(NODES, 'node-2')).status?.conditions, 'Ready')).toMatchObject({ status: 'Unknown', reason: 'NodeStatusUnknown' })

    await waitFor('the pod is replaced elsewhere', async () => (await readyPods()).length === 3, 15_000)
    expect(performance.now() - lastBeatMs).toBeLessThan(15_000)
    expect((await readyPods()).map(({ spec }) => spec.nodeName)).not.toContain('node-2')
    expect(await messages('TaintManagerEviction')).toHaveLength(1)
  }, 30_000)

  test('most of them falling silent at once evicts nobody', async () => {
    const tolerations = ['unreachable', 'not-ready'].map((key) => ({ key: `node.kubernetes.io/${key}`, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 0 }))
    await createDeployment({ template: { ...template('v1'), spec: { ...template('v1').spec, tolerations } } })
    await rolledOut()
    nodes.kill('node-1')
    nodes.kill('node-2')
    await waitFor('both are unreachable', async () => {
      const unreachable = (await list<Node>(NODES)).filter(({ spec }) => spec.taints?.some(({ key }) => key === 'node.kubernetes.io/unreachable'))
      return unreachable.length === 2
    }, 8_000)
    const taints = (await list<Node>(NODES)).flatMap(({ spec }) => spec.taints ?? [])
    expect(taints.filter(({ effect }) => effect === 'NoExecute')).toEqual([])
    expect((await list<Pod>(PODS)).filter(({ metadata }) => metadata.deletionTimestamp)).toEqual([])
  }, 30_000)

  test('a pod that fits nowhere says why, and is placed when a node can take it', async () => {
    const spec = { nodeSelector: { disk: 'ssd' }, containers: [{ name: 'main', image: 'v1' }] }
    await api.client.create(PODS, { metadata: inDefault('picky'), spec } as never)
    await waitFor('the condition says why', async () => {
      const { status } = await get<Pod>(PODS, 'picky')
      const condition = findCondition(status?.conditions, 'PodScheduled')
      return condition?.reason === 'Unschedulable' && condition.message?.startsWith("0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. ")
    })
    await waitFor('an event says why', async () => (await messages('FailedScheduling')).length === 1)
    await api.client.patch(NODES, { name: 'node-3' }, { type: 'merge', body: { metadata: { labels: { disk: 'ssd' } } } })
    await waitFor('it runs', async () => (await get<Pod>(PODS, 'picky')).spec.nodeName === 'node-3')
  })

  test('a cordoned node gets a taint and no new pods', async () => {
    await api.client.patch(NODES, { name: 'node-1' }, { type: 'merge', body: { spec: { unschedulable: true } } })
    await createDeployment({ replicas: 6 })
    await rolledOut(6)
    expect((await list<Pod>(PODS)).map(({ spec }) => spec.nodeName)).not.toContain('node-1')
    expect((await get<Node>(NODES, 'node-1')).spec.taints).toMatchObject([{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }])
  })
})

describe('deletion', () => {
  const deleteDeployment = async (propagationPolicy: 'Background' | 'Foreground' | 'Orphan') =>
    await api.client.delete(DEPLOYMENTS, inDefault('hello'), { propagationPolicy })

  test('in the background takes ReplicaSets and pods after their owner', async () => {
    await createDeployment()
    await rolledOut()
    await deleteDeployment('Background')
    await waitFor('everything is gone', async () => (await list(REPLICA_SETS)).length + (await list(PODS)).length === 0)
  })

  test('in the foreground keeps the owner until its dependents are gone', async () => {
    await createDeployment()
    await rolledOut()
    await deleteDeployment('Foreground')
    expect((await get<Deployment>(DEPLOYMENTS, 'hello')).metadata.finalizers).toContain('foregroundDeletion')
    await gone(DEPLOYMENTS, 'hello')
    expect(await list(PODS)).toEqual([])
    expect(await list(REPLICA_SETS)).toEqual([])
  })

  test('that orphans leaves the ReplicaSet running, and a new Deployment adopts it', async () => {
    await createDeployment()
    await rolledOut()
    const [before] = await list<ReplicaSet>(REPLICA_SETS)
    await deleteDeployment('Orphan')
    await gone(DEPLOYMENTS, 'hello')
    expect((await list<ReplicaSet>(REPLICA_SETS)).map(({ metadata }) => metadata.ownerReferences ?? [])).toEqual([[]])
    expect(await list(PODS)).toHaveLength(3)
    const again = await createDeployment()
    await rolledOut()
    const [after] = await list<ReplicaSet>(REPLICA_SETS)
    expect(after?.metadata.uid).toBe(before?.metadata.uid)
    expect(after && controllerOf(after)?.uid).toBe(again.metadata.uid)
  })

  test('of an object whose owner never existed is done, of one whose owner exists is not', async () => {
    const owner = await createDeployment({ replicas: 0 })
    const reference = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'hello' }
    const owned = (name: string, uid: string) => ({ metadata: { ...inDefault(name), ownerReferences: [{ ...reference, uid }] } })
    await api.client.create(CONFIG_MAPS, owned('owned', owner.metadata.uid))
    await api.client.create(CONFIG_MAPS, owned('lost', 'no-such-uid'))
    await gone(CONFIG_MAPS, 'lost')
    await get(CONFIG_MAPS, 'owned')
  })

  test('of a node takes its pods with it', async () => {
    await createDeployment()
    await rolledOut()
    nodes.kill('node-1')
    await api.client.delete(NODES, { name: 'node-1' })
    await waitFor('no pod of that node is left', async () => (await list<Pod>(PODS)).every(({ spec }) => spec.nodeName !== 'node-1'), 15_000)
    await rolledOut()
  }, 30_000)
})

describe('a namespace', () => {
  test('gets its service account and the CA', async () => {
    await api.client.create(NAMESPACES, { metadata: { name: 'team' } })
    await waitFor('both are there', async () => {
      const accounts = (await list<{ metadata: { name: string } }>(SERVICE_ACCOUNTS, 'team')).map(({ metadata }) => metadata.name)
      const maps = (await list<{ data: object }>(CONFIG_MAPS, 'team')).map(({ data }) => data)
      return accounts.includes('default') && JSON.stringify(maps) === JSON.stringify([{ 'ca.crt': 'PEM' }])
    })
    await api.client.delete(SERVICE_ACCOUNTS, { name: 'default', namespace: 'team' })
    await waitFor('the account comes back', async () => (await list(SERVICE_ACCOUNTS, 'team')).length === 1)
  })

  test('goes with everything in it, and only when it is empty', async () => {
    await api.client.create(NAMESPACES, { metadata: { name: 'team' } })
    const metadata = (name: string) => ({ name, namespace: 'team' })
    await api.client.create(SECRETS, { metadata: metadata('s') })
    const held = { metadata: { ...metadata('held'), finalizers: ['example.com/hold'] } }
    await api.client.create(CONFIG_MAPS, held)
    await api.client.create(PODS, { metadata: metadata('p'), spec: { containers: [{ name: 'main', image: 'v1' }] } } as never)
    await api.client.delete(NAMESPACES, { name: 'team' })
    await waitFor('it says what holds it', async () => {
      const { status } = await get<{ status: { conditions?: { type: string; message?: string }[] } }>(NAMESPACES, 'team')
      return findCondition(status.conditions, 'NamespaceContentRemaining')?.message === 'Some resources are remaining: configmaps. has 1 resource instances'
    }, 10_000)
    await api.client.patch(CONFIG_MAPS, metadata('held'), { type: 'merge', body: { metadata: { finalizers: null } } })
    await gone(NAMESPACES, 'team')
  }, 20_000)
})

test('an expired join token is deleted', async () => {
  const data = { expiration: Buffer.from('2020-01-01T00:00:00Z').toString('base64') }
  const metadata = { name: 'bootstrap-token-abcdef', namespace: 'kube-system' }
  await api.client.create(SECRETS, { metadata, type: 'bootstrap.kubernetes.io/token', data } as never)
  await waitFor('it is gone', async () => (await list(SECRETS, 'kube-system')).length === 0)
})

/** Calls back with how many pods are ready, at every change of any. */
function watchAvailable(onCount: (count: number) => void): AbortController {
  return watchPods((pods) => onCount(pods.filter((pod) => podIsReady(pod) && !pod.metadata.deletionTimestamp).length))
}

function watchPods(onPods: (pods: readonly Pod[]) => void): AbortController {
  const watching = new AbortController()
  const pods = new Map<string, Pod>()
  const follow = async () => {
    const { items, resourceVersion } = await api.client.list<Pod>(PODS, { namespace: 'default' })
    for (const pod of items) pods.set(pod.metadata.uid, pod)
    for await (const { type, object } of api.client.watch<Pod>(PODS, { namespace: 'default', resourceVersion, signal: watching.signal })) {
      if (type === 'BOOKMARK') continue
      if (type === 'DELETED') pods.delete(object.metadata.uid)
      else pods.set(object.metadata.uid, object)
      onPods([...pods.values()])
    }
  }
  follow().catch(() => undefined)
  return watching
}
