/** An agent on engines in memory, against any API server: for other packages' tests. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NODES } from '@skiff/api'
import { type ApiClient, Checkpoint, type Log } from '@skiff/client'
import { checkpointPath } from './bootstrap/agent-files.ts'
import { clusterNodes } from './node/cluster-nodes.ts'
import { nodeSettings } from './node/node-settings.ts'
import { ProgrammedEndpoints } from './proxy/programmed-endpoints.ts'
import { type RunningAgent, runAgent } from './run-agent.ts'
import { FakePodCgroups } from './runtime/fake/fake-cgroups.ts'
import { FakeImages } from './runtime/fake/fake-images.ts'
import { FakePodNetwork } from './runtime/fake/fake-network.ts'
import { FakeRuntime } from './runtime/fake/fake-runtime.ts'

export { ImageError } from './runtime/runtime.ts'
export { FakeImages, FakePodCgroups, FakePodNetwork, FakeRuntime }

export interface TestAgentOptions {
  readonly client: ApiClient
  readonly nodeName?: string
  readonly podCidr?: string
  /** A former agent's engine and directory: the new one takes over what it finds. */
  readonly runtime?: FakeRuntime
  readonly images?: FakeImages
  readonly cgroups?: FakePodCgroups
  readonly dataDir?: string
  readonly now?: () => Date
  readonly logger?: Log
  readonly hostGoesDown?: () => Promise<boolean>
  /** As in the agent's configuration file. Without: this machine's own room concerns nobody. */
  readonly settings?: Readonly<Record<string, unknown>>
}

export interface TestAgent extends AsyncDisposable {
  readonly nodeName: string
  readonly runtime: FakeRuntime
  readonly images: FakeImages
  readonly network: FakePodNetwork
  readonly cgroups: FakePodCgroups
  readonly dataDir: string
  readonly running: RunningAgent
  /** As a crash would: nothing is stopped or cleaned up on the host. */
  stop(): Promise<void>
}

/** Resolves when the node is registered, has its range of addresses, and takes pods. */
export async function startTestAgent(options: TestAgentOptions): Promise<TestAgent> {
  const { client, nodeName = 'node-1', podCidr = '10.244.1.0/24', now = () => new Date() } = options
  const runtime = options.runtime ?? new FakeRuntime({ now })
  const images = options.images ?? new FakeImages()
  const network = new FakePodNetwork()
  const cgroups = options.cgroups ?? new FakePodCgroups()
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'skiff-agent-')))
  const end = new AbortController()
  const logger = options.logger ?? SILENT
  const checkpoint = new Checkpoint({ directory: checkpointPath(dataDir), cluster: 'test-cluster', node: nodeName, logger })
  const starting = runAgent({
    client,
    runtime,
    images,
    network,
    cgroups,
    ranges: { clusterCidr: '10.244.0.0/16', serviceCidr: '10.96.0.0/16', dnsIp: '10.96.0.10', clusterDomain: 'cluster.local' },
    nodeName,
    nodeIp: '10.0.0.7',
    agentPort: 10250,
    identity: 'test',
    clusterId: 'test-cluster',
    dataDir,
    secretsInMemory: false,
    labels: {},
    maxPods: 110,
    settings: nodeSettings({ evictionHard: {}, imageGCHighThresholdPercent: 100, ...options.settings }),
    checkpoint,
    nodes: clusterNodes({ client, checkpoint, logger, signal: end.signal }),
    contact: { isAway: false, made: Promise.resolve() },
    endpoints: new ProgrammedEndpoints(),
    onConnected: () => undefined,
    onDeleted: () => undefined,
    hostGoesDown: options.hostGoesDown ?? (async () => false),
    now,
    random: Math.random,
    logger,
    signal: end.signal,
  })
  await giveCidr(client, nodeName, podCidr)
  const running = await starting
  const stop = async () => {
    end.abort()
    await running.stopped
  }
  const dispose = async () => {
    await stop()
    // It writes into a directory that is removed next.
    await checkpoint.flush()
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true })
  }
  return { nodeName, runtime, images, network, cgroups, dataDir, running, stop, [Symbol.asyncDispose]: dispose }
}

/** What the master's node-ipam controller does. */
async function giveCidr(client: ApiClient, name: string, podCIDR: string): Promise<void> {
  for await (const { type, object } of client.watch<{ metadata: { name: string } }>(NODES, {
    sendInitialEvents: true,
    signal: AbortSignal.timeout(60_000),
  })) {
    if (type === 'BOOKMARK' || object.metadata.name !== name) continue
    await client.patch(NODES, { name }, { type: 'merge', body: { spec: { podCIDR, podCIDRs: [podCIDR] } } })
    return
  }
}

const SILENT: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
