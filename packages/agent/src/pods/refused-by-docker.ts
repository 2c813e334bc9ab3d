/** What Kubernetes knows and Docker can't do: refused with the reason and the cure, never ignored (docs/pod-lifecycle.md). */

import { hasPodResources, type Pod } from '@skiff/api'
import type { Rejection } from './reject-pod.ts'

/** @param cgroupObstacle why this host can't give pods a control group of their own */
export function refusedByDocker(pod: Pod, cgroupObstacle?: string): Rejection | undefined {
  const { spec } = pod
  if (spec.securityContext?.supplementalGroupsPolicy === 'Strict') {
    const message = 'SupplementalGroupsPolicy=Strict is not supported in this node'
    return { reason: 'SupplementalGroupsPolicyNotSupported', message }
  }
  if (spec.hostUsers === false) {
    return unsupported(
      'hostUsers: false',
      'Docker has no user namespace for a pod; leave it out, or remap the users of the daemon',
    )
  }
  if (cgroupObstacle !== undefined && hasPodResources(spec)) {
    return unsupported('resources of a pod', `${cgroupObstacle}; give the resources to the containers`)
  }
  if ((spec.resourceClaims ?? []).length > 0) {
    return unsupported('resourceClaims', 'no driver allocates devices here; ask for an extended resource of the node')
  }
  return undefined
}

function unsupported(what: string, cure: string): Rejection {
  return { reason: 'NotSupportedByDocker', message: `${what} can't be done here: ${cure}` }
}
