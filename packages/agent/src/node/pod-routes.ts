import { setTimeout as sleep } from 'node:timers/promises'
import { NODES, type Node } from '@skiff/api'
import { type ApiClient, createInformer, type Informer, type Log } from '@skiff/client'
import type { PodNetwork } from '../runtime/runtime.ts'

const WATCH_AGAIN_MS = 10_000

export interface PodRoutesOptions {
  readonly client: ApiClient
  readonly network: PodNetwork
  readonly node: string
  readonly clusterCidr: string
  readonly serviceCidr: string
  readonly nodeIp: string
  readonly onProblem: (message: string | undefined) => void
  readonly logger: Log
  readonly signal: AbortSignal
}

/** Waits for this node's range of pod addresses and sets up the pod network, then keeps the routes to the other nodes. */
export class PodRoutes {
  readonly #options: PodRoutesOptions
  readonly nodes: Informer<Node>
  #work: Promise<void> = Promise.resolve()
  #again = false

  constructor(options: PodRoutesOptions) {
    this.#options = options
    const { client, logger, signal } = options
    this.nodes = createInformer<Node>(client, NODES, { logger, signal })
  }

  /** Resolves when pods can be given addresses. */
  async configure(): Promise<void> {
    const { onProblem, network, clusterCidr, serviceCidr, nodeIp } = this.#options
    this.nodes.start()
    onProblem('waiting for a range of pod addresses (spec.podCIDR) from the master')
    const podCidr = await this.#ownCidr()
    try {
      await network.configure({ podCidr, clusterCidr, serviceCidr, nodeIp })
    } catch (error) {
      onProblem(`pod network is not ready: ${error instanceof Error ? error.message : String(error)}`)
      throw error
    }
    onProblem(undefined)
    // Not before all are known: the routes to nodes that are not in the list are taken away.
    this.nodes.synced.then(() => this.#keepRoutes()).catch(() => undefined)
  }

  async #keepRoutes(): Promise<void> {
    const { network, logger, signal } = this.#options
    this.nodes.onChange(() => this.#refresh())
    while (!signal.aborted) {
      await network.watchPeers(() => this.#refresh(), signal).catch((err) => logger.debug({ err }, 'routes are not watched'))
      await sleep(WATCH_AGAIN_MS, undefined, { signal }).catch(() => undefined)
      // What happened meanwhile wasn't seen.
      if (!signal.aborted) this.#refresh()
    }
  }

  async #ownCidr(): Promise<string> {
    const { node, signal } = this.#options
    signal.throwIfAborted()
    const found = Promise.withResolvers<string>()
    const stop = this.nodes.onChange(({ object }) => {
      if (object.metadata.name === node && object.spec.podCIDR) found.resolve(object.spec.podCIDR)
    })
    signal.addEventListener('abort', () => found.reject(signal.reason), { once: true })
    return await found.promise.finally(stop)
  }

  /** One at a time; changes that come meanwhile are one more run. */
  #refresh(): void {
    if (this.#again) return
    this.#again = true
    this.#work = this.#work.then(async () => {
      this.#again = false
      await this.#setPeers()
    })
  }

  async #setPeers(): Promise<void> {
    const { network, node, logger } = this.#options
    const others = this.nodes.list().filter(({ metadata }) => metadata.name !== node)
    try {
      await network.setPeers(others.flatMap(peerOf))
    } catch (error) {
      logger.warn({ err: error }, 'routes to other nodes were not set')
    }
  }
}

function peerOf({ metadata, spec, status }: Node): { node: string; nodeIp: string; podCidr: string }[] {
  const nodeIp = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address
  if (nodeIp === undefined || !spec.podCIDR) return []
  return [{ node: metadata.name, nodeIp, podCidr: spec.podCIDR }]
}
