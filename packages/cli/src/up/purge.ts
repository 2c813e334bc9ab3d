/** `skiff down --purge`: this machine as it was before. */
import { dockerHostOf } from '../docker-api.ts'
import { adminKubeconfig } from '../home.ts'
import { removeServices } from '../services/install-service.ts'
import { isRoot, purgeWithoutRoot } from './agent-without-root.ts'
import { unmergeKubeconfig, userKubeconfig } from './merge-kubeconfig.ts'
import { purgeAgentAndProxy } from './purge-agent.ts'

/**
 * Removes what this cluster has put on this machine itself: services, containers, networks, rules, mounts, the context in
 * the kubeconfig. The directories are left to the caller. Nothing of anybody else's is touched: containers are known by
 * the cluster's label, rules and links by its mark. Safe to repeat after a failure.
 */
export async function purgeThisHost(home: string): Promise<void> {
  for (const unit of await removeServices(home)) say(`service ${unit} removed`)
  await (isRoot() ? purgeAsRoot(home) : purgeWithoutRoot(home)).catch(explain)
  if (unmergeKubeconfig(adminKubeconfig(home), userKubeconfig())) say(`context "skiff" removed from ${userKubeconfig()}`)
}

async function purgeAsRoot(home: string): Promise<void> {
  const containers = await purgeAgentAndProxy(home, dockerHostOf())
  if (containers !== undefined) say(`${containers} containers and the network of this machine are removed`)
}

/** The agent's directory says which containers are ours: it outlives a failure, so that purging can be repeated. */
function explain(error: unknown): never {
  throw new Error('this machine could not be cleaned up, and the data is kept; mend this and repeat "skiff down --purge"', {
    cause: error,
  })
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
