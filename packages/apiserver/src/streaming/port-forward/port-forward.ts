import { badRequest, type Pod } from '@skiff/api'
import { createWebSocketStream } from 'ws'
import type { StreamRequest } from '../../http/request-context.ts'
import type { ObjectReader } from '../../registry/resource-definition.ts'
import {
  acceptSpdy,
  acceptWebSocket,
  chooseSpdyProtocol,
  chooseWebSocketProtocol,
  offersWebSocketProtocol,
  type Upgrade,
  upgradeKind,
} from '../accept-upgrade.ts'
import type { Agents } from '../agent/agents.ts'
import { podOf } from '../pod-target.ts'
import { serveSpdyForwards } from './spdy-forwards.ts'
import { serveWebSocketForwards } from './web-socket-forwards.ts'

const TUNNEL_PROTOCOL = 'SPDY/3.1+portforward.k8s.io'
const SPDY_PROTOCOLS = ['portforward.k8s.io'] as const
const CHANNEL_PROTOCOLS = ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io'] as const

/**
 * `portforward`, in the three ways that clients know: SPDY, SPDY inside a WebSocket (kubectl since 1.31), and
 * channels of a WebSocket (client-node).
 */
export async function relayPortForward(
  stream: StreamRequest & Upgrade,
  { objects, agents }: { readonly objects: ObjectReader; readonly agents: Agents },
): Promise<void> {
  const { request, info } = stream
  const pod = podOf(info, objects)
  const kind = upgradeKind(request)
  refuseUnlessRunning(pod)
  if (kind === 'spdy') {
    const protocol = chooseSpdyProtocol(request, SPDY_PROTOCOLS)
    return serveSpdyForwards(acceptSpdy(stream, protocol), pod, agents)
  }
  if (offersWebSocketProtocol(request, TUNNEL_PROTOCOL)) {
    const tunnel = createWebSocketStream(await acceptWebSocket(stream, TUNNEL_PROTOCOL))
    tunnel.on('error', () => undefined)
    return serveSpdyForwards(tunnel, pod, agents)
  }
  const protocol = chooseWebSocketProtocol(request, CHANNEL_PROTOCOLS)
  const ports = info.query
    .getAll('ports')
    .flatMap((text) => text.split(','))
    .map(portNumber)
  if (ports.length === 0) throw badRequest('query parameter "ports" is required')
  await serveWebSocketForwards({ socket: await acceptWebSocket(stream, protocol), protocol, ports, pod, agents })
}

function refuseUnlessRunning(pod: Pod): void {
  const phase = pod.status?.phase ?? 'Pending'
  if (phase !== 'Running') throw badRequest(`unable to forward port because pod is not running. Current status=${phase}`)
}

export function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65_535) throw badRequest(`${JSON.stringify(text)} is not a port`)
  return port
}
