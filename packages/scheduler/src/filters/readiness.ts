import { tolerates } from '@skiff/api'
import type { Filter } from './filter.ts'

const NOT_READY_TAINT = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' as const }

/** Upstream leaves this to the not-ready taint; asking the condition too closes the moment before the taint is there. */
export const readiness: Filter = {
  name: 'NodeReady',

  check({ pod }, node) {
    if (node.ready) return undefined
    const tolerated = pod.spec.tolerations?.some((toleration) => tolerates(toleration, NOT_READY_TAINT)) ?? false
    return tolerated ? undefined : 'node(s) were not ready'
  },

  cure: (_, nodes) => `\`kubectl describe node ${nodes[0]?.name}\` says why it isn't ready; the pod starts as soon as it is.`,
}
