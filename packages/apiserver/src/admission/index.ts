/** What is changed in or refused of a write once its author is known and allowed to do it in principle. */

import type { Logger } from 'pino'
import type { RbacAuthorizer } from '../auth/index.ts'
import { refuseEscalation } from '../auth/rbac/escalation.ts'
import type { Admission, AdmissionRequest } from '../http/request-context.ts'
import type { Registry } from '../registry/registry.ts'
import { refuseUnlicensedApproval } from './certificate-approval.ts'
import { admitDefaultIngressClass } from './default-ingress-class.ts'
import { DynamicAdmission, type DynamicAdmissionOptions } from './dynamic-admission.ts'
import { admitLimitDefaults, refuseBeyondLimits } from './limit-range/limit-range-admission.ts'
import { refuseNamespaceDeletion } from './namespace-protection.ts'
import { refuseForeignNodeWrite } from './node-restriction.ts'
import { refuseSecondDefaultPriority } from './one-default-priority.ts'
import { refuseResizeBeyondNode } from './pod-resize.ts'
import { admitPodSecurity, type PodSecurityDefault } from './pod-security/admit-pod-security.ts'
import { admitPriority } from './priority.ts'
import { QuotaAdmission } from './quota/quota-admission.ts'
import { admitRuntimeClass, refuseWrongOverhead } from './runtime-class.ts'
import { admitServiceAccount, needsServiceAccount } from './service-account.ts'
import { refuseClaimResize } from './storage/claim-resize.ts'
import { admitDefaultStorageClass } from './storage/default-storage-class.ts'
import { admitInUseProtection } from './storage/protect-in-use.ts'
import { taintNewNode } from './taint-new-nodes.ts'

export type { PodSecurityDefault } from './pod-security/admit-pod-security.ts'

export interface AdmissionOptions extends Pick<DynamicAdmissionOptions, 'dialService'> {
  readonly registry: Registry
  readonly authorizer: RbacAuthorizer
  readonly podSecurityDefault: PodSecurityDefault
  readonly clock: () => Date
  readonly random: () => number
  readonly logger: Logger
  /** Ends the watches of webhook configurations and policies. */
  readonly signal: AbortSignal
}

/**
 * The chain, in upstream's order: what completes an object, built in first, then by policies and webhooks; then what
 * judges the complete one, built in, policies, webhooks, and last of all the quotas.
 */
export function createAdmission(options: AdmissionOptions): Admission {
  const { registry, authorizer, podSecurityDefault, clock, random } = options
  const { objects, store } = registry
  const quotas = new QuotaAdmission({ registry, clock })
  const dynamic = new DynamicAdmission(options)

  /** Undefined when it is done: only an account may have to be waited for. */
  function complete(request: AdmissionRequest): Promise<void> | undefined {
    admitLimitDefaults(request, objects)
    if (needsServiceAccount(request))
      return admitServiceAccount(request, { objects, store, random }).then(() => completeRest(request))
    completeRest(request)
    return undefined
  }

  function completeRest(request: AdmissionRequest): void {
    taintNewNode(request)
    admitPriority(request, objects)
    admitDefaultStorageClass(request, objects)
    admitInUseProtection(request)
    admitRuntimeClass(request, objects)
    admitDefaultIngressClass(request, objects)
  }

  async function completeAndMutate(request: AdmissionRequest): Promise<void> {
    await complete(request)
    await dynamic.mutate(request, complete)
  }

  return {
    mutate(request) {
      return dynamic.mutates(request) ? completeAndMutate(request) : complete(request)
    },
    validate(request) {
      refuseNamespaceDeletion(request)
      refuseBeyondLimits(request, objects)
      refuseForeignNodeWrite(request, objects)
      refuseEscalation(request, authorizer)
      admitPodSecurity(request, { objects, podSecurityDefault })
      refuseSecondDefaultPriority(request, objects)
      refuseClaimResize(request, objects)
      refuseWrongOverhead(request, objects)
      refuseUnlicensedApproval(request, authorizer)
      refuseResizeBeyondNode(request, objects)
      return dynamic.judges(request) ? dynamic.validate(request).then(() => quotas.admit(request)) : quotas.admit(request)
    },
  }
}
