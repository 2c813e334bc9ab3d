import {
  ApiError,
  CODE_OF_REASON,
  forbidden,
  qualifiedResource,
  type StatusReason,
  VALIDATING_ADMISSION_POLICIES,
  VALIDATING_ADMISSION_POLICY_BINDINGS,
  type ValidatingAdmissionPolicy,
} from '@skiff/api'
import type { Authorize } from '../expressions/variables.ts'
import type { Reviewed } from '../matching/reviewed.ts'
import { BoundPolicies, type PoliciesOptions, type PolicyBinding } from './bound-policies.ts'
import { type CompiledPolicy, compilePolicy } from './compile-policy.ts'
import { evaluatePolicy, type Violation } from './evaluate-policy.ts'

type Policy = ValidatingAdmissionPolicy

const KINDS = {
  policies: VALIDATING_ADMISSION_POLICIES,
  bindings: VALIDATING_ADMISSION_POLICY_BINDINGS,
  compile: compilePolicy,
}

interface Denial extends Violation {
  readonly policy: Policy
  readonly binding: PolicyBinding
}

/** Judges requests by ValidatingAdmissionPolicies and their bindings. */
export class ValidatingPolicies {
  readonly #policies: BoundPolicies<Policy, CompiledPolicy>
  readonly #authorize: Authorize

  constructor(options: PoliciesOptions) {
    this.#policies = new BoundPolicies(KINDS, options)
    this.#authorize = options.authorize
  }

  get isEmpty(): boolean {
    return this.#policies.isEmpty
  }

  /** Throws what the first violation that denies comes to, all policies having been evaluated. */
  judge(asked: Reviewed, warn: (text: string) => void): void {
    const denials = this.#policies.get().flatMap((policy) => this.#denials(policy, asked, warn))
    const [first] = denials
    if (first !== undefined) throw refusal(asked, first)
  }

  #denials(policy: Policy, asked: Reviewed, warn: (text: string) => void): Denial[] {
    const bindings = this.#policies.bindingsOf(policy)
    if (bindings.length === 0) return []
    const shown = this.#policies.shownTo(policy, asked)
    if (shown === undefined) return []
    return bindings.flatMap((binding) => {
      if (!this.#policies.isBound(binding, asked)) return []
      return this.#violations(policy, binding, { asked, shown }).filter(({ isError: _, ...violation }) => {
        const actions = binding.spec?.validationActions ?? []
        const prefix = `Validation failed for ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}'`
        if (actions.includes('Warn')) warn(`${prefix}: ${violation.message}`)
        return actions.includes('Deny')
      })
    })
  }

  #violations(policy: Policy, binding: PolicyBinding, forms: { asked: Reviewed; shown: Reviewed }): Denial[] {
    const authorize = this.#authorize
    const denial = (violation: Violation): Denial => ({ ...violation, policy, binding })
    try {
      return this.#policies
        .subjectsOf(policy, binding, forms)
        .flatMap((subject) => evaluatePolicy(policy, this.#policies.compiledOf(policy), { subject, authorize }))
        .map(denial)
    } catch (error) {
      if (policy.spec.failurePolicy === 'Ignore') return []
      return [denial({ message: `failed to configure binding: ${(error as Error).message}`, reason: undefined, isError: true })]
    }
  }
}

function refusal(asked: Reviewed, { policy, binding, message, reason = 'Invalid' }: Denial): ApiError {
  const why = `ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${message}`
  const { message: text, details } = forbidden(qualifiedResource(asked.info), asked.name, why)
  const known: StatusReason = reason in CODE_OF_REASON ? (reason as StatusReason) : 'Invalid'
  return new ApiError(known, text, { details: { ...details, causes: [{ message: why }] } })
}
