import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CommandError, type HostCommands } from '../../packages/agent/src/network/host-commands.ts'
import { createPodNetwork } from '../../packages/agent/src/network/pod-network.ts'
import { createDockerRuntime } from '../../packages/agent/src/runtime/docker/docker-runtime.ts'
import type { HostPort } from '../../packages/agent/src/runtime/runtime.ts'
import { PLAIN_CONTAINER } from '../../packages/agent/src/runtime/testing/plain-container.ts'
import { run } from '../../packages/cli/src/hosts/index.ts'
import { freePort } from '../support/free-port.ts'
import { createTestFabric, type TestFabric, type TestHost } from '../support/test-host.ts'
import { importBusybox } from '../support/test-image.ts'

const CLUSTER_CIDR = '10.203.0.0/16'

describe('the pod network', () => {
  const clusterId = randomUUID()
  let fabric: TestFabric
  let one: Node
  let two: Node
  /** This process holds it outside of the host, where others may be. */
  let hostPort: number

  beforeAll(async () => {
    hostPort = await freePort()
    fabric = await createTestFabric()
    one = await createNode(await fabric.startHost('one'), '10.203.1.0/24', clusterId)
    two = await createNode(await fabric.startHost('two'), '10.203.2.0/24', clusterId)
    await one.network.setPeers([peerOf(two)])
    await two.network.setPeers([peerOf(one)])
  })

  afterAll(async () => {
    await fabric?.[Symbol.asyncDispose]()
  })

  test('pods reach each other under their own addresses, on one host and between two', async () => {
    const [a, b, c] = [await one.startPod('a'), await one.startPod('b'), await two.startPod('c')]

    expect(await b.fetch(a.ip)).toBe(`a for ${b.ip}`)
    expect(await c.fetch(a.ip)).toBe(`a for ${c.ip}`)
    expect(await a.fetch(c.ip)).toBe(`c for ${a.ip}`)
  })

  test('a host reaches its own pods from the node’s pod address, and those of others', async () => {
    const [a, c] = [await one.startPod('a'), await two.startPod('c')]

    expect(await one.fetch(a.ip)).toBe('a for 10.203.1.1')
    expect(await one.fetch(c.ip)).toBe(`c for ${one.host.ip}`)
  })

  test('to the world a pod looks like its node, to another node like itself', async () => {
    const a = await one.startPod('a')
    await one.network.setPeers([])
    const stranger = await two.listenOnHost()
    expect(await a.fetch(two.host.ip, stranger.port)).toBe(`two for ${one.host.ip}`)

    await one.network.setPeers([peerOf(two)])
    const known = await two.listenOnHost()
    expect(await a.fetch(two.host.ip, known.port)).toBe(`two for ${a.ip}`)
  })

  test('an address that no pod has is refused at once, from this host and from others', async () => {
    const a = await one.startPod('a')
    const c = await two.startPod('c')
    await one.network.unplumb(a.uid)

    await expect(one.fetch(a.ip)).rejects.toThrow(/No route to host/)
    await expect(c.fetch(a.ip)).rejects.toThrow(/No route to host/)
  })

  test('a host port leads to the pod from other hosts, from its own, from loopback and from the pod itself', async () => {
    const a = await one.startPod('a', [{ hostIp: '', hostPort, protocol: 'TCP', containerPort: 80 }])
    const c = await two.startPod('c')

    expect(await two.fetch(one.host.ip, hostPort)).toBe(`a for ${two.host.ip}`)
    expect(await c.fetch(one.host.ip, hostPort)).toBe(`a for ${c.ip}`)
    expect(await one.fetch(one.host.ip, hostPort)).toMatch(/^a for /)
    expect(await one.fetch('127.0.0.1', hostPort)).toBe('a for 10.203.1.1')
    expect(await a.fetch(one.host.ip, hostPort)).toMatch(/^a for /)

    await one.network.unplumb(a.uid)
    await expect(two.fetch(one.host.ip, hostPort)).rejects.toThrow()
  })

  test('plumbing and configuring again change nothing, and mend what was lost', async () => {
    const a = await one.startPod('a')
    const before = await one.traces()

    await one.network.configure(one.configuration)
    await a.plumb()
    expect(await one.traces()).toEqual(before)

    await one.host.exec(['iptables', '-F', 'FORWARD'])
    await one.host.exec(['ip', 'route', 'flush', 'proto', '145'])
    await one.network.configure(one.configuration)
    expect(await one.traces()).toEqual(before)
  })

  test('an agent that starts again leaves the routes as they are until it knows the nodes', async () => {
    const before = await one.traces()
    await createPodNetwork({ clusterId, commands: commandsInside(one.host) }).configure(one.configuration)
    expect(await one.traces()).toEqual(before)
  })

  test('a peer that moved is reached where it is now, and one that left not at all', async () => {
    await one.network.setPeers([{ node: 'x', nodeIp: `${fabric.fabric.prefix}.77`, podCidr: '10.203.7.0/24' }, peerOf(two)])
    await one.network.setPeers([{ node: 'x', nodeIp: `${fabric.fabric.prefix}.78`, podCidr: '10.203.7.0/24' }, peerOf(two)])
    expect(await one.host.exec(['ip', 'route', 'show', '10.203.7.0/24'])).toMatch(`via ${fabric.fabric.prefix}.78 `)

    await one.network.setPeers([peerOf(two)])
    expect(await one.host.exec(['ip', 'route', 'show', 'proto', '145'])).toMatch(
      /^unreachable 10\.203\.1\.0\/24 *\n10\.203\.2\.0\/24 via \S+ dev eth0 *\n$/,
    )
  })

  test('cleaning up leaves the host as it was', async () => {
    const host = await fabric.startHost('three')
    const before = await tracesOf(host)
    const three = await createNode(host, '10.203.3.0/24', clusterId)
    await three.network.setPeers([peerOf(one)])
    await three.startPod('d', [{ hostIp: '', hostPort: await freePort(), protocol: 'UDP', containerPort: 53 }])
    expect(await three.traces()).not.toEqual(before)

    await three.network.cleanup({ clusterCidr: CLUSTER_CIDR })

    expect(await three.traces()).toEqual(before)
  })
})

