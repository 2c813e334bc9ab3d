import {
  type KindInfo,
  type KubeObject,
  NAMESPACES,
  type Namespace,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
} from '@skiff/api'
import type { Registry } from '../../registry/registry.ts'
import { WatchedList } from '../../registry/watched-list.ts'
import type { Authorize, Subject } from '../expressions/variables.ts'
import { matchedForm } from '../matching/match-resources.ts'
import type { OtherVersions } from '../matching/other-versions.ts'
import { isNamespace, type Reviewed } from '../matching/reviewed.ts'
import { findParams } from './find-params.ts'
import { bindingMatching, policyMatching } from './policy-matching.ts'

export interface PoliciesOptions {
  readonly registry: Registry
  readonly otherVersions: OtherVersions
  readonly authorize: Authorize
  readonly signal: AbortSignal
}

/** What both kinds of policies have in their specs. */
interface Policy extends KubeObject {
  readonly spec: Pick<ValidatingAdmissionPolicy['spec'], 'matchConstraints' | 'paramKind'>
}

/** Both kinds of bindings name their policy alike. */
export type PolicyBinding = ValidatingAdmissionPolicyBinding

/** The policies of one kind with their bindings, as they are stored now: what they are about, and what they are evaluated on. */
export class BoundPolicies<P extends Policy, Compiled> {
  readonly #options: PoliciesOptions
  readonly #policies: WatchedList<P>
  readonly #bindings: WatchedList<PolicyBinding>
  readonly #compile: (policy: P) => Compiled
  readonly #compiled = new WeakMap<P, Compiled>()

  constructor(
    kinds: { readonly policies: KindInfo; readonly bindings: KindInfo; readonly compile: (policy: P) => Compiled },
    options: PoliciesOptions,
  ) {
    this.#options = options
    this.#compile = kinds.compile
    const { registry, signal } = options
    const { store, objects } = registry
    this.#policies = new WatchedList({ store, objects, info: kinds.policies, signal })
    this.#bindings = new WatchedList({ store, objects, info: kinds.bindings, signal })
  }

  get isEmpty(): boolean {
    return this.#policies.get().length === 0 || this.#bindings.get().length === 0
  }

  get(): readonly P[] {
    return this.#policies.get()
  }

  bindingsOf({ metadata }: P): readonly PolicyBinding[] {
    return this.#bindings.get().filter(({ spec }) => spec?.policyName === metadata.name)
  }

  /** The request in the form that the policy is about; undefined when it is about others. */
  shownTo({ spec }: P, asked: Reviewed): Reviewed | undefined {
    return matchedForm(policyMatching(spec.matchConstraints), asked, this.#surroundings())
  }

  isBound({ spec }: PolicyBinding, asked: Reviewed): boolean {
    return matchedForm(bindingMatching(spec?.matchResources), asked, this.#surroundings()) !== undefined
  }

  #surroundings() {
    const { registry, otherVersions } = this.#options
    return { objects: registry.objects, otherVersions }
  }

  /** What the policy is evaluated on: once for each object that its binding gives it. Throws Error in upstream's words. */
  subjectsOf({ spec }: P, binding: PolicyBinding, { asked, shown }: { asked: Reviewed; shown: Reviewed }): readonly Subject[] {
    const { registry } = this.#options
    const namespace = isNamespace(asked.info) ? '' : asked.namespace
    const namespaceObject = namespace === '' ? undefined : registry.objects.get<Namespace>(NAMESPACES, { name: namespace })
    const found = findParams(spec.paramKind, binding.spec?.paramRef, { registry, namespace })
    return found.map((params) => ({ asked, shown, params, namespaceObject }))
  }

  compiledOf(policy: P): Compiled {
    const known = this.#compiled.get(policy) ?? this.#compile(policy)
    this.#compiled.set(policy, known)
    return known
  }
}
