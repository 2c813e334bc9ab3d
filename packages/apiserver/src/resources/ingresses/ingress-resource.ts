import { INGRESSES, type Ingress } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge, shortList } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '../columns.ts'
import { withStatus } from '../status.ts'
import { validateIngress } from './validate-ingress.ts'

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class'

export const ingressResource: ResourceDefinition = {
  info: INGRESSES,
  subresources: ['status'],
  strategy: {
    ...withStatus(INGRESSES),
    validate: (ingress: Ingress) => validateIngress(ingress),
    warnings: (ingress: Ingress, old: Ingress | undefined) => (old === undefined ? classWarnings(ingress) : []),
  },
  columns: {
    columns: [
      NAME_COLUMN,
      textColumn('Class', 'The class of controller that serves it.'),
      textColumn('Hosts', 'Hosts that it has rules for.'),
      textColumn('Address', 'Where its controller listens.'),
      textColumn('Ports', 'Ports on which it is served.'),
      AGE_COLUMN,
    ],
    cells: (ingress: Ingress, now) => [
      ingress.metadata.name,
      ingress.spec.ingressClassName ?? ingress.metadata.annotations?.[CLASS_ANNOTATION] ?? '<none>',
      hostsCell(ingress),
      (ingress.status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').join(','),
      (ingress.spec.tls ?? []).length > 0 ? '80, 443' : '80',
      objectAge(ingress, now),
    ],
  },
}

function hostsCell({ spec }: Ingress): string {
  const hosts = (spec.rules ?? []).map(({ host }) => host ?? '').filter((host) => host !== '')
  return shortList(hosts, '*')
}

function classWarnings({ metadata, spec }: Ingress): string[] {
  if (metadata.annotations?.[CLASS_ANNOTATION] === undefined || spec.ingressClassName !== undefined) return []
  return [`annotation "${CLASS_ANNOTATION}" is deprecated, please use 'spec.ingressClassName' instead`]
}
