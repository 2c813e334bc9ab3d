/** Everything that is not one request and one answer: logs, exec, attach, port-forward, proxies, nodes' heartbeats. */

import { badRequest } from '@skiff/api'
import { noSuchResource } from '../http/refusals.ts'
import type { Streaming } from '../http/request-context.ts'
import type { NodeLiveness } from '../liveness/node-liveness.ts'
import type { ObjectReader } from '../registry/resource-definition.ts'
import { type AgentCredentials, Agents } from './agent/agents.ts'
import { relayLogs, serveLogs } from './logs.ts'
import { acceptNodeStream, livenessNode } from './node-stream.ts'
import { podOf } from './pod-target.ts'
import { relayPortForward } from './port-forward/port-forward.ts'
import { serveProxy, upgradeProxy } from './proxy/proxy.ts'
import { relayRemoteCommand } from './remote-command/remote-command.ts'

export type { AgentCredentials } from './agent/agents.ts'

export interface StreamingOptions {
  readonly objects: ObjectReader
  readonly liveness: NodeLiveness
  /** What the API server shows to agents; asked at each connection, because it is renewed. */
  readonly credentials: () => AgentCredentials
  /** Ends what is under way. */
  readonly signal: AbortSignal
}

export function createStreaming({ objects, liveness, credentials, signal }: StreamingOptions): Streaming {
  const agents = new Agents({ objects, credentials })
  const backend = { objects, agents, closing: signal }
  signal.addEventListener('abort', () => agents.close(), { once: true })
  return {
    async serve(stream) {
      switch (stream.info.subresource) {
        case 'log':
          return serveLogs(stream, backend)
        case 'proxy':
          return serveProxy(stream, backend)
        default:
          podOf(stream.info, objects)
          throw badRequest('Upgrade request required')
      }
    },
    async upgrade(stream) {
      const node = livenessNode(stream.info.path)
      if (node !== undefined) return acceptNodeStream(stream, node, liveness)
      switch (stream.info.subresource) {
        case 'exec':
        case 'attach':
          return relayRemoteCommand(stream, backend)
        case 'log':
          return relayLogs(stream, backend)
        case 'portforward':
          return relayPortForward(stream, backend)
        case 'proxy':
          return upgradeProxy(stream, backend)
        default:
          throw noSuchResource()
      }
    },
  }
}
