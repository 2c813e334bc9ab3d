/** What is killed on a host comes back, and what was not killed goes on. */

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CONFIG_MAPS, type ConfigMap, type EndpointSlice, NODES, type Node, type Pod, podIsReady, type Service } from '@skiff/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cluster, type ClusterHost, manifest, startCluster } from '../support/cluster.ts'
import { Load } from '../support/load.ts'
import { waitFor } from '../support/wait-for.ts'
import {
  boundPod,
  containerOf,
  hostOf,
  nodePortUrls,
  podsOf,
  readyPod,
  readyPods,
  runningContainers,
} from '../support/workloads.ts'

/** What is promised, and how much slower a test machine may be than the one that it is promised for. */
const BACK_MS = 10_000
const SLOW = 6

/** A node that is silent for 4 s is taken for lost. */
const SILENCE_COUNTS_MS = 5_000

const NFT_RULES = ['nft', 'list', 'ruleset']

let cluster: Cluster

beforeAll(async () => {
  // However long a slow machine takes to bring an agent or a daemon back: nothing is evicted meanwhile.
  cluster = await startCluster({ hosts: 2, isPatient: true })
  await cluster.kubectlOk(['apply', '-f', '-'], manifest('hello.yaml'))
  await readyPods(cluster, 'hello', 2)
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

async function lastsFor(ms: number): Promise<void> {
  const begin = performance.now()
  await waitFor(`${ms} ms are over`, () => performance.now() - begin > ms)
}

const restartsOf = (pod: Pod | undefined) => pod?.status?.containerStatuses?.[0]?.restartCount

/** A pod that has not been restarted yet, so that no back-off of an earlier test delays it. */
async function freshPod(): Promise<{ pod: Pod; host: ClusterHost }> {
  const pods = await readyPods(cluster, 'hello', 2)
  const fresh = pods.find((pod) => restartsOf(pod) === 0)
  if (fresh) return { pod: fresh, host: hostOf(cluster, fresh) }
  // One on each host: what is done to one of them leaves the Service the other.
  await cluster.nodesReady()
  await cluster.kubectlOk(['rollout', 'restart', 'deploy/hello'])
  await cluster.kubectlOk(['rollout', 'status', 'deploy/hello', '--timeout=120s'])
  return freshPod()
}

async function same({ metadata }: Pod): Promise<Pod> {
  const now = (await podsOf(cluster, 'hello')).find(({ metadata: { uid } }) => uid === metadata.uid)
  if (!now) throw new Error(`${metadata.name} is gone`)
  return now
}

/** The same pod, ready again. */
async function readyAgain(pod: Pod, isIt: (now: Pod) => boolean = () => true): Promise<Pod> {
  return waitFor(`${pod.metadata.name} is ready again`, async () => {
    const now = await same(pod)
    return podIsReady(now) && isIt(now) && now
  })
}

async function helloAnswersEverywhere(): Promise<void> {
  for (const url of await nodePortUrls(cluster, 'hello')) {
    await waitFor(`${url} answers from both pods`, async () => {
      return (await answersOf(url, 8)).size === 2
    })
  }
}

describe('a pod', () => {
  it('whose container is killed gets another one in the same place', async () => {
    const { pod, host } = await freshPod()
    await host.docker('kill', await containerOf(host, pod, 'hello'))
    const now = await readyAgain(pod, (one) => restartsOf(one) === (restartsOf(pod) ?? 0) + 1)
    expect(now.status?.podIP).toBe(pod.status?.podIP)
    await helloAnswersEverywhere()
  })

  it('whose sandbox is killed is built anew, and its Service finds it', async () => {
    const { pod, host } = await freshPod()
    const before = await runningContainers(host, pod)
    expect(before).toHaveLength(2)
    const begin = performance.now()
    await host.docker('kill', await containerOf(host, pod, 'POD'))
    const now = await readyAgain(pod, (one) => restartsOf(one) === (restartsOf(pod) ?? 0) + 1)
    console.log(`sandbox killed, pod ready again: ${Math.round(performance.now() - begin)} ms`)
    const after = await runningContainers(host, now)
    expect(after).toHaveLength(2)
    expect(after.filter((container) => before.includes(container))).toEqual([])
    await helloAnswersEverywhere()
  })
})

describe('a backend that dies under load', () => {
  it('costs nobody a request that came after it was known', async () => {
    const host = cluster.host(1)
    const { spec, ...rest } = boundPod('mortal', host)
    const mortal = { ...rest, metadata: { name: 'mortal', labels: { app: 'hello' } }, spec: { ...spec, restartPolicy: 'Never' } }
    await cluster.kubectlOk(['apply', '-f', '-'], JSON.stringify(mortal))
    const pod = await readyPod(cluster, 'mortal')
    await using load = new Load(await nodePortUrls(cluster, 'hello'), { clients: 16 })
    for (const { ip } of cluster.hosts)
      await waitFor(`${ip} leads to the third pod`, () =>
        load.answers.some(({ url, body }) => url.includes(ip) && body === 'hello from mortal'),
      )
    await host.docker('kill', await containerOf(host, pod, 'hello'))
    const diedAt = performance.now()
    for (const one of cluster.hosts)
      await waitFor(
        `${one.name} knows that it is dead`,
        async () => !(await one.exec(NFT_RULES)).includes(`${pod.status?.podIP} `),
      )
    const knownAt = performance.now()
    await load.goesOn(100)
    await load.stop()
    const [late, all] = [load.since(diedAt).filter(({ error }) => error !== undefined), load.failures]
    console.log(
      `died under load, known after ${Math.round(knownAt - diedAt)} ms: ${all.length} lost, ${late.length} asked after its death`,
    )
    expect(load.since(knownAt).filter(({ error }) => error !== undefined)).toEqual([])
    await cluster.kubectlOk(['delete', 'pod', 'mortal', '--timeout=120s'])
  })
})

describe('an agent', () => {
  it('that is killed finds its containers as it left them', async () => {
    const { pod, host } = await freshPod()
    const containers = await runningContainers(host)
    await using load = new Load(await nodePortUrls(cluster, 'hello'))
    await load.goesOn(20)
    await host.killAgent()
    await load.goesOn(50)
    await host.startAgent()
    await agentIsBack(pod)
    await load.stop()
    expect(load.failures).toEqual([])
    await agentAdopted(host, pod, containers)
  })

  it('whose data directory is lost knows its containers by their labels', async () => {
    const { pod, host } = await freshPod()
    const containers = await runningContainers(host)
    await host.killAgent()
    // Its proxy ends by itself, and may have something to keep there before.
    await waitFor('its proxy has ended', async () => (await host.pidOf('proxy')) === undefined)
    rmSync(join(cluster.home, `agent-${host.name}`), { recursive: true })
    await host.startAgent()
    await agentIsBack(pod)
    await agentAdopted(host, pod, containers)
  })

  it('that starts while the master is away looks after its pods, its Services and DNS, also after its host has restarted', async () => {
    const { pod, host } = await freshPod()
    await keptBy(host, pod)
    await cluster.killMaster()
    await host.killAgent()
    await host.startAgent({ withToken: false })
    await serviceAnswersOn(host, pod)
    const first = await containerOf(host, pod, 'hello')
    await host.docker('kill', first)
    const second = await runsAgain(host, pod, first)
    await serviceAnswersOn(host, pod)

    await host.powerOff()
    await host.powerOn()
    await host.startAgent({ withToken: false })
    await runsAgain(host, pod, second)
    await serviceAnswersOn(host, pod)

    await cluster.startMaster()
    const now = await readyAgain(pod, (one) => restartsOf(one) === (restartsOf(pod) ?? 0) + 2)
    expect(now.status?.podIP).toBe(pod.status?.podIP)
    await cluster.nodesReady()
    await readyPods(cluster, 'hello', 2)
    await helloAnswersEverywhere()
  })

  /** Its container is another one than before: the id. */
  async function runsAgain(host: ClusterHost, pod: Pod, before: string): Promise<string> {
    return await waitFor('the container runs again', async () => {
      const now = await containerOf(host, pod, 'hello')
      return now !== '' && now !== before && now
    })
  }

  /** By the Service's address and by its name, from the host itself. */
  async function serviceAnswersOn(host: ClusterHost, pod: Pod): Promise<void> {
    const [clusterIp = '?'] = kept<Service>(host, 'services').flatMap(({ metadata, spec }) =>
      metadata.name === 'hello' ? [spec.clusterIP ?? '?'] : [],
    )
    const name = 'hello.default.svc.cluster.local'
    await waitFor('the name is known', async () =>
      (await host.exec(['busybox', 'nslookup', name, '10.112.0.10'])).includes(clusterIp),
    )
    await waitFor('the Service answers from this pod, too', async () =>
      (await host.fetch(`http://${clusterIp}/`)).includes(pod.metadata.name),
    )
  }

  /** The agent and its proxy have written down what they know of the pod. */
  async function keptBy(host: ClusterHost, pod: Pod): Promise<void> {
    await waitFor(`${host.name} has kept the pod and its endpoint`, () => {
      const slices = kept<EndpointSlice>(host, 'proxy/endpoint-slices')
      const ready = slices.flatMap(({ endpoints }) => endpoints ?? []).filter(({ conditions }) => conditions?.ready)
      return (
        kept<Pod>(host, 'pods').some((one) => one.metadata.uid === pod.metadata.uid && podIsReady(one)) &&
        ready.some(({ targetRef }) => targetRef?.uid === pod.metadata.uid) &&
        kept<readonly [string]>(host, 'answers').some(([key]) => key.startsWith(`token/${pod.metadata.uid}`)) &&
        ['services', 'proxy/services'].every((name) =>
          kept<Service>(host, name).some(({ metadata }) => metadata.name === 'hello'),
        )
      )
    })
  }

  function kept<T>(host: ClusterHost, name: string): readonly T[] {
    const file = join(cluster.home, `agent-${host.name}`, 'checkpoint', `${name}.json`)
    return JSON.parse(readFileSync(file, 'utf8').split('\n')[1] ?? '').content
  }

  /** It answers for its pods. */
  async function agentIsBack({ metadata }: Pod): Promise<void> {
    await waitFor('the agent answers', async () => (await cluster.kubectl(['logs', metadata.name])).code === 0)
  }

  /** It has taken over what runs, and nothing else; it notices what happens from now on. */
  async function agentAdopted(host: ClusterHost, pod: Pod, containers: readonly string[]): Promise<void> {
    expect(await runningContainers(host)).toEqual(containers)
    // On a slow machine the node may have been away long enough for its pods to be taken for unready.
    const now = await readyAgain(pod)
    expect(now.status?.containerStatuses).toEqual(pod.status?.containerStatuses)
    await host.docker('kill', await containerOf(host, pod, 'hello'))
    await readyAgain(pod, (one) => restartsOf(one) === (restartsOf(pod) ?? 0) + 1)
    await helloAnswersEverywhere()
  }
})

describe('a proxy', () => {
  it('that is killed leaves its rules to work, and comes back', async () => {
    const { host } = await freshPod()
    const urls = await nodePortUrls(cluster, 'hello', [host])
    await using load = new Load(urls)
    await load.goesOn(20)
    const before = await host.kill('proxy')
    await waitFor('another proxy runs', async () => {
      const now = await host.pidOf('proxy')
      return now !== undefined && now !== before
    })
    await load.goesOn(100)
    await load.stop()
    expect(load.failures).toEqual([])
    await cluster.kubectlOk(['scale', 'deploy/hello', '--replicas=3'])
    const names = (await readyPods(cluster, 'hello', 3)).map(({ metadata }) => `hello from ${metadata.name}`).sort()
    await using after = new Load(urls)
    await waitFor('the host knows the third pod', () => new Set(after.answers.map(({ body }) => body)).size === 3)
    expect([...new Set(after.answers.map(({ body }) => body))].sort()).toEqual(names)
    await cluster.kubectlOk(['scale', 'deploy/hello', '--replicas=2'])
    await readyPods(cluster, 'hello', 2)
    await after.stop()
    expect(after.failures).toEqual([])
  })
})

describe('a Docker daemon', () => {
  it('that is killed and restarts with live-restore changes nothing for its pods', async () => {
    const { pod, host } = await freshPod()
    const containers = await runningContainers(host)
    await using load = new Load(await nodePortUrls(cluster, 'hello'))
    await host.killDaemon()
    await nodeSays(host, 'False')
    await host.startDaemon()
    await nodeSays(host, 'True')
    expect(await runningContainers(host)).toEqual(containers)
    expect(restartsOf(await same(pod))).toBe(restartsOf(pod))
    await load.stop()
    expect(load.failures).toEqual([])
    await host.docker('kill', await containerOf(host, pod, 'hello'))
    await readyAgain(pod, (one) => restartsOf(one) === (restartsOf(pod) ?? 0) + 1)
  })

  it('that is replaced by another, as in an upgrade, leaves its pods as they are, and those that died meanwhile come back', async () => {
    const host = cluster.host(0)
    for (const name of ['lives', 'dies']) await cluster.kubectlOk(['apply', '-f', '-'], JSON.stringify(boundPod(name, host)))
    const [lives, dies] = [await readyPod(cluster, 'lives'), await readyPod(cluster, 'dies')]
    const before = await runningContainers(host, lives)
    const pid = await host.docker('inspect', '-f', '{{.State.Pid}}', await containerOf(host, dies, 'hello'))
    await host.stopDaemon()
    await host.exec(['kill', '-9', pid.trim()])
    await host.startDaemon({ args: ['--log-driver=local', '--default-ulimit=nofile=4096:4096', '--label=of=another'] })
    await waitFor('the dead one runs again', async () => restartsOf(await readyPod(cluster, 'dies')) === 1)
    expect(await runningContainers(host, lives)).toEqual(before)
    expect((await readyPod(cluster, 'lives')).status?.containerStatuses).toEqual(lives.status?.containerStatuses)
    // What is new for this daemon is not how its containers are made.
    const driver = await host.docker('inspect', '-f', '{{.HostConfig.LogConfig.Type}}', await containerOf(host, dies, 'hello'))
    expect(driver).toBe('json-file\n')
    await cluster.kubectlOk(['delete', 'pod', 'lives', 'dies', '--timeout=120s'])
  })

  it('that takes its containers with it has them all back, each once, within seconds of its return', async () => {
    const host = cluster.host(0)
    await host.killDaemon()
    await nodeSays(host, 'False')
    await host.startDaemon({ liveRestore: false })
    await nodeSays(host, 'True')
    await cluster.kubectlOk(['apply', '-f', '-'], JSON.stringify(boundPod('bound', host)))
    const pod = await readyPod(cluster, 'bound')
    const before = await runningContainers(host, pod)
    const stopping = performance.now()
    await host.stopDaemon()
    const returning = performance.now()
    await host.startDaemon()
    const now = await waitFor('the pod runs anew, once', async () => {
      const one = await readyPod(cluster, 'bound')
      const running = await runningContainers(host, pod)
      const id = one.status?.containerStatuses?.[0]?.containerID?.slice('docker://'.length) ?? '?'
      const isNew = running.length === 2 && !running.some((container) => before.includes(container))
      return isNew && running.some((container) => container.startsWith(id)) && one
    })
    const tookMs = performance.now() - returning
    console.log(
      `dockerd took ${Math.round(returning - stopping)} ms to stop; after its return the pod is ready in ${Math.round(tookMs)} ms`,
    )
    expect(tookMs).toBeLessThan(SLOW * BACK_MS)
    expect(now.metadata.uid).toBe(pod.metadata.uid)
    await readyPods(cluster, 'hello', 2)
    await helloAnswersEverywhere()
  })

  async function nodeSays(host: ClusterHost, wanted: string): Promise<void> {
    await waitFor(`${host.name} is Ready ${wanted}`, async () => {
      const { status } = await cluster.client.get<Node>(NODES, { name: host.name })
      return status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === wanted)
    })
  }
})

describe('the master', () => {
  it('that is killed comes back with all it has acknowledged, and nobody suffers meanwhile', async () => {
    const pods = await readyPods(cluster, 'hello', 2)
    const acknowledged: ConfigMap[] = []
    const writing = (async () => {
      for (let i = 0; ; i++) {
        const draft = { metadata: { name: `note-${i}`, namespace: 'default' }, data: { i: String(i) } }
        acknowledged.push(await cluster.client.create<ConfigMap>(CONFIG_MAPS, draft as never))
      }
    })().catch(() => undefined)
    await using load = new Load(await nodePortUrls(cluster, 'hello'))
    await waitFor('some are written', () => acknowledged.length > 50)
    await cluster.killMaster()
    await writing
    for (const host of cluster.hosts)
      expect(await host.exec(['busybox', 'nslookup', 'hello.default.svc.cluster.local', '10.112.0.10'])).toMatch(
        /Address.* 10\.112\./,
      )
    // Long enough for every agent's silence to count, if the master's own absence did.
    await lastsFor(SILENCE_COUNTS_MS)
    const begin = performance.now()
    await cluster.startMaster()
    console.log(`master serves again after ${Math.round(performance.now() - begin)} ms`)
    const { items } = await cluster.client.list<ConfigMap>(CONFIG_MAPS, { namespace: 'default' })
    const kept = new Map(items.map(({ metadata }) => [metadata.name, metadata]))
    for (const { metadata } of acknowledged) {
      expect(kept.get(metadata.name)).toMatchObject({ uid: metadata.uid, resourceVersion: metadata.resourceVersion })
    }
    await lastsFor(SILENCE_COUNTS_MS)
    await load.goesOn(20)
    await load.stop()
    expect(load.failures).toEqual([])
    const now = await readyPods(cluster, 'hello', 2)
    expect(now.map(({ metadata }) => metadata.uid).sort()).toEqual(pods.map(({ metadata }) => metadata.uid).sort())
    expect(now.map(restartsOf)).toEqual(pods.map(restartsOf))
    await cluster.kubectlOk(['rollout', 'restart', 'deploy/hello'])
    await cluster.kubectlOk(['rollout', 'status', 'deploy/hello', '--timeout=120s'])
  })

  it('whose data is restored from a backup is believed by all, and pods that it does not know are removed', async () => {
    const pods = await readyPods(cluster, 'hello', 2)
    const folder = join(cluster.home, 'master')
    const files = () => readdirSync(folder).filter((name) => name.startsWith('skiff.db') && !name.endsWith('.acknowledged'))
    await cluster.killMaster()
    const backup = new Map(files().map((name) => [name, readFileSync(join(folder, name))]))
    await cluster.startMaster()
    const host = cluster.host(1)
    await cluster.kubectlOk(['apply', '-f', '-'], JSON.stringify(boundPod('unknown', host)))
    const unknown = await readyPod(cluster, 'unknown')
    await cluster.killMaster()
    for (const name of files()) rmSync(join(folder, name))
    for (const [name, bytes] of backup) writeFileSync(join(folder, name), bytes)
    rmSync(join(folder, 'skiff.db.acknowledged'))
    await cluster.startMaster()

    await waitFor('nothing runs of the pod that nobody knows', async () => (await runningContainers(host, unknown)).length === 0)
    const now = await readyPods(cluster, 'hello', 2)
    expect(now.map(({ metadata }) => metadata.uid).sort()).toEqual(pods.map(({ metadata }) => metadata.uid).sort())
    expect(now.map(restartsOf)).toEqual(pods.map(restartsOf))
    await cluster.kubectlOk(['scale', 'deploy/hello', '--replicas=3'])
    const known = new Set(pods.map(({ metadata }) => metadata.uid))
    const newest = (await readyPods(cluster, 'hello', 3)).find(({ metadata }) => !known.has(metadata.uid))
    expect(revisionOf(newest)).toBeGreaterThan(revisionOf(unknown) + 1_000_000)
    await waitFor('every proxy knows the third pod', async () => {
      for (const url of await nodePortUrls(cluster, 'hello'))
        if (!(await answersOf(url, 24)).has(`hello from ${newest?.metadata.name}`)) return false
      return true
    })
  })
})

const revisionOf = (pod: Pod | undefined) => Number(pod?.metadata.resourceVersion)

async function answersOf(url: string, times: number): Promise<ReadonlySet<string>> {
  const answers = new Set<string>()
  for (let i = 0; i < times; i++) answers.add((await (await fetch(url, { headers: { connection: 'close' } })).text()).trim())
  return answers
}
