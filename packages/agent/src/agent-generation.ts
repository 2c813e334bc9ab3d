import { setTimeout as delay } from 'node:timers/promises'
import { CLUSTER_FACTS, type ClusterFacts, CONFIG_MAPS, type ConfigMap, clusterFactsOf } from '@skiff/api'
import { ApiClient, backoff, Checkpoint } from '@skiff/client'
import { checkpointPath, clusterFactsPath, kubeconfigPath, type NodeCredentials, writePrivate } from './bootstrap/agent-files.ts'
import { type JoinOptions, USER_AGENT } from './bootstrap/join.ts'
import { JoinError } from './bootstrap/join-error.ts'
import { dockerEngine } from './docker-engine.ts'
import { clusterNodes } from './node/cluster-nodes.ts'
import { installationId } from './node/installation-id.ts'
import { type AskingOptions, contactMaster, type MasterContact, untilMasterAnswers } from './node/master-contact.ts'
import { isOwnAddress, nodeAddress } from './node/node-address.ts'
import { NodeDeletedError } from './node/node-deleted-error.ts'
import { refuseTakenName } from './node/node-name-taken.ts'
import type { NodeSettings } from './node/node-settings.ts'
import { ProgrammedEndpoints } from './proxy/programmed-endpoints.ts'
import { superviseProxy } from './proxy/supervise-proxy.ts'
import { clusterFactsOfAgent } from './purge/purge-agent.ts'
import { CHECKPOINTED_PODS, type NetworkRanges, runAgent } from './run-agent.ts'
import { type AgentServer, serveAgent } from './server/agent-server.ts'
import type { AgentOptions, ProxyFacts } from './start-agent.ts'

export interface Generation {
  readonly port: number
  readonly end: AbortController
  readonly stopped: Promise<void>
  /** Resolves with this host's address when it is another one than this generation tells. */
  readonly moved: Promise<string>
}

export interface GenerationOptions {
  readonly options: AgentOptions
  readonly settings: NodeSettings
  readonly joining: JoinOptions
  readonly credentials: NodeCredentials
}

/** The master answers one after the other: more of them would only be more connections to make, in a burst. */
const MAX_REQUESTS = 8
const DEFAULT_PORT = 10250
const DEFAULT_MAX_PODS = 110
export const MASTER_PATIENCE_MS = 5_000

/** All of an agent that goes by one set of certificates and one address of its host, until its signal or its own end. */
export async function startGeneration(options: GenerationOptions): Promise<Generation> {
  const end = new AbortController()
  try {
    return await startUntil(end, options)
  } catch (error) {
    // What runs by then (a stream of the engine's events) would keep the process from ending, and from being started anew.
    end.abort()
    throw error
  }
}

async function startUntil(
  end: AbortController,
  { options, settings, joining, credentials }: GenerationOptions,
): Promise<Generation> {
  const signal = AbortSignal.any([options.signal, end.signal])
  const { server, ca, clientCert: cert, clientKey: key } = credentials
  const client = new ApiClient({ server, ca, cert, key, userAgent: USER_AGENT, maxRequests: MAX_REQUESTS })
  const { nodeName, dataDir } = options
  const { nodeIp, now, random, logger } = joining
  const identity = await installationId(dataDir)
  const facts = await clusterFacts(client, dataDir, { ...joining, signal })
  const { clusterId } = facts
  const ranges: NetworkRanges = { ...facts, clusterCidr: facts.podCidr, dnsIp: facts.dnsAddress }
  const checkpoint = new Checkpoint({ directory: checkpointPath(dataDir), cluster: clusterId, node: nodeName, logger })
  const contact = contactMaster(() => refuseTakenName(client, nodeName, identity), { ...joining, signal })
  await contactOrCheckpoint(contact, checkpoint, options)
  const nodes = clusterNodes({ client, checkpoint, logger, signal })
  const port = options.port ?? DEFAULT_PORT
  const engine =
    options.engine?.(clusterId) ??
    dockerEngine({ options: { ...options, port }, settings, credentials, nodes, clusterId, now, random, logger, signal })

  const agentServer = await serveAgent({ credentials, nodeName, port, engine, client, now, logger })
  const endpoints = new ProgrammedEndpoints()
  const moved = Promise.withResolvers<string>()
  let failure: Error | undefined
  const fail = (error: Error) => {
    failure ??= error
    end.abort()
  }
  contact.made.catch((error: unknown) => error instanceof JoinError && fail(error))
  const work = [superviseIfAsked({ options, client, endpoints, nodeIp, clusterId, ranges, random, signal })]
  work.push(
    runUntilStopped(agentServer, {
      client,
      ...engine,
      ranges,
      nodeName,
      nodeIp,
      agentPort: agentServer.port,
      identity,
      clusterId,
      dataDir,
      // An engine of a test's own runs nothing on this host.
      secretsInMemory: options.engine === undefined,
      labels: options.labels ?? {},
      maxPods: options.maxPods ?? DEFAULT_MAX_PODS,
      settings,
      checkpoint,
      nodes,
      contact,
      endpoints,
      onConnected: async () => {
        if (options.nodeIp === undefined && !isOwnAddress(nodeIp)) moved.resolve(await nodeAddress(server))
      },
      onDeleted: () => fail(new NodeDeletedError(`node ${nodeName} was deleted from the cluster`)),
      now,
      random,
      logger,
      signal,
    }),
  )
  const stopped = Promise.all(work).then(async () => {
    await checkpoint.flush()
    await agentServer.close()
    client.close()
    if (failure !== undefined) throw failure
  })
  stopped.catch(() => undefined)
  return { port: agentServer.port, end, stopped, moved: moved.promise }
}

