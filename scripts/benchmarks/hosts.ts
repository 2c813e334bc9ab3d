/** What a lost host and a roll-out cost on three hosts: how long they take, and the requests they lose. */
import { NODES, type Node, PODS, type Pod, podIsReady } from '@skiff/api'
import { hostSocket } from '../../packages/cli/src/hosts/index.ts'
import { type Cluster, type ClusterHost, manifest } from '../../test/support/cluster.ts'
import { type Answer, Load } from '../../test/support/load.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import { boundPod, hostOf, nodePortUrls, podsOf, readyPod, readyPods } from '../../test/support/workloads.ts'
import { BareDocker } from './bare-docker.ts'
import { median, printFigure, rounded, timed } from './figure.ts'
import { machineAtRest } from './machine-at-rest.ts'

const LOSSES = 10
const ROLL_OUTS = 5
const PODS_TO_ROLL = 10
const ROLL_OUT_TIMEOUT_MS = 60_000
const CLIENTS = 64
/** A client that waits as long as any browser would: what the network mends meanwhile is late, not lost. */
const PATIENT_MS = 20_000
const REQUESTS_BEFORE = 200

export async function measureHosts(cluster: Cluster): Promise<void> {
  await bringImageTo(cluster)
  await cluster.kubectlOk(['apply', '-f', '-'], manifest('hello.yaml'))
  // First: what a hundred thousand requests leave in the kernel's connection table is gone through whenever a pod's link goes.
  await measureRollOuts(cluster)
  await measureLosses(cluster)
  await cluster.kubectlOk(['delete', 'deploy/hello', 'svc/hello'])
}

/** Every host has the image: what is measured is not its transfer. */
async function bringImageTo(cluster: Cluster): Promise<void> {
  for (const host of cluster.hosts)
    await cluster.kubectlOk(['apply', '-f', '-'], JSON.stringify(boundPod(`on-${host.name}`, host)))
  for (const { name } of cluster.hosts) await readyPod(cluster, `on-${name}`)
  await cluster.kubectlOk(['delete', 'pods', '--all'])
}

async function measureLosses(cluster: Cluster): Promise<void> {
  await cluster.kubectlOk(['scale', 'deploy/hello', '--replicas=2'])
  const seconds: number[] = []
  const lost: Answer[] = []
  let [asked, inFlight] = [0, 0]
  for (let round = 0; round < LOSSES; round += 1) {
    const [pod] = await readyPods(cluster, 'hello', 2)
    if (!pod) throw new Error('hello has no pod')
    const host = hostOf(cluster, pod)
    const others = cluster.hosts.filter((other) => other !== host)
    await using load = new Load(await nodePortUrls(cluster, 'hello', others), { clients: CLIENTS, timeoutMs: PATIENT_MS })
    await load.goesOn(REQUESTS_BEFORE)
    await host.cut()
    const cutAt = performance.now()
    seconds.push(await timed(() => waitFor('the replacement is ready', () => areElsewhere(cluster, host))))
    await load.goesOn(REQUESTS_BEFORE)
    await load.stop()
    // What was under way on the host when it went is beyond help.
    lost.push(...load.failures.filter(({ at }) => at > cutAt))
    inFlight += load.failures.filter(({ at }) => at <= cutAt).length
    asked += load.answers.length
    await host.heal()
    await waitFor('the node is whole again', () => nodeIsWhole(cluster, host), 60_000)
  }
  printFigure({
    name: 'a host is lost, until its pods are Ready elsewhere (median)',
    value: median(seconds),
    unit: 's',
    goal: '<= 15',
    details: { seconds: seconds.map(rounded) },
  })
  printFigure({ name: 'a host is lost, until its pods are Ready elsewhere (maximum)', value: Math.max(...seconds), unit: 's' })
  printFigure({
    name: 'requests lost that were made after a host went, each on a connection of its own',
    value: lost.length,
    unit: 'requests',
    goal: '0',
    details: { asked, inFlight, errors: [...new Set(lost.map(({ error }) => error))] },
  })
}

async function areElsewhere(cluster: Cluster, lost: ClusterHost): Promise<boolean> {
  const staying = (await podsOf(cluster, 'hello')).filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  return staying.filter(podIsReady).length === 2 && staying.every(({ spec }) => spec.nodeName !== lost.name)
}

