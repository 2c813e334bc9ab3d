import type { Pod } from '@skiff/api'
import type { HostPort } from '../runtime/runtime.ts'

/** The host ports that a pod's containers ask for; pods on the host's network have theirs without our help. */
export function hostPortsOf(pod: Pod): readonly HostPort[] {
  if (pod.spec.hostNetwork) return []
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
  return containers
    .flatMap(({ ports = [] }) => ports)
    .flatMap(({ hostPort, hostIP = '', protocol, containerPort }) => {
      if (!hostPort || (protocol !== undefined && protocol !== 'TCP' && protocol !== 'UDP')) return []
      return [{ hostIp: hostIP, hostPort, protocol: protocol ?? 'TCP', containerPort }]
    })
}
