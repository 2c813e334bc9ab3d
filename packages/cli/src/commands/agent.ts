import { join as joinPath } from 'node:path'
import { NodeDeletedError, startAgent } from '@skiff/agent'
import { collectAfterStart } from '../collect-after-start.ts'
import { componentLogger } from '../component-logger.ts'
import { dockerHostOf } from '../docker-api.ts'
import { agentDirectory } from '../home.ts'
import { untilSignal } from '../until-signal.ts'
import { nodeNameOfMachine, SKIFF } from '../up/machine.ts'

interface AgentCommandOptions {
  readonly home: string
  readonly join?: string
  readonly token?: string
  readonly caHash?: string
  readonly nodeName?: string
  readonly nodeIp?: string
  readonly dockerHost?: string
  readonly dataDir?: string
  readonly labels: Readonly<Record<string, string>>
  readonly maxPods: number
  readonly config?: string
  readonly evictionHard?: Readonly<Record<string, string>>
  readonly systemReserved?: Readonly<Record<string, string>>
  readonly kubeReserved?: Readonly<Record<string, string>>
  readonly port: number
}

/** An agent in the foreground, until SIGTERM. Its pods go on without it, unless its node was deleted. */
export async function agent({
  home,
  join,
  token,
  caHash,
  dockerHost = dockerHostOf(),
  dataDir = agentDirectory(home),
  nodeName = nodeNameOfMachine(),
  evictionHard,
  systemReserved,
  kubeReserved,
  ...options
}: AgentCommandOptions): Promise<void> {
  const { signal, orInterrupted } = untilSignal()
  const starting = startAgent({
    ...options,
    dockerHost,
    // A compose file gives empty strings for what isn't set.
    ...(join ? { server: join } : {}),
    ...(token ? { token } : {}),
    ...(caHash ? { caHash } : {}),
    nodeName,
    dataDir,
    settings: {
      ...(evictionHard ? { evictionHard } : {}),
      ...(systemReserved ? { systemReserved } : {}),
      ...(kubeReserved ? { kubeReserved } : {}),
    },
    proxyCommand: ({ kubeconfig, clusterId, ranges }) => [
      ...[SKIFF, 'proxy', '--kubeconfig', kubeconfig, '--node-name', nodeName, '--cluster-id', clusterId],
      ...['--checkpoint-directory', joinPath(dataDir, 'checkpoint', 'proxy')],
      ...['--service-cidr', ranges.serviceCidr, '--cluster-domain', ranges.clusterDomain, '--dns-address', ranges.dnsIp],
    ],
    logger: componentLogger('agent'),
    signal,
  })
  const running = await orInterrupted('the start of the agent', starting)
  void collectAfterStart(signal)
  await running.stopped.catch(async (error: unknown) => {
    if (!(error instanceof NodeDeletedError)) throw error
    const { purgeAgentIn } = await import('../up/purge-agent.ts')
    // A node that joins again under its name finds the data of its claims.
    await purgeAgentIn(dataDir, dockerHost, ['volumes'])
    // In good order: whoever keeps agents running has none to start again.
    process.stdout.write(
      `node ${nodeName} was deleted from the cluster: its pods, rules and credentials are removed from this host, the data of its claims stays in ${dataDir}/volumes; to join again, run \`skiff token create\` on the master and type the line that it prints\n`,
    )
  })
}
