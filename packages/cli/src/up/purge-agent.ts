import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { purgeAgent } from '@skiff/agent'
import { removeProxy } from '@skiff/proxy'
import { pino } from 'pino'
import { agentDirectory } from '../home.ts'

/**
 * Takes away what agent and proxy left on this host: containers, rules, links, mounts, then the agent's files. Gives the
 * number of containers; undefined when no agent ever joined from here. Needs root.
 */
export async function purgeAgentAndProxy(home: string, dockerHost: string): Promise<number | undefined> {
  return purgeAgentIn(agentDirectory(home), dockerHost)
}

/** The same for an agent with a directory of its own. @param keep entries of that directory that stay: `volumes` */
export async function purgeAgentIn(
  dataDir: string,
  dockerHost: string,
  keep: readonly string[] = [],
): Promise<number | undefined> {
  const purged = await purgeAgent({ dataDir, dockerHost })
  if (purged) {
    const { clusterId, serviceCidr, dnsAddress } = purged.facts
    await removeProxy({ clusterId, serviceCidr, dnsAddress, logger: pino({ level: 'silent' }) })
  }
  // Not the directory itself: it may be a mount.
  for (const name of contentsOf(dataDir).filter((entry) => !keep.includes(entry)))
    rmSync(join(dataDir, name), { recursive: true, force: true })
  return purged?.containers
}

function contentsOf(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
