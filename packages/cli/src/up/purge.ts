/** `skiff down --purge`: this machine as it was before. */
import { purgeAgent } from '@skiff/agent'
import { removeProxy } from '@skiff/proxy'
import { pino } from 'pino'
import { dockerHostOf } from '../docker-api.ts'
import { adminKubeconfig, agentDirectory } from '../home.ts'
import { removeServices } from '../services/install-service.ts'
import { removeAgentContainer } from './agent-container.ts'
import { unmergeKubeconfig, userKubeconfig } from './merge-kubeconfig.ts'

/**
 * Removes what this cluster has put on this machine itself: services, containers, networks, rules, mounts, the context in
 * the kubeconfig. The directories are left to the caller. Nothing of anybody else's is touched: containers are known by
 * the cluster's label, rules and links by its mark. Safe to repeat after a failure.
 */
export async function purgeThisHost(home: string, dockerHost = dockerHostOf()): Promise<void> {
  for (const unit of await removeServices(home)) say(`service ${unit} removed`)
  if (await removeAgentContainer(home, dockerHost)) say('the agent’s container is removed')
  const purged = await purgeAgent({ dataDir: agentDirectory(home), dockerHost }).catch(explain)
  if (purged) {
    const { clusterId, serviceCidr, dnsAddress } = purged.facts
    await removeProxy({ clusterId, serviceCidr, dnsAddress, logger: pino({ level: 'silent' }) })
    say(`${purged.containers} containers and the network of this machine are removed`)
  }
  if (unmergeKubeconfig(adminKubeconfig(home), userKubeconfig())) say(`context "skiff" removed from ${userKubeconfig()}`)
}

/** The directory says which containers are ours: it must outlive a failure, so that purging can be repeated. */
function explain(error: unknown): never {
  throw new Error('this machine could not be cleaned up, and the data is kept; mend this and repeat "skiff down --purge"', { cause: error })
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
