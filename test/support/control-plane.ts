import {
  DEPLOYMENTS,
  type Deployment,
  EVENTS,
  type Event,
  isNotFound,
  type KindInfo,
  NODES,
  type Node,
  PODS,
  type Pod,
  podIsReady,
  SERVICES,
} from '@skiff/api'
import { startTestApiServer, type TestApiServer } from '@skiff/apiserver/testing'
import { ApiClient } from '@skiff/client'
import { startControllers } from '@skiff/controllers'
import { startScheduler } from '@skiff/scheduler'
import { pino } from 'pino'
import { SimulatedNodes } from './simulated-nodes.ts'
import { waitFor } from './wait-for.ts'

export const NODE_NAMES = ['node-1', 'node-2', 'node-3']
/** Pods with this image never become ready. */
export const BROKEN_IMAGE = 'broken'

/** A real API server with the real scheduler and controllers, over nodes that only keep up appearances. */
export async function startControlPlane(): Promise<ControlPlane> {
  const api = await startTestApiServer({ namespaces: ['default', 'kube-system', 'kube-node-lease'] })
  const abort = new AbortController()
  const common = {
    // As a master asks itself.
    client: new ApiClient({ server: api.url, userAgent: 'test', inProcess: api.inProcess }),
    logger: pino({ level: process.env.SKIFF_TEST_LOG ?? 'silent' }),
    clock: () => new Date(),
    random: Math.random,
    signal: abort.signal,
  }
  const controllers = startControllers({ ...common, heartbeats: api.liveness, caCertificate: 'PEM', podCidr: '10.244.0.0/16' })
  const scheduler = startScheduler(common)
  const nodes = new SimulatedNodes({
    client: api.client,
    liveness: api.liveness,
    nodes: NODE_NAMES,
    brokenImages: [BROKEN_IMAGE],
  })
  await nodes.start()
  // Pods that come before that know of fewer nodes than there are.
  await waitFor('all nodes have their addresses and no taints', async () => {
    const { items } = await api.client.list<Node>(NODES)
    return items.every(({ spec }) => spec.podCIDR !== undefined && (spec.taints ?? []).length === 0)
  })
  const close = async () => {
    abort.abort()
    await Promise.all([controllers.stopped, scheduler.stopped])
    await nodes[Symbol.asyncDispose]()
    await api.close()
  }
  return new ControlPlane(api, nodes, close)
}

/** What tests ask and do: everything in the namespace `default`, one Deployment `hello`. */
export class ControlPlane implements AsyncDisposable {
  readonly url: string
  readonly client: ApiClient
  readonly nodes: SimulatedNodes
  readonly #close: () => Promise<void>

  constructor(api: TestApiServer, nodes: SimulatedNodes, close: () => Promise<void>) {
    this.url = api.url
    this.client = api.client
    this.nodes = nodes
    this.#close = close
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
  }

  async get<T>(info: KindInfo, name: string): Promise<T> {
    return await this.client.get<T>(info, info.namespaced ? inDefault(name) : { name })
  }

  async list<T>(info: KindInfo, namespace = 'default'): Promise<T[]> {
    return (await this.client.list<T>(info, info.namespaced ? { namespace } : {})).items
  }

  async createDeployment(spec: object = {}): Promise<Deployment> {
    const defaults = { replicas: 3, selector: { matchLabels: { app: 'hello' } }, template: podTemplate('v1') }
    return await this.client.create<Deployment>(DEPLOYMENTS, {
      metadata: inDefault('hello'),
      spec: { ...defaults, ...spec },
    } as object)
  }

  async patchDeployment(spec: object): Promise<void> {
    await this.client.patch(DEPLOYMENTS, inDefault('hello'), { type: 'merge', body: { spec } })
  }

  async createService(): Promise<void> {
    const spec = { selector: { app: 'hello' }, ports: [{ port: 80, targetPort: 8080 }] }
    await this.client.create(SERVICES, { metadata: inDefault('hello'), spec } as object)
  }

  /** What `kubectl rollout status` waits for. */
  async rolledOut(replicas = 3): Promise<Deployment> {
    return await waitFor('the Deployment is rolled out', async () => {
      const deployment = await this.get<Deployment>(DEPLOYMENTS, 'hello')
      const { status = {}, metadata } = deployment
      const counts = [status.replicas ?? 0, status.updatedReplicas ?? 0, status.availableReplicas ?? 0]
      if (status.observedGeneration === metadata.generation && counts.every((count) => count === replicas)) return deployment
      throw new Error(JSON.stringify(status))
    })
  }

  async readyPods(): Promise<Pod[]> {
    return (await this.list<Pod>(PODS)).filter((pod) => podIsReady(pod) && !pod.metadata.deletionTimestamp)
  }

  /** What events with this reason say. */
  async told(reason: string): Promise<string[]> {
    return (await this.list<Event>(EVENTS)).filter((event) => event.reason === reason).map(({ message = '' }) => message)
  }

  async gone(info: KindInfo, name: string): Promise<void> {
    await waitFor(`${info.resource}/${name} is gone`, async () => {
      try {
        await this.get(info, name)
        return false
      } catch (error) {
        return isNotFound(error)
      }
    })
  }

  /** Calls back with all pods at every change of one; `abort` the result to stop. */
  watchPods(onPods: (pods: readonly Pod[]) => void): AbortController {
    const watching = new AbortController()
    const pods = new Map<string, Pod>()
    const follow = async () => {
      const { items, resourceVersion } = await this.client.list<Pod>(PODS, { namespace: 'default' })
      for (const pod of items) pods.set(pod.metadata.uid, pod)
      const { signal } = watching
      for await (const { type, object } of this.client.watch<Pod>(PODS, { namespace: 'default', resourceVersion, signal })) {
        if (type === 'BOOKMARK') continue
        if (type === 'DELETED') pods.delete(object.metadata.uid)
        else pods.set(object.metadata.uid, object)
        onPods([...pods.values()])
      }
    }
    follow().catch(() => undefined)
    return watching
  }
}

export const inDefault = (name: string) => ({ name, namespace: 'default' })

export const podTemplate = (image: string, spec: object = {}) => ({
  metadata: { labels: { app: 'hello' } },
  spec: { containers: [{ name: 'main', image }], ...spec },
})

/** As the server adds them by default, with other seconds. */
export const leavesDeadNodesAfter = (tolerationSeconds: number) =>
  ['unreachable', 'not-ready'].map((key) => ({
    key: `node.kubernetes.io/${key}`,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds,
  }))
