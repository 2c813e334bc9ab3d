import { type FieldError, invalid, invalidEach, path, required, rfc3339, SERVICE_CIDRS, type ServiceCIDR } from '@skiff/api'
import ipaddr from 'ipaddr.js'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { cidrProblems } from '../addresses.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '../columns.ts'
import { withStatus } from '../status.ts'
import { validateImmutable } from '../validate-immutable.ts'

export const serviceCidrResource: ResourceDefinition = {
  info: SERVICE_CIDRS,
  subresources: ['status'],
  strategy: {
    ...withStatus(SERVICE_CIDRS),
    countsGenerations: false,
    prepareForCreate(range: ServiceCIDR, { cluster, now }) {
      range.status = { conditions: [readiness(range, cluster.serviceCidr, now)] }
    },
    validate: (range: ServiceCIDR) => validateRanges(range),
    validateUpdate: ({ spec }: ServiceCIDR, old: ServiceCIDR) => validateImmutable(spec.cidrs, old.spec.cidrs, 'spec.cidrs'),
  },
  columns: {
    columns: [NAME_COLUMN, textColumn('CIDRs', 'Ranges of addresses for Services.'), AGE_COLUMN],
    cells: (range: ServiceCIDR, now) => [range.metadata.name, (range.spec?.cidrs ?? []).join(','), objectAge(range, now)],
  },
}

/** The range that the cluster was started with is in use, no other ever is. */
function readiness({ spec }: ServiceCIDR, served: string, now: Date) {
  const common = { type: 'Ready', lastTransitionTime: rfc3339(now) }
  if (spec?.cidrs?.every((cidr) => cidr === served)) {
    return { ...common, status: 'True' as const, reason: '', message: 'Kubernetes Service CIDR is ready' }
  }
  return { ...common, status: 'False' as const, reason: 'NotServed', message: `Services get addresses of ${served} only` }
}

function validateRanges({ spec }: ServiceCIDR): FieldError[] {
  const at = path('spec', 'cidrs')
  const cidrs = spec?.cidrs ?? []
  if (cidrs.length === 0) return [required(at, 'at least one CIDR required')]
  if (cidrs.length > 2) return [invalid(at, cidrs, 'may only hold up to 2 values')]
  const errors = cidrs.flatMap((cidr, index) => invalidEach(at.index(index), cidr, cidrProblems(cidr)))
  if (errors.length > 0) return errors
  const families = new Set(cidrs.map((cidr) => ipaddr.parseCIDR(cidr)[0].kind()))
  return families.size === cidrs.length
    ? []
    : [invalid(at, cidrs, 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64')]
}
