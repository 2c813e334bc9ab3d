import type { Pod } from '@skiff/api'

/** As the API server defaults it; a static pod's file goes by no server. */
const DEFAULT_GRACE_SECONDS = 30

/** How long the containers of a pod have to end once they are told to, in seconds. */
export function graceOf({ spec }: Pick<Pod, 'spec'>): number {
  return spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS
}
