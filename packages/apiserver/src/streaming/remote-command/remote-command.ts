import type { Status } from '@skiff/api'
import type { RequestInfo, StreamRequest } from '../../http/request-context.ts'
import { isTrue } from '../../http/request-info.ts'
import type { ObjectReader } from '../../registry/resource-definition.ts'
import {
  acceptSpdy,
  acceptWebSocket,
  chooseSpdyProtocol,
  chooseWebSocketProtocol,
  offersNoProtocol,
  type Upgrade,
  upgradeKind,
} from '../accept-upgrade.ts'
import type { Agents } from '../agent/agents.ts'
import { containerOf, nodeOf, podOf, refuseCompleted } from '../pod-target.ts'
import { CHANNEL, type ChannelPeer, channelMessage } from './channels.ts'
import { spdyPeer } from './spdy-peer.ts'
import { BASE64_CHANNELS, BINARY_CHANNELS, webSocketPeer } from './web-socket-peer.ts'

const AGENT_PROTOCOL = 'v5.channel.k8s.io'
const WEB_SOCKET_PROTOCOLS = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v5.base64.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
] as const
/** The first of its protocols tell a failure in words instead of by a Status, and of success nothing. */
const PLAIN_STATUS_PROTOCOLS: readonly string[] = ['channel.k8s.io', 'base64.channel.k8s.io']
const SPDY_PROTOCOLS = ['v4.channel.k8s.io'] as const
const STREAM_FLAGS = ['stdin', 'stdout', 'stderr', 'tty'] as const

/**
 * `exec` and `attach`: the client, by WebSocket or SPDY, is joined with the agent's WebSocket. The agent is asked
 * first: as long as it hasn't accepted, the client can still be told by a Status why not.
 */
export async function relayRemoteCommand(
  stream: StreamRequest & Upgrade,
  { objects, agents }: { readonly objects: ObjectReader; readonly agents: Agents },
): Promise<void> {
  const { info } = stream
  const accept = clientAcceptor(stream)
  const pod = podOf(info, objects)
  const container = containerOf(pod, info.query.get('container') ?? '')
  refuseCompleted(pod, `${info.subresource} into`.replace('attach into', 'attach to'))
  const agentSocket = await agents.openWebSocket(nodeOf(pod), agentPath(info, container), AGENT_PROTOCOL)
  const agent = webSocketPeer(agentSocket, BINARY_CHANNELS)
  const client = await accept()
  if (client === undefined) return agent.close()
  await relay(client, agent)
}

/** Checks what the client asks for; the function that comes back answers 101. */
function clientAcceptor(stream: StreamRequest & Upgrade): () => Promise<ChannelPeer | undefined> {
  switch (upgradeKind(stream.request)) {
    case 'websocket': {
      const protocol = offersNoProtocol(stream.request)
        ? undefined
        : chooseWebSocketProtocol(stream.request, WEB_SOCKET_PROTOCOLS)
      const codec = protocol?.includes('base64') ? BASE64_CHANNELS : BINARY_CHANNELS
      return async () => {
        const peer = webSocketPeer(await acceptWebSocket(stream, protocol), codec)
        return protocol === undefined || PLAIN_STATUS_PROTOCOLS.includes(protocol) ? withPlainStatus(peer) : peer
      }
    }
    case 'spdy': {
      const protocol = chooseSpdyProtocol(stream.request, SPDY_PROTOCOLS)
      return () => spdyPeer(acceptSpdy(stream, protocol), expectedStreams(stream.info))
    }
  }
}

function withPlainStatus(peer: ChannelPeer): ChannelPeer {
  return {
    ...peer,
    async send(message) {
      if (message[0] !== CHANNEL.status) return await peer.send(message)
      const { status, message: text = '' } = JSON.parse(message.subarray(1).toString('utf8')) as Partial<Status>
      if (status !== 'Success') await peer.send(channelMessage(CHANNEL.status, Buffer.from(text)))
    },
  }
}

function expectedStreams({ query }: RequestInfo): string[] {
  const isOn = (flag: string) => isTrue(query.get(flag))
  const outputs = isOn('tty') ? ['stdin', 'stdout'] : ['stdin', 'stdout', 'stderr']
  return ['error', ...outputs.filter(isOn), ...(isOn('tty') ? ['resize'] : [])]
}

function agentPath({ subresource, namespace, name, query }: RequestInfo, container: string): string {
  const passed = new URLSearchParams()
  for (const word of query.getAll('command')) passed.append('command', word)
  for (const flag of STREAM_FLAGS) if (isTrue(query.get(flag))) passed.set(flag, 'true')
  return `/${subresource}/${[namespace, name, container].map(encodeURIComponent).join('/')}?${passed}`
}

/** Until the agent ends it, or the client leaves; the agent then stops what it runs for it. */
async function relay(client: ChannelPeer, agent: ChannelPeer): Promise<void> {
  const clientLeft = forward(client, agent).then(() => agent.close())
  let sawStatus = false
  for await (const message of agent.messages()) {
    sawStatus ||= message[0] === CHANNEL.status
    await client.send(message)
  }
  if (!sawStatus) await client.send(channelMessage(CHANNEL.status, Buffer.from(JSON.stringify(LOST))))
  client.close()
  await clientLeft
}

async function forward(from: ChannelPeer, to: ChannelPeer): Promise<void> {
  for await (const message of from.messages()) await to.send(message)
}

const LOST: Status = {
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  reason: 'InternalError',
  message: 'the connection to the agent was lost before the command ended',
  code: 500,
}
