import { addressOfNode, type Node, nodeIsReady } from '@skiff/api'
import type { Informer, Log } from '@skiff/client'
import type { NodeCredentials } from './bootstrap/agent-files.ts'
import { createPodCgroups } from './cgroups/pod-cgroups.ts'
import { hostCredentials } from './images/host-credentials.ts'
import { createImageService } from './images/image-service.ts'
import { fetchOverTls, peerOf } from './images/peers.ts'
import { hostCommands } from './network/host-commands.ts'
import { createPodNetwork } from './network/pod-network.ts'
import type { NodeSettings } from './node/node-settings.ts'
import { createDockerRuntime } from './runtime/docker/docker-runtime.ts'
import { socketPathOf } from './runtime/docker/engine.ts'
import { createDockerImageStore } from './runtime/docker/image-store.ts'
import { SANDBOX_IMAGE } from './runtime/docker/sandbox-image.ts'
import type { ContainerRuntime, ImageService, PodCgroups, PodNetwork } from './runtime/runtime.ts'
import { EngineUsage } from './stats/engine-usage.ts'

/** What runs the pods of a host. */
export interface Engine {
  readonly runtime: ContainerRuntime
  readonly images: ImageService
  readonly network: PodNetwork
  readonly cgroups: PodCgroups
  /** Of processes of its own. */
  readonly engineUsage?: EngineUsage
}

export interface DockerEngineOptions {
  readonly options: { readonly dockerHost: string; readonly nodeName: string; readonly dataDir: string; readonly port: number }
  readonly settings: NodeSettings
  readonly credentials: NodeCredentials
  /** All of the cluster: the others may have images. */
  readonly nodes: Pick<Informer<Node>, 'list'>
  readonly clusterId: string
  readonly now: () => Date
  readonly random: () => number
  readonly logger: Log
  readonly signal: AbortSignal
}

/** The host's own Docker, with images from its peers and pods behind links of their own. */
export function dockerEngine(asked: DockerEngineOptions): Engine {
  const { options, settings, credentials, nodes, clusterId, now, random, logger, signal } = asked
  const { dockerHost, nodeName, dataDir, port } = options
  const { ca, clientCert, clientKey } = credentials
  const images = createImageService({
    store: createDockerImageStore({ dockerHost }),
    peers: () =>
      nodes
        .list()
        .filter(({ metadata }) => metadata.name !== nodeName)
        .flatMap(imagePeer),
    fetchFromPeer: fetchOverTls({ ca, cert: () => clientCert, key: () => clientKey, port }),
    hostCredentials: (reference) => hostCredentials(reference, { env: process.env, logger }),
    dataDir,
    removeForeign: settings.removeForeignImages,
    keep: [SANDBOX_IMAGE],
    now,
    random,
    signal,
  })
  const runtime = createDockerRuntime({ dockerHost, clusterId, node: nodeName })
  return {
    runtime,
    images,
    network: createPodNetwork({ clusterId, commands: hostCommands() }),
    cgroups: createPodCgroups({ runtime, clusterId, logger }),
    engineUsage: new EngineUsage(socketPathOf(dockerHost)),
  }
}

function imagePeer(node: Node) {
  const address = addressOfNode(node)
  if (address === undefined || !nodeIsReady(node)) return []
  return [peerOf({ name: node.metadata.name, address, images: node.status?.images ?? [] })]
}
