import type { HostPort, PodNetwork } from '../runtime/runtime.ts'
import { AddressAllocator, cidrContains } from './addresses.ts'
import { configureFirewall, removeFirewall, setNodes } from './firewall.ts'
import type { HostCommands } from './host-commands.ts'
import { HostPorts } from './host-ports.ts'
import { type ClusterMarks, clusterMarks, linkName } from './names.ts'
import { type Peer, setOwnRoute, setPeerRoutes } from './peer-routes.ts'
import { plumbPod, removeLink } from './plumbing.ts'
import { watchRoutes } from './watch-routes.ts'

export interface PodNetworkOptions {
  readonly clusterId: string
  readonly commands: HostCommands
}

interface Configuration {
  readonly podCidr: string
  readonly clusterCidr: string
  readonly serviceCidr: string
  readonly nodeIp: string
}

/** The pod network of this host, made of the kernel's own parts: routed links, routes, nftables. */
export function createPodNetwork(options: PodNetworkOptions): PodNetwork {
  return new RoutedPodNetwork(options)
}

class RoutedPodNetwork implements PodNetwork {
  readonly #clusterId: string
  readonly #marks: ClusterMarks
  readonly #commands: HostCommands
  readonly #hostPorts: HostPorts
  #addresses: AddressAllocator | undefined
  #configuration: Configuration | undefined
  /** undefined: nobody has said yet, and what an earlier agent of this host set stays. */
  #peers: readonly Peer[] | undefined

  constructor({ clusterId, commands }: PodNetworkOptions) {
    this.#clusterId = clusterId
    this.#marks = clusterMarks(clusterId)
    this.#commands = commands
    this.#hostPorts = new HostPorts(commands, this.#marks.table)
  }

  async configure(options: Configuration): Promise<void> {
    if (this.#configuration?.podCidr !== options.podCidr) this.#addresses = new AddressAllocator(options.podCidr)
    this.#configuration = options
    await this.#commands.setSysctl('net.ipv4.ip_forward', '1')
    await this.#commands.run('ip', ['addr', 'replace', `${this.#allocator().nodeAddress}/32`, 'dev', 'lo'])
    await configureFirewall(this.#commands, this.#marks, options)
    await this.#hostPorts.restore()
    if (this.#peers === undefined) await setOwnRoute(this.#commands, options.podCidr)
    else await this.setPeers(this.#peers)
  }

  async setPeers(peers: readonly Peer[]): Promise<void> {
    const { clusterCidr, podCidr, nodeIp } = this.#configured()
    this.#peers = peers
    await setNodes(this.#commands, this.#marks, [nodeIp, ...peers.map((peer) => peer.nodeIp)])
    await setPeerRoutes(this.#commands, peers, { clusterCidr, podCidr })
  }

  watchPeers(onLost: () => void, signal: AbortSignal): Promise<void> {
    return watchRoutes(this.#commands, onLost, signal)
  }

  allocate(podUid: string): string {
    return this.#allocator().allocate(podUid)
  }

  adopt(podUid: string, ip: string): void {
    this.#allocator().adopt(podUid, ip)
  }

  reserve(podUid: string, ip: string): void {
    this.#allocator().reserve(podUid, ip)
  }

  release(podUid: string): void {
    this.#allocator().release(podUid)
  }

  async plumb({ podUid, pid, ip, hostPorts }: Parameters<PodNetwork['plumb']>[0]): Promise<void> {
    const link = linkName(this.#clusterId, podUid)
    const { nodeAddress } = this.#allocator()
    await plumbPod(this.#commands, { link, pid, ip, nodeAddress, comment: this.#marks.comment })
    await this.#openHostPorts(podUid, ip, hostPorts, link)
  }

  async unplumb(podUid: string): Promise<void> {
    await this.#hostPorts.close(podUid, this.#addresses?.addressOf(podUid))
    const link = linkName(this.#clusterId, podUid)
    // As a rule it went with its sandbox.
    if (await this.#commands.hasLink(link)) await removeLink(this.#commands, link)
  }

  async cleanup({ clusterCidr }: { readonly clusterCidr: string }): Promise<void> {
    this.#hostPorts.releaseAll()
    await setPeerRoutes(this.#commands, [], { clusterCidr, podCidr: undefined })
    await removeFirewall(this.#commands, this.#marks)
    for (const link of await this.#ownLinks()) await removeLink(this.#commands, link)
    for (const address of await this.#ownAddresses(clusterCidr)) {
      await this.#commands.run('ip', ['addr', 'del', `${address}/32`, 'dev', 'lo'])
    }
  }

  async #openHostPorts(podUid: string, ip: string, ports: readonly HostPort[], link: string): Promise<void> {
    // Lets this host's own 127.0.0.1 reach the pod by its host port.
    if (ports.length > 0) await this.#commands.setSysctl(`net.ipv4.conf.${link}.route_localnet`, '1')
    await this.#hostPorts.open(podUid, ip, ports)
  }

  async #ownLinks(): Promise<readonly string[]> {
    const links = await this.#listJson<{ ifname: string; ifalias?: string }>(['-j', 'link', 'show', 'type', 'veth'])
    return links.filter(({ ifalias }) => ifalias === this.#marks.comment).map(({ ifname }) => ifname)
  }

  async #ownAddresses(clusterCidr: string): Promise<readonly string[]> {
    const links = await this.#listJson<{ addr_info?: { local: string }[] }>(['-j', '-4', 'addr', 'show', 'dev', 'lo'])
    return links
      .flatMap(({ addr_info = [] }) => addr_info.map(({ local }) => local))
      .filter((ip) => cidrContains(clusterCidr, ip))
  }

  async #listJson<T>(args: readonly string[]): Promise<readonly T[]> {
    const answer = await this.#commands.run('ip', args)
    return answer.trim() === '' ? [] : JSON.parse(answer)
  }

  #allocator(): AddressAllocator {
    if (this.#addresses === undefined) throw new Error('this node has no range of pod addresses yet')
    return this.#addresses
  }

  #configured(): Configuration {
    if (this.#configuration === undefined) throw new Error('this node has no range of pod addresses yet')
    return this.#configuration
  }
}
