import { NETWORK_POLICIES, type NetworkPolicy } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge, selectorCell } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '../columns.ts'
import { validateNetworkPolicy } from './validate-network-policy.ts'

export const networkPolicyResource: ResourceDefinition = {
  info: NETWORK_POLICIES,
  strategy: {
    countsGenerations: true,
    default: (policy: NetworkPolicy) => defaultNetworkPolicy(policy),
    validate: (policy: NetworkPolicy) => validateNetworkPolicy(policy),
  },
  columns: {
    columns: [NAME_COLUMN, textColumn('Pod-Selector', 'Labels of the pods that it is about.'), AGE_COLUMN],
    cells: (policy: NetworkPolicy, now) => [policy.metadata.name, selectorCell(policy.spec?.podSelector), objectAge(policy, now)],
  },
}

function defaultNetworkPolicy({ spec }: NetworkPolicy): void {
  const { ingress = [], egress = [] } = spec
  if ((spec.policyTypes ?? []).length === 0) spec.policyTypes = egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress']
  for (const rule of [...ingress, ...egress]) for (const port of rule.ports ?? []) port.protocol ||= 'TCP'
  // No rules and an empty list of them are one thing.
  if (ingress.length === 0) delete spec.ingress
  if (egress.length === 0) delete spec.egress
}
