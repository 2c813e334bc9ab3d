import { ApiClient, loadKubeconfig } from '@skiff/client'
import { startProxy } from '@skiff/proxy'
import { collectAfterStart } from '../collect-after-start.ts'
import { componentLogger } from '../component-logger.ts'
import { untilSignal } from '../until-signal.ts'

interface ProxyCommandOptions {
  readonly kubeconfig: string
  readonly nodeName: string
  readonly clusterId: string
  readonly checkpointDirectory: string
  readonly serviceCidr: string
  readonly clusterDomain: string
  readonly dnsAddress: string
}

/** Started by the agent, which hears over the process's message channel how far the kernel's routes are. */
export async function proxy(options: ProxyCommandOptions): Promise<void> {
  const { kubeconfig, ...rest } = options
  const client = new ApiClient({ ...loadKubeconfig(kubeconfig), userAgent: 'skiff-proxy' })
  const stop = untilSignal()
  // The agent's end takes the channel away: without the agent the next one starts its own proxy.
  process.once('disconnect', stop.abort)
  const tellAgent = (message: object) => {
    if (process.connected) process.send?.(message)
  }
  process.on('message', (message) => {
    const { type } = (message ?? {}) as { type?: unknown }
    if (type === 'reconnect') client.reconnect()
    if (type === 'ask') tellAgent({ type: 'alive' })
  })
  const onProgrammed = (endpointsRevision: string) => tellAgent({ type: 'programmed', endpointsRevision })
  void collectAfterStart(stop.signal)
  await startProxy({ ...rest, client, logger: componentLogger('proxy'), signal: stop.signal, onProgrammed })
  client.close()
  // The channel alone would keep this process, and so the agent that waits for its end.
  if (process.connected) process.disconnect()
}