async function nodeIsWhole(cluster: Cluster, { name }: ClusterHost): Promise<boolean> {
  const { status, spec } = await cluster.client.get<Node>(NODES, { name })
  const isReady = status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false
  return isReady && (spec.taints ?? []).length === 0
}

async function measureRollOuts(cluster: Cluster): Promise<void> {
  await cluster.kubectlOk(['scale', 'deploy/hello', `--replicas=${PODS_TO_ROLL}`])
  await rolledOut(cluster, undefined)
  const seconds: number[] = []
  const bareDocker: number[] = []
  for (let round = 0; round < ROLL_OUTS; round += 1) {
    await machineAtRest()
    bareDocker.push(await timed(() => exchangeBare(cluster, `${round}`)))
    await machineAtRest()
    seconds.push(await timed(() => rollOut(cluster, `quiet-${round}`)))
    await comeToRest(cluster)
  }
  await using load = new Load(await nodePortUrls(cluster, 'hello'), { clients: CLIENTS, timeoutMs: PATIENT_MS })
  await load.goesOn(REQUESTS_BEFORE)
  const underLoad = await timed(() => rollOut(cluster, 'under-load'))
  await load.goesOn(REQUESTS_BEFORE)
  await load.stop()
  printFigure({
    name: `a rolling update of ${PODS_TO_ROLL} pods on ${cluster.hosts.length} hosts`,
    value: median(seconds),
    unit: 's',
    goal: '<= 3',
    details: { seconds: seconds.map(rounded), underLoad: rounded(underLoad) },
  })
  printFigure({
    name: 'a rolling update / as many pods started and stopped by bare Docker',
    value: median(seconds) / median(bareDocker),
    unit: 'x',
    details: { bareDocker: bareDocker.map(rounded) },
  })
  printFigure({
    name: 'requests lost in a rolling update, each on a connection of its own',
    value: load.failures.length,
    unit: 'requests',
    goal: '0',
    details: { asked: load.answers.length },
  })
}

/** Takes until nothing of the former pods is left: the next roll-out begins with ten pods, and with nothing else to do. */
async function comeToRest(cluster: Cluster): Promise<void> {
  await waitFor('the former pods are gone', async () => (await podsOf(cluster, 'hello')).length === PODS_TO_ROLL)
}

/** Says how fast the machine is: what the engines alone take to start as many pods, and to end them. */
async function exchangeBare({ hosts }: Cluster, round: string): Promise<void> {
  const engines = hosts.map(({ host }) => new BareDocker(hostSocket(host)))
  const exchange = async (i: number) => {
    const engine = engines[i % engines.length]
    await engine?.startPod(`${round}-${i}`)
    await engine?.stopPod(`${round}-${i}`)
  }
  await Promise.all(Array.from({ length: PODS_TO_ROLL }, (_, i) => exchange(i)))
}

async function rollOut(cluster: Cluster, release: string): Promise<void> {
  const done = rolledOut(cluster, release)
  await cluster.kubectlOk(['set', 'env', 'deploy/hello', `RELEASE=${release}`])
  await done
}

/**
 * All are ready and of this release, and none of another is offered: as `kubectl rollout status` sees it. Told by a watch: who asks
 * again and again takes the master's time from what is measured.
 */
async function rolledOut(cluster: Cluster, release: string | undefined): Promise<void> {
  const end = new AbortController()
  const late = setTimeout(() => end.abort(), ROLL_OUT_TIMEOUT_MS)
  const isNew = ({ spec }: Pod) => spec.containers[0]?.env?.find(({ name }) => name === 'RELEASE')?.value === release
  const pods = new Map<string, Pod>()
  const watch = { namespace: 'default', labelSelector: 'app=hello', sendInitialEvents: true, signal: end.signal }
  for await (const { type, object } of cluster.client.watch<Pod>(PODS, watch)) {
    if (type === 'DELETED') pods.delete(object.metadata.name)
    else if (type !== 'BOOKMARK') pods.set(object.metadata.name, object)
    const staying = [...pods.values()].filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    if (staying.length === PODS_TO_ROLL && staying.every((pod) => isNew(pod) && podIsReady(pod))) break
  }
  clearTimeout(late)
  if (end.signal.aborted) throw new Error(`the roll-out to ${release} took more than ${ROLL_OUT_TIMEOUT_MS / 1000} s`)
  end.abort()
}
