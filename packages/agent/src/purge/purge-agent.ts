import { readFile } from 'node:fs/promises'
import type { ClusterFacts } from '@skiff/api'
import { clusterFactsPath } from '../bootstrap/agent-files.ts'
import { pruneLogLinks } from '../log-links/log-links.ts'
import { hostCommands } from '../network/host-commands.ts'
import { createPodNetwork } from '../network/pod-network.ts'
import { removeContainers } from '../runtime/docker/remove-containers.ts'
import { unmountBelow } from '../volumes/mounts.ts'
import { memoryDirectory, podsDirectory } from '../volumes/pod-directory.ts'
import { removePodCgroups } from './remove-pod-cgroups.ts'

export interface PurgeAgentOptions {
  /** The agent's own directory; it is left to the caller to remove. */
  readonly dataDir: string
  readonly dockerHost: string
}

export interface PurgedAgent {
  readonly containers: number
  readonly facts: ClusterFacts
}

/**
 * Takes everything that an agent left on this host away: containers, control groups, pod network, mounts. The agent must not run any
 * more. Undefined when there never was an agent with this directory. Safe to repeat.
 */
export async function purgeAgent({ dataDir, dockerHost }: PurgeAgentOptions): Promise<PurgedAgent | undefined> {
  const facts = await clusterFactsOfAgent(dataDir)
  if (facts === undefined) return undefined
  const containers = await removeContainers(dockerHost, facts.clusterId)
  await pruneLogLinks()
  const commands = hostCommands()
  await removePodCgroups(facts.clusterId, commands)
  const network = createPodNetwork({ clusterId: facts.clusterId, commands })
  await network.cleanup({ clusterCidr: facts.podCidr })
  // Not the directory itself: where the agent is a container, that is its mount.
  await unmountBelow(podsDirectory(dataDir))
  await unmountBelow(memoryDirectory(dataDir))
  return { containers, facts }
}

/** What an agent knows of its cluster; undefined before it has joined one. */
export async function clusterFactsOfAgent(dataDir: string): Promise<ClusterFacts | undefined> {
  const text = await readFile(clusterFactsPath(dataDir), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as ClusterFacts)
}
