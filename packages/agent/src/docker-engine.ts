import { NODES, type Node } from '@skiff/api'
import { type ApiClient, createInformer, type Log } from '@skiff/client'
import type { NodeCredentials } from './bootstrap/agent-files.ts'
import { hostCredentials } from './images/host-credentials.ts'
import { createImageService } from './images/image-service.ts'
import { fetchOverTls, peerOf } from './images/peers.ts'
import { hostCommands } from './network/host-commands.ts'
import { createPodNetwork } from './network/pod-network.ts'
import type { NodeSettings } from './node/node-settings.ts'
import { createDockerRuntime } from './runtime/docker/docker-runtime.ts'
import { createDockerImageStore } from './runtime/docker/image-store.ts'
import { SANDBOX_IMAGE } from './runtime/docker/sandbox-image.ts'
import type { ContainerRuntime, ImageService, PodNetwork } from './runtime/runtime.ts'

/** What runs the pods of a host. */
export interface Engine {
  readonly runtime: ContainerRuntime
  readonly images: ImageService
  readonly network: PodNetwork
}

export interface DockerEngineOptions {
  readonly options: { readonly dockerHost: string; readonly nodeName: string; readonly dataDir: string; readonly port: number }
  readonly settings: NodeSettings
  readonly credentials: NodeCredentials
  readonly client: ApiClient
  readonly clusterId: string
  readonly now: () => Date
  readonly random: () => number
  readonly logger: Log
  readonly signal: AbortSignal
}

/** The host's own Docker, with images from its peers and pods behind links of their own. */
export function dockerEngine({ options, settings, credentials, client, clusterId, ...common }: DockerEngineOptions): Engine {
  const { dockerHost, nodeName, dataDir, port } = options
  const { now, random, logger, signal } = common
  const nodes = createInformer<Node>(client, NODES, { logger, signal })
  nodes.start()
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
  return {
    runtime: createDockerRuntime({ dockerHost, clusterId, node: nodeName }),
    images,
    network: createPodNetwork({ clusterId, commands: hostCommands() }),
  }
}

function imagePeer({ metadata, status }: Node) {
  const address = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address
  const ready = status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True')
  return address === undefined || !ready ? [] : [peerOf({ name: metadata.name, address, images: status?.images ?? [] })]
}
