import {
  ApiError,
  forbidden,
  type KindInfo,
  type KubeObject,
  MUTATING_ADMISSION_POLICIES,
  MUTATING_ADMISSION_POLICY_BINDINGS,
  qualifiedResource,
  schemaOf,
} from '@skiff/api'
import { mergeObjects } from '../../apply/index.ts'
import { CelBudget, type CelLibrary, type Compiled, jsonOf } from '../../cel/index.ts'
import { jsonPatch } from '../../patch/index.ts'
import { isJsonObject, type JsonObject } from '../../patch/json-value.ts'
import type { AdmissionPolicy } from '../../resources/admissionregistration/validate-policy.ts'
import { evaluateConditions } from '../expressions/match-conditions.ts'
import { bindingsOf, type Subject } from '../expressions/variables.ts'
import type { Reviewed } from '../matching/reviewed.ts'
import type { Round } from '../webhooks/mutating-webhooks.ts'
import { BoundPolicies, type PoliciesOptions, type PolicyBinding } from './bound-policies.ts'
import { PolicyCompiler } from './compile-policy.ts'
import { variableValues } from './composed-variables.ts'
import { withoutObjectLiterals } from './object-literals.ts'

type Policy = AdmissionPolicy

const KINDS = {
  policies: MUTATING_ADMISSION_POLICIES,
  bindings: MUTATING_ADMISSION_POLICY_BINDINGS,
  compile: compiledMutations,
}

interface CompiledMutations {
  readonly compiler: PolicyCompiler
  readonly conditions: readonly Compiled[]
  readonly mutations: readonly Compiled[]
}

interface MutatingPoliciesOptions extends PoliciesOptions {
  /** An object out of what a mutation has made: typed, defaulted. Throws ApiError. */
  readonly decode: (value: unknown, info: KindInfo) => KubeObject
}

/** Changes objects as MutatingAdmissionPolicies and their bindings say. */
export class MutatingPolicies {
  readonly #options: MutatingPoliciesOptions
  readonly #policies: BoundPolicies<Policy, CompiledMutations>

  constructor(options: MutatingPoliciesOptions) {
    this.#options = options
    this.#policies = new BoundPolicies(KINDS, options)
  }

  get isEmpty(): boolean {
    return this.#policies.isEmpty
  }

  /** The object as the policies want it. In a later round only those that want to see what others changed are asked. */
  complete(request: Reviewed, round: Round): KubeObject | undefined {
    let asked = request
    for (const policy of this.#policies.get()) {
      if (round.again && policy.spec.reinvocationPolicy !== 'IfNeeded') continue
      for (const binding of this.#policies.bindingsOf(policy)) {
        asked = { ...asked, object: this.#mutated(policy, binding, asked) }
      }
    }
    return asked.object
  }

  #mutated(policy: Policy, binding: PolicyBinding, asked: Reviewed): KubeObject | undefined {
    const shown = this.#policies.shownTo(policy, asked)
    if (shown?.object === undefined || shown.kind.kind !== shown.info.kind) return asked.object
    if (!this.#policies.isBound(binding, asked)) return asked.object
    try {
      const changed = this.#applied(policy, binding, { asked, shown })
      return changed === shown.object ? asked.object : this.#options.otherVersions.returned(changed, shown.info, asked.info)
    } catch (error) {
      if (policy.spec.failurePolicy === 'Ignore') return asked.object
      const why = `policy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${(error as Error).message}`
      const { message, details } = forbidden(qualifiedResource(asked.info), asked.name, why)
      throw new ApiError('Invalid', message, { details: { ...details, causes: [{ message: why }] }, cause: error })
    }
  }

  #applied(policy: Policy, binding: PolicyBinding, forms: { asked: Reviewed; shown: Reviewed }): KubeObject {
    let object = forms.shown.object as KubeObject
    for (const subject of this.#policies.subjectsOf(policy, binding, forms)) {
      object = this.#evaluated(policy, { ...subject, shown: { ...subject.shown, object } })
    }
    return object
  }

  #evaluated(policy: Policy, subject: Subject): KubeObject {
    const { spec } = policy
    const { compiler, conditions, mutations } = this.#policies.compiledOf(policy)
    const budget = new CelBudget()
    const bound = (object: KubeObject) => {
      const bindings = bindingsOf({ ...subject, shown: { ...subject.shown, object } }, this.#options.authorize)
      return { ...bindings, variables: variableValues(compiler.variables, bindings, budget) }
    }
    let object = subject.shown.object as KubeObject
    const met = evaluateConditions(spec.matchConditions ?? [], conditions, ({ program }) =>
      program.evaluate(bound(object), budget),
    )
    if (met.type === 'error') throw new Error(met.message)
    if (met.type === 'fail') return object
    for (const [index, compiled] of mutations.entries()) {
      if (!compiled.ok) throw new Error(`compilation error: compilation failed: ${compiled.message}`)
      const outcome = compiled.program.evaluate(bound(object), budget)
      if (!outcome.ok) throw new Error(`expression resulted in error: ${outcome.message}`)
      object = this.#changed(object, spec.mutations?.[index]?.patchType ?? '', jsonOf(outcome.value), subject.shown.info)
    }
    return object
  }

  #changed(object: KubeObject, patchType: string, value: unknown, info: KindInfo): KubeObject {
    if (patchType === 'JSONPatch') return this.#options.decode(jsonPatch(object, value), info)
    if (!isJsonObject(value)) throw new Error('the configuration to apply is no object')
    const schema = this.#options.registry.find(info)?.definition.custom?.schema ?? schemaOf(info.group, info.version, info.kind)
    if (schema === undefined) throw new Error(`there is no schema for ${info.kind}`)
    return this.#options.decode(mergeObjects(object as unknown as JsonObject, value, schema), info)
  }
}

function compiledMutations({ spec }: Policy): CompiledMutations {
  const compiler = new PolicyCompiler(spec)
  return {
    compiler,
    conditions: (spec.matchConditions ?? []).map(({ expression }) => compiler.compile(expression, 'bool')),
    mutations: (spec.mutations ?? []).map((mutation) => compileMutation(compiler, mutation)),
  }
}

/** Object literals are the language of mutations alone. */
export function compileMutation(compiler: PolicyCompiler, { applyConfiguration, jsonPatch: patch }: Mutation): Compiled {
  return compiler.compile(withoutObjectLiterals(applyConfiguration?.expression ?? patch?.expression ?? ''), undefined, [
    registerJsonPatch,
  ])
}

type Mutation = NonNullable<Policy['spec']['mutations']>[number]

/** `jsonpatch.escapeKey("a/b")`: a key as a step of a JSON pointer. */
const registerJsonPatch: CelLibrary = (environment) => {
  environment
    .registerType('jsonpatch', { ctor: JsonPatchNamespace, fields: {} })
    .registerConstant('jsonpatch', 'jsonpatch', new JsonPatchNamespace())
    .registerFunction('jsonpatch.escapeKey(string): string', (_namespace: JsonPatchNamespace, key: string) => {
      return key.replaceAll('~', '~0').replaceAll('/', '~1')
    })
}

class JsonPatchNamespace {}