/** What can't be done before the engine or the master answers is tried again: an agent that has joined never gives up. */
async function runUntilStopped(server: AgentServer, options: Parameters<typeof runAgent>[0]): Promise<void> {
  const { signal, logger, random } = options
  const retry = backoff({ initialMs: 500, maxMs: 10_000, jitter: 0.5, random })
  while (!signal.aborted) {
    const attempt = new AbortController()
    try {
      const running = await runAgent({ ...options, signal: AbortSignal.any([signal, attempt.signal]) })
      server.attach(running)
      return await running.stopped
    } catch (error) {
      attempt.abort()
      if (signal.aborted) return
      logger.error({ err: error }, 'agent could not start, trying again')
      await delay(retry.nextMs(), undefined, { signal }).catch(() => undefined)
    }
  }
}

/** Resolves when the master has answered, or doesn't and an earlier agent has kept what there is to do. Throws JoinError. */
async function contactOrCheckpoint(
  { made }: MasterContact,
  checkpoint: Checkpoint,
  { patienceMs = MASTER_PATIENCE_MS, logger }: AgentOptions,
): Promise<void> {
  const patience = new AbortController()
  const late = delay(patienceMs, true, { signal: patience.signal }).catch(() => false)
  const isLate = await Promise.race([made.then(() => false), late]).finally(() => patience.abort())
  if (!isLate) return
  if ((await checkpoint.load(CHECKPOINTED_PODS)) === undefined) return await made
  logger.warn('the master does not answer: the pods that were here are looked after from what is known of them')
}

/** Kept, so that an agent that starts while the master is away knows which containers are its own. */
async function clusterFacts(client: ApiClient, dataDir: string, asking: AskingOptions): Promise<ClusterFacts> {
  const kept = await clusterFactsOfAgent(dataDir)
  if (kept !== undefined) return kept
  const facts = clusterFactsOf(await untilMasterAnswers(() => client.get<ConfigMap>(CONFIG_MAPS, CLUSTER_FACTS), asking))
  await writePrivate(clusterFactsPath(dataDir), `${JSON.stringify(facts)}\n`)
  return facts
}

interface SuperviseOptions extends Omit<ProxyFacts, 'kubeconfig' | 'nodeName'> {
  readonly options: AgentOptions
  readonly client: ApiClient
  readonly endpoints: ProgrammedEndpoints
  readonly random: () => number
  readonly signal: AbortSignal
}

async function superviseIfAsked({
  options,
  client,
  endpoints,
  nodeIp,
  clusterId,
  ranges,
  random,
  signal,
}: SuperviseOptions): Promise<void> {
  const { proxyCommand, dataDir, nodeName, logger } = options
  if (proxyCommand === undefined) return
  const command = proxyCommand({ kubeconfig: kubeconfigPath(dataDir), nodeName, nodeIp, clusterId, ranges })
  await superviseProxy({ command, endpoints, onReconnect: (listener) => client.onReconnect(listener), random, logger, signal })
}
