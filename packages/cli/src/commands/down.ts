import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { dockerHostOf } from '../docker-api.ts'
import { powerOffHost, removeFabric, removeHost } from '../hosts/index.ts'
import { removeAgentContainer } from '../up/agent-container.ts'
import { existingHosts, machineFabric, machineProcesses } from '../up/machine.ts'
import { purgeThisHost } from '../up/purge.ts'
import { removeIfEmpty } from '../up/remove-if-empty.ts'

interface DownOptions {
  readonly home: string
  readonly purge: boolean
}

const PODS_GO_ON = 'this machine\'s pods go on: "skiff up" takes them over again, "skiff down --purge" ends them\n'

/** Stops what `up` started. Pods' containers on this machine go on running unless everything is purged. */
export async function down({ home, purge }: DownOptions): Promise<void> {
  const processes = machineProcesses(home)
  const hosts = existingHosts(home)
  // Agents first: they say goodbye to the master.
  if (await removeAgentContainer(dockerHostOf(), home)) process.stdout.write('agent stopped\n')
  for (const name of ['agent', ...hosts.map((host) => `agent-${host.name}`), 'master']) {
    if (await processes.stop(name)) process.stdout.write(`${name} stopped\n`)
  }
  // Before this machine is cleaned up: the kernel's control groups, which it shares with them, hold their containers.
  for (const host of hosts) {
    await (purge ? removeHost(host) : powerOffHost(host))
    process.stdout.write(`host ${host.name} ${purge ? 'removed' : 'switched off'}\n`)
  }
  if (purge) await purgeThisHost(home)
  if (hosts.length > 0) await removeFabric(machineFabric())
  if (!purge) return void process.stdout.write(PODS_GO_ON)
  for (const folder of ['master', 'agent', 'hosts', 'run', 'log', ...hosts.map((host) => `agent-${host.name}`)])
    rmSync(join(home, folder), { recursive: true, force: true })
  removeIfEmpty(home)
  process.stdout.write(`everything under ${home} is removed\n`)
}
