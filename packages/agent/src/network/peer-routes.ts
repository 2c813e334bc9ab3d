import { cidrContains } from './addresses.ts'
import type { HostCommands } from './host-commands.ts'

/** Marks our routes in the kernel's table (`ip route show proto 145`). */
export const PROTOCOL = '145'

export interface Peer {
  readonly nodeIp: string
  readonly podCidr: string
}

export interface PeerRoute {
  readonly podCidr: string
  /** undefined: nobody is there. */
  readonly gateway: string | undefined
}

export interface RoutesOptions {
  readonly clusterCidr: string
  /** This host's own; undefined: it has none any more. */
  readonly podCidr: string | undefined
}

/**
 * One route per other host's range of pods: changed ones are replaced, those of hosts that left removed, others' not
 * touched. In this host's own range each pod has a route; what goes to none of them ends here, told at once to whoever
 * sent it: it would else leave by the default route.
 */
export async function setPeerRoutes(commands: HostCommands, peers: readonly Peer[], options: RoutesOptions): Promise<void> {
  const { clusterCidr, podCidr } = options
  const present = await presentRoutes(commands, clusterCidr)
  const wanted = await Promise.all(peers.map((peer) => routeTo(commands, peer)))
  const own = podCidr === undefined ? [] : [{ podCidr, gateway: undefined }]
  const batch = planPeerRoutes(present, [...own, ...wanted.filter((route) => route !== undefined)])
  if (batch.length > 0) await commands.run('ip', ['-force', '-batch', '-'], batch.map((line) => `${line}\n`).join(''))
}

/** Before the other nodes are known, so that what an earlier agent set stays. */
export async function setOwnRoute(commands: HostCommands, podCidr: string): Promise<void> {
  await commands.run('ip', lineOf({ podCidr, gateway: undefined }).split(' '))
}

export function planPeerRoutes(present: readonly PeerRoute[], wanted: readonly PeerRoute[]): readonly string[] {
  const has = (routes: readonly PeerRoute[], route: PeerRoute) =>
    routes.some(({ podCidr, gateway }) => podCidr === route.podCidr && gateway === route.gateway)
  const stale = present.filter((route) => !wanted.some(({ podCidr }) => podCidr === route.podCidr))
  const changed = wanted.filter((route) => !has(present, route))
  return [...stale.map(({ podCidr }) => `route del ${podCidr} proto ${PROTOCOL}`), ...changed.map(lineOf)]
}

function lineOf({ podCidr, gateway }: PeerRoute): string {
  const what = gateway === undefined ? `unreachable ${podCidr}` : `${podCidr} via ${gateway}`
  return `route replace ${what} proto ${PROTOCOL}`
}

interface KernelRoute {
  readonly dst: string
  readonly type?: string
  readonly gateway?: string
}

async function presentRoutes(commands: HostCommands, clusterCidr: string): Promise<readonly PeerRoute[]> {
  const answer = await commands.run('ip', ['-j', '-4', 'route', 'show', 'proto', PROTOCOL])
  const routes: readonly KernelRoute[] = answer.trim() === '' ? [] : JSON.parse(answer)
  return routes.flatMap(({ dst, gateway, type }) => {
    const isRange = gateway !== undefined || type === 'unreachable'
    return isRange && dst.includes('/') && cidrContains(clusterCidr, dst) ? [{ podCidr: dst, gateway }] : []
  })
}

/** The host itself when it is a neighbour, else whichever gateway leads there; none when it is this host or out of reach. */
async function routeTo(commands: HostCommands, { nodeIp, podCidr }: Peer): Promise<PeerRoute | undefined> {
  const answer = await commands.run('ip', ['-j', 'route', 'get', nodeIp]).catch(() => '[]')
  const [found]: readonly { readonly gateway?: string; readonly type?: string }[] = JSON.parse(answer)
  if (found === undefined || found.type === 'local') return undefined
  return { podCidr, gateway: found.gateway ?? nodeIp }
}
