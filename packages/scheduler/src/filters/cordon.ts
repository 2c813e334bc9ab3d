import { tolerates } from '@skiff/api'
import type { Filter } from './filter.ts'

const CORDON_TAINT = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' as const }

export const cordon: Filter = {
  name: 'NodeUnschedulable',

  check({ pod }, { node }) {
    if (!node.spec.unschedulable) return undefined
    const tolerated = pod.spec.tolerations?.some((toleration) => tolerates(toleration, CORDON_TAINT)) ?? false
    return tolerated ? undefined : 'node(s) were unschedulable'
  },

  cure: (_, nodes) => `Run \`kubectl uncordon ${nodes[0]?.name}\` or add a node.`,
}
