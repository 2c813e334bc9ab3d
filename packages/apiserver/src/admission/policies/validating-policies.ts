import {
  ApiError,
  CODE_OF_REASON,
  forbidden,
  NAMESPACES,
  type Namespace,
  qualifiedResource,
  type StatusReason,
  VALIDATING_ADMISSION_POLICIES,
  VALIDATING_ADMISSION_POLICY_BINDINGS,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
} from '@skiff/api'
import type { Registry } from '../../registry/registry.ts'
import { WatchedList } from '../../registry/watched-list.ts'
import type { Authorize } from '../expressions/variables.ts'
import { matchedForm } from '../matching/match-resources.ts'
import type { OtherVersions } from '../matching/other-versions.ts'
import { isNamespace, type Reviewed } from '../matching/reviewed.ts'
import { type CompiledPolicy, compilePolicy } from './compile-policy.ts'
import { evaluatePolicy, type Violation } from './evaluate-policy.ts'
import { findParams } from './find-params.ts'
import { bindingMatching, policyMatching } from './policy-matching.ts'

type Policy = ValidatingAdmissionPolicy
type Binding = ValidatingAdmissionPolicyBinding

export interface PoliciesOptions {
  readonly registry: Registry
  readonly otherVersions: OtherVersions
  readonly authorize: Authorize
  readonly signal: AbortSignal
}

interface Denial extends Violation {
  readonly policy: Policy
  readonly binding: Binding | undefined
}

/** Judges requests by ValidatingAdmissionPolicies and their bindings. */
export class ValidatingPolicies {
  readonly #options: PoliciesOptions
  readonly #policies: WatchedList<Policy>
  readonly #bindings: WatchedList<Binding>
  readonly #compiled = new WeakMap<Policy, CompiledPolicy>()

  constructor(options: PoliciesOptions) {
    this.#options = options
    const { registry, signal } = options
    const { store, objects } = registry
    this.#policies = new WatchedList({ store, objects, info: VALIDATING_ADMISSION_POLICIES, signal })
    this.#bindings = new WatchedList({ store, objects, info: VALIDATING_ADMISSION_POLICY_BINDINGS, signal })
  }

  get isEmpty(): boolean {
    return this.#policies.get().length === 0 || this.#bindings.get().length === 0
  }

  /** Throws what the first violation that denies comes to, all policies having been evaluated. */
  judge(asked: Reviewed, warn: (text: string) => void): void {
    const denials = this.#policies.get().flatMap((policy) => this.#denials(policy, asked, warn))
    const [first] = denials
    if (first !== undefined) throw refusal(asked, first)
  }

  #denials(policy: Policy, asked: Reviewed, warn: (text: string) => void): Denial[] {
    const bindings = this.#bindings.get().filter(({ spec }) => spec?.policyName === policy.metadata.name)
    if (bindings.length === 0) return []
    const shown = this.#matched(policyMatching(policy.spec.matchConstraints), asked)
    if (shown === undefined) return []
    return bindings.flatMap((binding) => {
      if (this.#matched(bindingMatching(binding.spec?.matchResources), asked) === undefined) return []
      return this.#violations(policy, binding, { asked, shown }).filter(({ isError: _, ...violation }) => {
        const actions = binding.spec?.validationActions ?? []
        const prefix = `Validation failed for ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}'`
        if (actions.includes('Warn')) warn(`${prefix}: ${violation.message}`)
        return actions.includes('Deny')
      })
    })
  }

  #matched(matching: Parameters<typeof matchedForm>[0], asked: Reviewed): Reviewed | undefined {
    const { registry, otherVersions } = this.#options
    return matchedForm(matching, asked, { objects: registry.objects, otherVersions })
  }

  #violations(policy: Policy, binding: Binding, { asked, shown }: { asked: Reviewed; shown: Reviewed }): Denial[] {
    const { registry, authorize } = this.#options
    const namespace = isNamespace(asked.info) ? '' : asked.namespace
    const namespaceObject = namespace === '' ? undefined : registry.objects.get<Namespace>(NAMESPACES, { name: namespace })
    const denial = (violation: Violation): Denial => ({ ...violation, policy, binding })
    try {
      const params = findParams(policy.spec.paramKind, binding.spec?.paramRef, { registry, namespace })
      return params.flatMap((param) => {
        const subject = { asked, shown, params: param, namespaceObject }
        return evaluatePolicy(policy, this.#compiledOf(policy), { subject, authorize }).map(denial)
      })
    } catch (error) {
      if (policy.spec.failurePolicy === 'Ignore') return []
      return [denial({ message: `failed to configure binding: ${(error as Error).message}`, reason: undefined, isError: true })]
    }
  }

  #compiledOf(policy: Policy): CompiledPolicy {
    const known = this.#compiled.get(policy) ?? compilePolicy(policy)
    this.#compiled.set(policy, known)
    return known
  }
}

function refusal(asked: Reviewed, { policy, binding, message, reason = 'Invalid' }: Denial): ApiError {
  const by = binding === undefined ? '' : ` with binding '${binding.metadata.name}'`
  const why = `ValidatingAdmissionPolicy '${policy.metadata.name}'${by} denied request: ${message}`
  const { message: text, details } = forbidden(qualifiedResource(asked.info), asked.name, why)
  const known: StatusReason = reason in CODE_OF_REASON ? (reason as StatusReason) : 'Invalid'
  return new ApiError(known, text, { details: { ...details, causes: [{ message: why }] } })
}
