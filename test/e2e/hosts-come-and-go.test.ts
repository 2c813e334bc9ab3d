/** Hosts join by the printed line, and leave when they are deleted. */
import { isNotFound, LEASES, type Lease, NODES, type Node, PODS, type Pod } from '@skiff/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cluster, type ClusterHost, clockOff, manifest, nodeIsWhole, startCluster } from '../support/cluster.ts'
import { waitFor } from '../support/wait-for.ts'
import { boundPod, nodePortUrls, readyPod, readyPods } from '../support/workloads.ts'

let cluster: Cluster
let newcomer: ClusterHost

beforeAll(async () => {
  cluster = await startCluster({ hosts: 2 })
  newcomer = await cluster.addHost()
  await cluster.kubectlOk(['apply', '-f', '-'], manifest('hello.yaml'))
  await readyPods(cluster, 'hello', 2)
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

/** What `skiff token create` prints, typed on that host with what a test host needs besides. */
async function type(
  line: string,
  host: ClusterHost,
  { name = host.name, dataDir = `${cluster.home}/typed-${host.name}` } = {},
): Promise<string> {
  const [, ...words] = line.trim().split(' ')
  const own = ['--node-name', name, '--node-ip', host.ip, '--docker-host', host.dockerHost, '--data-dir', dataDir]
  return host.exec([cluster.program, ...words, ...own]).then(
    (said) => said.trimEnd().split('\n').at(-1) ?? '',
    (error: Error) => error.message.split(': skiff: ')[1] ?? error.message,
  )
}

const printedLine = async (...args: string[]) => (await cluster.skiff('token', 'create', ...args)).stdout

describe('a host', () => {
  it('with a wrong token is told in one line', async () => {
    const line = (await printedLine()).replace(/--token (\w+)\.\w+/, '--token $1.0123456789abcdef')
    expect(await type(line, newcomer)).toBe(
      `the master at ${cluster.server} refused the token: it is wrong or has expired; make a new one there with \`skiff token create\``,
    )
  })

  it('with an expired token is told in one line', async () => {
    const line = await printedLine('--ttl', '1s')
    await waitFor(
      'the token has expired',
      async () =>
        (await cluster.kubectlOk(['-n', 'kube-system', 'get', 'secrets', '-o', 'name'])).includes(
          /--token (\w+)/.exec(line)?.[1] ?? '?',
        ) === false,
    )
    expect(await type(line, newcomer)).toContain('it is wrong or has expired')
  })

  it('that does not know the master is told in one line', async () => {
    const line = (await printedLine()).replace(/sha256:\w+/, `sha256:${'0'.repeat(64)}`)
    const said = await type(line, newcomer)
    expect(said).toMatch(/ca-hash|another master|does not match/i)
    expect(said.trim().split('\n')).toHaveLength(1)
  })

  it('with a name that another one has is told in one line, and so is who asks doctor', async () => {
    const home = `${cluster.home}/taken`
    expect(await type(await printedLine(), newcomer, { name: 'node1', dataDir: `${home}/agent` })).toMatch(
      /^the node name node1 is taken by another machine \(10\.[\d.]+\): choose another with --node-name, or stop the agent there and wait until the node is no longer Ready$/,
    )
    expect(await newcomer.exec(['sh', '-c', `${cluster.program} --home ${home} doctor || true`])).toMatch(
      /^problem +node name +node1 is taken by another machine \(10\.[\d.]+\): .*--node-name/m,
    )
  })

  it('joins by the printed line, and pods land there', async () => {
    const joined = type(await printedLine(), newcomer)
    await cluster.nodesReady([newcomer.name])
    // Once more, while the first agent runs: that command ends, and says why.
    expect(await type(await printedLine(), newcomer)).toMatch(
      /^port 10250 is taken on this host: is another agent \(or a kubelet\) running\? Choose another with --port: /,
    )
    await cluster.kubectlOk(['scale', 'deploy/hello', '--replicas=6'])
    const pods = await readyPods(cluster, 'hello', 6)
    expect(pods.map(({ spec }) => spec.nodeName)).toContain(newcomer.name)
    for (const url of await nodePortUrls(cluster, 'hello', [newcomer]))
      await waitFor(`${url} answers`, async () => (await fetch(url)).ok)

    await cluster.kubectlOk(['drain', newcomer.name, '--timeout=120s'])
    await cluster.kubectlOk(['delete', 'node', newcomer.name])
    expect(await joined).toMatch(
      new RegExp(
        `^node ${newcomer.name} was deleted from the cluster: its pods, rules and credentials are removed from this host.*; to join again, run \`skiff token create\` on the master and type the line that it prints$`,
      ),
    )
    expect(await newcomer.docker('ps', '-aq')).toBe('')
    expect(await newcomer.exec(['nft', 'list', 'tables'])).not.toContain('skiff')
    expect(await newcomer.exec(['ip', 'route', 'show', 'proto', '145'])).toBe('')
    const elsewhere = await readyPods(cluster, 'hello', 6)
    expect(elsewhere.map(({ spec }) => spec.nodeName)).not.toContain(newcomer.name)
    await expect(cluster.client.get<Node>(NODES, { name: newcomer.name })).rejects.toSatisfy(isNotFound)
  })

  it('that was deleted joins again under its name', async () => {
    const joined = type(await printedLine(), newcomer)
    await cluster.nodesReady([newcomer.name])
    await cluster.kubectlOk(['delete', 'node', newcomer.name])
    expect(await joined).toContain(`node ${newcomer.name} was deleted from the cluster`)
  })
})

const nodeOf = ({ name }: ClusterHost) => cluster.client.get<Node>(NODES, { name })

async function tellsItsAddress(host: ClusterHost): Promise<void> {
  await waitFor(`${host.name} is whole at ${host.ip}`, async () => {
    const node = await nodeOf(host)
    return nodeIsWhole(node) && node.status?.addresses?.some(({ address }) => address === host.ip)
  })
}

/** Its own pods are reached from the other host, by their addresses and by the Service, and through the API server. */
async function isReached(host: ClusterHost, pod: Pod): Promise<void> {
  const other = cluster.host(0)
  await waitFor(`${pod.metadata.name} answers ${other.name}`, async () =>
    (await other.fetch(`http://${pod.status?.podIP}/`)).includes(pod.metadata.name),
  )
  const [url = ''] = await nodePortUrls(cluster, 'hello', [host])
  await waitFor(`${url} answers`, async () => (await fetch(url)).ok)
  await waitFor('its log comes', async () => (await cluster.kubectl(['logs', pod.metadata.name])).code === 0)
}

describe('a host that gets another address', () => {
  it('is found there: by routes, by its certificate, and by those who ask for its node', async () => {
    const host = cluster.host(1)
    await cluster.kubectlOk(['apply', '-f', '-'], JSON.stringify(boundPod('stays', host)))
    const pod = await readyPod(cluster, 'stays')
    await host.killAgent()
    await host.moveTo(101)
    await host.startAgent()
    await tellsItsAddress(host)
    await isReached(host, pod)
    expect(await cluster.host(0).exec(['ip', 'route', 'show', 'proto', '145'])).toContain(`via ${host.ip} `)
  })

  it('tells it even while its agent runs, if nobody told the agent which one to have', async () => {
    const host = cluster.host(1)
    const pod = await readyPod(cluster, 'stays')
    await host.stopAgent()
    await host.startAgent({ nodeIp: 'found' })
    // The node tells it still from before: it is the new agent that is to be there when the address changes.
    await isReached(host, pod)
    await tellsItsAddress(host)
    await host.moveTo(102)
    await tellsItsAddress(host)
    await isReached(host, pod)
    const now = await waitFor('the pod tells where it is', async () => {
      const one = await cluster.client.get<Pod>(PODS, { namespace: 'default', name: 'stays' })
      return one.status?.hostIP === host.ip && one
    })
    expect(now.metadata.uid).toBe(pod.metadata.uid)
    expect(now.status?.containerStatuses).toEqual(pod.status?.containerStatuses)
  })
})

describe('a clock that is off', () => {
  it.each([
    ['an hour ahead', 1],
    ['a year behind', -8_760],
  ])('on a host, %s, keeps no pod from running there', async (_, hours) => {
    const host = cluster.host(1)
    await host.stopAgent()
    const name = hours > 0 ? 'ahead' : 'behind'
    await host.startAgent({ env: clockOff(hours) })
    const before = await waitFor('it beats by its own clock', async () => {
      const { spec } = await cluster.client.get<Lease>(LEASES, { namespace: 'kube-node-lease', name: host.name })
      const off = Date.parse(spec.renewTime ?? '') - Date.now()
      return Math.abs(off - hours * 3_600_000) < 600_000 && spec.renewTime
    })
    expect(before).toBeDefined()
    await cluster.kubectlOk(['apply', '-f', '-'], JSON.stringify(boundPod(name, host)))
    await readyPod(cluster, name)
    await cluster.nodesReady([host.name])
    await cluster.kubectlOk(['delete', 'pod', name])
  })

  it('on the master drives nobody away', async () => {
    const pods = await readyPods(cluster, 'hello', 6)
    for (const hours of [2, -2]) {
      await cluster.killMaster()
      await cluster.startMaster(clockOff(hours))
    }
    const begin = performance.now()
    await waitFor('a silent node would be judged, and its pods evicted', () => performance.now() - begin > 10_000)
    await cluster.nodesReady(cluster.hosts.slice(0, 2).map(({ name }) => name))
    const now = await readyPods(cluster, 'hello', 6)
    expect(now.map(({ metadata }) => metadata.uid).sort()).toEqual(pods.map(({ metadata }) => metadata.uid).sort())
    expect(await cluster.kubectlOk(['create', 'token', 'default'])).not.toBe('')
  })
})