type Node = Awaited<ReturnType<typeof createNode>>

function peerOf(node: Node) {
  return { node: node.host.host.name, nodeIp: node.host.ip, podCidr: node.configuration.podCidr }
}

async function createNode(host: TestHost, podCidr: string, clusterId: string) {
  const imageId = await importBusybox(host, 'skiff-test/busybox:1', { files: { 'www/cgi-bin/who': WHO } })
  const website = join(host.host.folder, 'www')
  mkdirSync(join(website, 'cgi-bin'), { recursive: true })
  writeFileSync(join(website, 'cgi-bin', 'who'), WHO, { mode: 0o755 })
  const runtime = createDockerRuntime({ clusterId, node: host.host.name, dockerHost: host.dockerHost })
  const network = createPodNetwork({ clusterId, commands: commandsInside(host) })
  const configuration = { podCidr, clusterCidr: CLUSTER_CIDR, serviceCidr: '10.204.0.0/16', nodeIp: host.ip }
  await network.configure(configuration)
  let nextPort = 19_000
  return {
    host,
    network,
    configuration,
    fetch: async (ip: string, port = 80) => answerIn(await host.exec(['busybox', 'nc', '-w', '20', ip, String(port)], REQUEST)),
    traces: () => tracesOf(host),

    /** A server of the host's own. */
    async listenOnHost() {
      const port = nextPort++
      await host.exec(['busybox', 'httpd', '-p', String(port), '-h', website])
      return { port }
    },

    async startPod(name: string, hostPorts: readonly HostPort[] = []) {
      const pod = { namespace: 'default', name, uid: randomUUID() }
      const ip = network.allocate(pod.uid)
      const sandbox = await runtime.startSandbox({ pod, attempt: 0, hostname: name, labels: {}, hostNetwork: false })
      const plumb = () => network.plumb({ podUid: pod.uid, pid: sandbox.pid, ip, hostPorts })
      await plumb()
      const container = await runtime.startContainer({
        ...PLAIN_CONTAINER,
        pod,
        sandboxId: sandbox.id,
        imageId,
        entrypoint: ['httpd', '-f', '-p', '80', '-h', '/www'],
      })
      await expect.poll(() => host.docker('exec', container.id, 'cat', '/proc/net/tcp', '/proc/net/tcp6')).toContain(':0050 ')
      return {
        uid: pod.uid,
        ip,
        plumb,
        fetch: async (to: string, port = 80) =>
          answerIn(
            await run('docker', ['-H', host.dockerHost, 'exec', '-i', container.id, 'nc', '-w', '20', to, String(port)], REQUEST),
          ),
      }
    },
  }
}

const REQUEST = 'GET /cgi-bin/who HTTP/1.0\r\n\r\n'
/** Says who answers and who asks. */
const WHO = '#!/bin/sh\necho; echo "$(hostname) for $REMOTE_ADDR"\n'

function answerIn(response: string): string {
  const [, answerer, caller] = /(\S+) for \S*?(\d+\.\d+\.\d+\.\d+)/.exec(response) ?? []
  if (answerer === undefined) throw new Error(`no answer in ${JSON.stringify(response)}`)
  return `${answerer} for ${caller}`
}

function commandsInside(host: TestHost): HostCommands {
  const run: HostCommands['run'] = (command, args, input) =>
    host.exec([command, ...args], input).catch((error: Error) => {
      throw new CommandError(command, error.message, { cause: error })
    })
  return {
    run,
    script: (script) => run('sh', ['-c', script]),
    hasLink: async () => true,
    lines: async function* () {},
    setSysctl: async (name, value) => {
      await host.exec(['sh', '-c', `echo ${value} > /proc/sys/${name.replaceAll('.', '/')}`])
    },
  }
}

/** Everything that a pod network might leave behind. */
async function tracesOf(host: TestHost) {
  const [routes, links, addresses, tables, forward] = await Promise.all([
    host.exec(['ip', 'route']),
    host.exec(['ip', '-br', 'link']),
    host.exec(['ip', '-br', 'addr', 'show', 'lo']),
    host.exec(['nft', '-s', 'list', 'tables']),
    host.exec(['sh', '-c', 'iptables -S FORWARD | grep skiff || true']),
  ])
  return {
    routes: routes.split('\n').sort(),
    links: links.split('\n').map((line) => line.split(/\s/)[0]),
    addresses,
    tables,
    forward,
  }
}
