import type { RunAgentOptions } from '../run-agent.ts'
import type { RuntimeInfo } from '../runtime/runtime.ts'

/** What `/configz` tells: those settings of a kubelet that this agent has, too. */
export function kubeletConfiguration(
  { agentPort, maxPods, dataDir, ranges, settings }: RunAgentOptions,
  info: RuntimeInfo,
): object {
  return {
    kind: 'KubeletConfiguration',
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    port: agentPort,
    staticPodPath: `${dataDir}/manifests`,
    clusterDomain: ranges.clusterDomain,
    clusterDNS: [ranges.dnsIp],
    maxPods,
    cgroupDriver: info.cgroupDriver,
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true } },
    authorization: { mode: 'Webhook' },
    containerLogMaxSize: '10Mi',
    containerLogMaxFiles: 5,
    enableServer: true,
    enableSystemLogHandler: settings.showsHostLogs,
    enableSystemLogQuery: false,
  }
}
