/** Hosts join by the printed line, and leave when they are deleted. */
import { isNotFound, NODES, type Node } from '@skiff/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cluster, type ClusterHost, manifest, startCluster } from '../support/cluster.ts'
import { waitFor } from '../support/wait-for.ts'
import { nodePortUrls, readyPods } from '../support/workloads.ts'

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
    () => '',
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

  it('with a name that another one has is told in one line', async () => {
    expect(await type(await printedLine(), newcomer, { name: 'node1' })).toMatch(
      /^the node name node1 is taken by another machine \(10\.[\d.]+\): choose another with --node-name, or stop the agent there and wait 40 s$/,
    )
  })

  it('joins by the printed line, and pods land there', async () => {
    const joined = type(await printedLine(), newcomer)
    await cluster.nodesReady([newcomer.name])
    await cluster.kubectlOk(['scale', 'deploy/hello', '--replicas=6'])
    const pods = await readyPods(cluster, 'hello', 6)
    expect(pods.map(({ spec }) => spec.nodeName)).toContain(newcomer.name)
    for (const url of await nodePortUrls(cluster, 'hello', [newcomer]))
      await waitFor(`${url} answers`, async () => (await fetch(url)).ok)

    await cluster.kubectlOk(['drain', newcomer.name, '--timeout=60s'])
    await cluster.kubectlOk(['delete', 'node', newcomer.name])
    expect(await joined).toBe(
      `node ${newcomer.name} was deleted from the cluster: its pods, rules and credentials are removed from this host; to join again, run \`skiff token create\` on the master and type the line that it prints`,
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
