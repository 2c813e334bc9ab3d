import { CERTIFICATE_SIGNING_REQUESTS, type CertificateSigningRequest, humanDuration, rfc3339 } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '../columns.ts'
import { keepStatus } from '../status.ts'
import { validateCsr, validateCsrStatus } from './validate-csr.ts'

type Csr = CertificateSigningRequest

export const csrResource: ResourceDefinition = {
  info: CERTIFICATE_SIGNING_REQUESTS,
  subresources: ['status', 'approval'],
  strategy: {
    // Who asks is what the server saw, never what the request says.
    prepareForCreate(csr: Csr, { user }) {
      csr.status = {}
      csr.spec.username = user.name
      csr.spec.groups = [...user.groups]
      delete csr.spec.uid
      delete csr.spec.extra
      if (user.uid !== undefined) csr.spec.uid = user.uid
      if (user.extra !== undefined) {
        csr.spec.extra = Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]]))
      }
    },
    prepareForUpdate(csr: Csr, old: Csr) {
      csr.spec = old.spec
      keepStatus(csr, old)
    },
    // The signer writes the certificate; conditions other than its own stay.
    prepareForStatusUpdate(csr: Csr, old: Csr, { now }) {
      csr.spec = old.spec
      const kept = (old.status?.conditions ?? []).filter(({ type }) => isApproval(type))
      const own = (csr.status?.conditions ?? []).filter(({ type }) => !isApproval(type))
      csr.status = { ...csr.status, conditions: [...kept, ...own] }
      stampConditions(csr, now)
    },
    prepareForSubresource(subresource, csr: Csr, old: Csr, { now }) {
      if (subresource !== 'approval') return
      csr.spec = old.spec
      const conditions = csr.status?.conditions
      csr.status = { ...old.status, ...(conditions ? { conditions } : {}) }
      stampConditions(csr, now)
    },
    validate: (csr: Csr) => validateCsr(csr),
    validateStatusUpdate: (csr: Csr, old: Csr) => validateCsrStatus(csr, old),
    validateSubresource: (_subresource, csr: Csr, old: Csr) => validateCsrStatus(csr, old),
  },
  selectableFields: { 'spec.signerName': (csr) => (csr as unknown as Csr).spec.signerName },
  columns: {
    columns: [
      NAME_COLUMN,
      AGE_COLUMN,
      textColumn('SignerName', 'Who is to sign.'),
      textColumn('Requestor', 'Who asked.'),
      textColumn('RequestedDuration', 'How long the certificate should last.'),
      textColumn('Condition', 'Pending, Approved, Denied, Failed, and Issued once signed.'),
    ],
    cells: (csr: Csr, now) => [
      csr.metadata.name,
      objectAge(csr, now),
      csr.spec.signerName,
      csr.spec.username ?? '',
      csr.spec.expirationSeconds === undefined ? '<none>' : humanDuration(csr.spec.expirationSeconds * 1000),
      conditionOf(csr),
    ],
  },
}

function isApproval(type: string): boolean {
  return type === 'Approved' || type === 'Denied'
}

function stampConditions(csr: Csr, now: Date): void {
  for (const condition of csr.status?.conditions ?? []) {
    condition.lastUpdateTime ??= rfc3339(now)
    condition.lastTransitionTime ??= rfc3339(now)
  }
}

function conditionOf({ status }: Csr): string {
  const types = new Set((status?.conditions ?? []).map(({ type }) => type))
  const decided = types.has('Denied') ? 'Denied' : types.has('Approved') ? 'Approved' : 'Pending'
  return [decided, ...(types.has('Failed') ? ['Failed'] : []), ...(status?.certificate ? ['Issued'] : [])].join(',')
}
