import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { addressOfNode, type Node } from '@skiff/api'
import type { Informer, Log } from '@skiff/client'
import type { PodNetwork } from '../runtime/runtime.ts'

const WATCH_AGAIN_MS = 10_000
/** Nodes tell mostly of other things than their addresses, and each look at the routes starts programs. */
const LOOK_AGAIN_MS = 60_000

export interface PodRoutesOptions {
  /** All of the cluster. */
  readonly nodes: Informer<Node>
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
  #work: Promise<void> = Promise.resolve()
  #again = false
  #setAtMs = Number.NEGATIVE_INFINITY

  constructor(options: PodRoutesOptions) {
    this.#options = options
  }

  /** Resolves when pods can be given addresses. */
  async configure(): Promise<void> {
    const { nodes, onProblem, network, clusterCidr, serviceCidr, nodeIp } = this.#options
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
    nodes.synced.then(() => this.#keepRoutes()).catch(() => undefined)
  }

  async #keepRoutes(): Promise<void> {
    const { nodes, network, logger, signal } = this.#options
    if (signal.aborted) return
    const stop = nodes.onChange(({ type, object, previous }) => {
      const isNews = type !== 'updated' || !previous || !isDeepStrictEqual(peerOf(object), peerOf(previous))
      if (isNews || performance.now() - this.#setAtMs > LOOK_AGAIN_MS) this.#refresh()
    })
    while (!signal.aborted) {
      await network.watchPeers(() => this.#refresh(), signal).catch((err) => logger.debug({ err }, 'routes are not watched'))
      await sleep(WATCH_AGAIN_MS, undefined, { signal }).catch(() => undefined)
      // What happened meanwhile wasn't seen.
      if (!signal.aborted) this.#refresh()
    }
    stop()
  }

  async #ownCidr(): Promise<string> {
    const { node, nodes, signal } = this.#options
    signal.throwIfAborted()
    const found = Promise.withResolvers<string>()
    const stop = nodes.onChange(({ object }) => {
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
    const { nodes, network, node, logger } = this.#options
    const others = nodes.list().filter(({ metadata }) => metadata.name !== node)
    try {
      await network.setPeers(others.flatMap(peerOf))
      this.#setAtMs = performance.now()
    } catch (error) {
      this.#setAtMs = Number.NEGATIVE_INFINITY
      logger.warn({ err: error }, 'routes to other nodes were not set')
    }
  }
}

function peerOf(node: Node): { node: string; nodeIp: string; podCidr: string }[] {
  const nodeIp = addressOfNode(node)
  const { podCIDR: podCidr } = node.spec
  return nodeIp === undefined || !podCidr ? [] : [{ node: node.metadata.name, nodeIp, podCidr }]
}
