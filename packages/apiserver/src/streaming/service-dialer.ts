import type { Duplex } from 'node:stream'
import type { ObjectReader } from '../registry/resource-definition.ts'
import { type AgentCredentials, Agents } from './agent/agents.ts'
import { connectPod } from './proxy/connect-pod.ts'
import { noEndpoints, servicePods } from './proxy/proxy-target.ts'

export interface ServiceAddress {
  readonly namespace: string
  readonly name: string
  readonly port: number
}

/** Connects to a ready pod of a Service. Throws ApiError: NotFound, ServiceUnavailable. */
export type DialService = (service: ServiceAddress) => Promise<Duplex>

export interface ServiceDialerOptions {
  readonly objects: ObjectReader
  readonly credentials: () => AgentCredentials
  readonly random: () => number
  readonly signal: AbortSignal
}

/**
 * How the server reaches what runs in the cluster: webhooks and extension servers. By way of the pod's agent, so that
 * the master needs no route to pods, and so that no address that somebody wrote into an object is ever dialled.
 */
export function createServiceDialer({ objects, credentials, random, signal }: ServiceDialerOptions): DialService {
  const agents = new Agents({ objects, credentials })
  signal.addEventListener('abort', () => agents.close(), { once: true })
  return async ({ namespace, name, port }) => {
    const pods = servicePods(objects, { namespace, name, port: String(port) })
    const chosen = pods[Math.floor(random() * pods.length)]
    if (chosen === undefined) throw noEndpoints(name)
    return await connectPod(agents, chosen.pod, chosen.port)
  }
}
