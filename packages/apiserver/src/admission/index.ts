/** What is changed in or refused of a write once its author is known and allowed to do it in principle. */

import type { Store } from '@skiff/store'
import type { RbacAuthorizer } from '../auth/index.ts'
import { refuseEscalation } from '../auth/rbac/escalation.ts'
import type { Admission } from '../http/request-context.ts'
import type { ObjectReader } from '../registry/resource-definition.ts'
import { refuseUnlicensedApproval } from './certificate-approval.ts'
import { refuseNamespaceDeletion } from './namespace-protection.ts'
import { refuseForeignNodeWrite } from './node-restriction.ts'
import { admitPodSecurity, type PodSecurityDefault } from './pod-security/admit-pod-security.ts'
import { admitPriority } from './priority.ts'
import { admitServiceAccount } from './service-account.ts'

export type { PodSecurityDefault } from './pod-security/admit-pod-security.ts'

export interface AdmissionOptions {
  readonly objects: ObjectReader
  readonly store: Store
  readonly authorizer: RbacAuthorizer
  readonly podSecurityDefault: PodSecurityDefault
  readonly random: () => number
}

/** The chain, in upstream's order: first what completes an object, then what judges the complete one. */
export function createAdmission(options: AdmissionOptions): Admission {
  const { objects, store, authorizer, podSecurityDefault, random } = options
  return {
    async mutate(request) {
      admitPriority(request, objects)
      await admitServiceAccount(request, { objects, store, random })
    },
    validate(request) {
      refuseNamespaceDeletion(request)
      refuseForeignNodeWrite(request)
      refuseEscalation(request, authorizer)
      refuseUnlicensedApproval(request, authorizer)
      admitPodSecurity(request, { objects, podSecurityDefault })
    },
  }
}
