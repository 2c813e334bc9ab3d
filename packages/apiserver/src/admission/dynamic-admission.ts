import type { KindInfo, KubeObject } from '@skiff/api'
import type { Logger } from 'pino'
import type { RbacAuthorizer } from '../auth/index.ts'
import type { AdmissionRequest } from '../http/request-context.ts'
import { jsonEquals } from '../patch/json-value.ts'
import type { Registry } from '../registry/registry.ts'
import type { DialService } from '../streaming/service-dialer.ts'
import { WebhookClient } from '../webhook-client/index.ts'
import { decodeMutated } from './decode-mutated.ts'
import { MatchConditions } from './expressions/match-conditions.ts'
import type { Authorize } from './expressions/variables.ts'
import { OtherVersions } from './matching/other-versions.ts'
import { type Reviewed, reviewedOf } from './matching/reviewed.ts'
import { keepTypesChecked } from './policies/keep-types-checked.ts'
import { MutatingPolicies } from './policies/mutating-policies.ts'
import { ValidatingPolicies } from './policies/validating-policies.ts'
import { MutatingWebhooks, type Round } from './webhooks/mutating-webhooks.ts'
import { ValidatingWebhooks } from './webhooks/validating-webhooks.ts'

export interface DynamicAdmissionOptions {
  readonly registry: Registry
  readonly authorizer: RbacAuthorizer
  /** How webhooks that run in the cluster are reached. */
  readonly dialService: DialService
  readonly logger: Logger
  readonly signal: AbortSignal
}

/** What people add to the chain: webhooks and policies, objects in the store themselves. */
export class DynamicAdmission {
  readonly #registry: Registry
  readonly #mutating: MutatingWebhooks
  readonly #validating: ValidatingWebhooks
  readonly #policies: ValidatingPolicies
  readonly #mutatingPolicies: MutatingPolicies

  constructor({ registry, authorizer, dialService, logger, signal }: DynamicAdmissionOptions) {
    this.#registry = registry
    const otherVersions = new OtherVersions(registry)
    const authorize: Authorize = (user, attributes) => authorizer.authorize(user, attributes)
    const surroundings = {
      ...{ objects: registry.objects, store: registry.store, logger, signal, otherVersions },
      conditions: new MatchConditions(authorize),
      client: new WebhookClient(dialService),
    }
    const decode = (value: unknown, info: KindInfo) => decodeMutated(value, info, registry)
    this.#mutating = new MutatingWebhooks({ ...surroundings, decode })
    this.#validating = new ValidatingWebhooks(surroundings)
    this.#policies = new ValidatingPolicies({ registry, otherVersions, authorize, signal })
    this.#mutatingPolicies = new MutatingPolicies({ registry, otherVersions, authorize, signal, decode })
    keepTypesChecked({ registry, logger, signal })
  }

  /** Whether there is anybody to ask. */
  mutates({ info }: AdmissionRequest): boolean {
    return !(this.#mutating.isEmpty && this.#mutatingPolicies.isEmpty) && !isExempt(info)
  }

  judges({ info }: AdmissionRequest): boolean {
    return !(this.#policies.isEmpty && this.#validating.isEmpty) && !isExempt(info)
  }

  /**
   * Changes the request's object as webhooks want it. When one of them did, the built-in part of the chain runs again
   * (it may have to complete what was added), and then the webhooks that want to see the result.
   */
  async mutate(request: AdmissionRequest, complete: (request: AdmissionRequest) => Promise<void> | undefined): Promise<void> {
    const seen: Round['seen'] = new Map()
    if (!(await this.#round(request, { seen, again: false }))) return
    await complete(request)
    await this.#round(request, { seen, again: true })
  }

  async validate(request: AdmissionRequest): Promise<void> {
    if (!this.#policies.isEmpty) this.#policies.judge(this.#reviewed(request), request.warn)
    if (!this.#validating.isEmpty) await this.#validating.judge(this.#reviewed(request), request.warn)
  }

  /** True when the object has changed. */
  async #round(request: AdmissionRequest, round: Round): Promise<boolean> {
    const asked = this.#reviewed(request)
    const object = this.#mutatingPolicies.complete(asked, round)
    const completed = await this.#mutating.complete({ ...asked, object }, round, request.warn)
    // Where only a part of the object is shown, that part stays as it is.
    if (completed === undefined || request.object === undefined || asked.object !== request.object) return false
    if (completed === request.object || jsonEquals(completed, request.object)) return false
    replaceContents(request.object, completed)
    return true
  }

  #reviewed(request: AdmissionRequest): Reviewed {
    return reviewedOf(request, this.#registry)
  }
}

const GROUP = 'admissionregistration.k8s.io'

/** Nobody can lock the cluster with a webhook that refuses its own removal. */
function isExempt({ group }: KindInfo): boolean {
  return group === GROUP
}

/** What manages the object's fields is the server's to say. */
function replaceContents(object: KubeObject, completed: KubeObject): void {
  const { managedFields } = object.metadata
  for (const key of Object.keys(object)) delete object[key]
  Object.assign(object, completed)
  object.metadata = { ...completed.metadata }
  if (managedFields === undefined) delete object.metadata.managedFields
  else object.metadata.managedFields = managedFields
}
