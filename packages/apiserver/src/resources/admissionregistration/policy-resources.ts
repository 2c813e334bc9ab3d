import {
  type KindInfo,
  MUTATING_ADMISSION_POLICIES,
  MUTATING_ADMISSION_POLICY_BINDINGS,
  VALIDATING_ADMISSION_POLICIES,
  VALIDATING_ADMISSION_POLICY_BINDINGS,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
} from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge, selectorCell } from '../cells.ts'
import { AGE_COLUMN, integerColumn, NAME_COLUMN, textColumn } from '../columns.ts'
import { withStatus } from '../status.ts'
import {
  type AdmissionPolicy,
  validateMutatingPolicy,
  validatePolicyBinding,
  validateValidatingPolicy,
} from './validate-policy.ts'

export const validatingAdmissionPolicyResource: ResourceDefinition = {
  info: VALIDATING_ADMISSION_POLICIES,
  subresources: ['status'],
  strategy: {
    ...withStatus(VALIDATING_ADMISSION_POLICIES),
    default: (policy: ValidatingAdmissionPolicy) => defaultPolicy(policy),
    validate: (policy: ValidatingAdmissionPolicy) => validateValidatingPolicy(policy),
  },
  columns: {
    columns: [
      NAME_COLUMN,
      integerColumn('Validations', 'How many expressions it has.'),
      textColumn('ParamKind', 'The kind of its parameters.'),
      AGE_COLUMN,
    ],
    cells: (policy: ValidatingAdmissionPolicy, now) => [
      policy.metadata.name,
      (policy.spec?.validations ?? []).length,
      paramKindCell(policy),
      objectAge(policy, now),
    ],
  },
}

export const mutatingAdmissionPolicyResource: ResourceDefinition = {
  info: MUTATING_ADMISSION_POLICIES,
  strategy: {
    countsGenerations: true,
    default(policy: AdmissionPolicy) {
      defaultPolicy(policy)
      policy.spec.reinvocationPolicy ||= 'Never'
    },
    validate: (policy: AdmissionPolicy) => validateMutatingPolicy(policy),
  },
  columns: {
    columns: [
      NAME_COLUMN,
      integerColumn('Mutations', 'How many mutations it makes.'),
      textColumn('ParamKind', 'The kind of its parameters.'),
      AGE_COLUMN,
    ],
    cells: (policy: AdmissionPolicy, now) => [
      policy.metadata.name,
      (policy.spec.mutations ?? []).length,
      paramKindCell(policy),
      objectAge(policy, now),
    ],
  },
}

export const validatingAdmissionPolicyBindingResource = bindingResource(VALIDATING_ADMISSION_POLICY_BINDINGS, true)
export const mutatingAdmissionPolicyBindingResource = bindingResource(MUTATING_ADMISSION_POLICY_BINDINGS, false)

function bindingResource(info: KindInfo, hasActions: boolean): ResourceDefinition {
  return {
    info,
    strategy: {
      countsGenerations: true,
      default: (binding: ValidatingAdmissionPolicyBinding) => defaultMatching(binding.spec?.matchResources),
      validate: (binding: ValidatingAdmissionPolicyBinding) => validatePolicyBinding(binding, hasActions),
    },
    columns: {
      columns: [
        NAME_COLUMN,
        textColumn('PolicyName', 'The policy that it puts into force.'),
        textColumn('ParamRef', 'Its parameters.'),
        AGE_COLUMN,
      ],
      cells: (binding: ValidatingAdmissionPolicyBinding, now) => [
        binding.metadata.name,
        binding.spec?.policyName ?? '',
        paramRefCell(binding),
        objectAge(binding, now),
      ],
    },
  }
}

function defaultPolicy({ spec }: AdmissionPolicy): void {
  spec.failurePolicy ||= 'Fail'
  defaultMatching(spec.matchConstraints)
}

function defaultMatching(matching: AdmissionPolicy['spec']['matchConstraints']): void {
  if (!matching) return
  matching.matchPolicy ||= 'Equivalent'
  matching.namespaceSelector ??= {}
  matching.objectSelector ??= {}
  for (const rule of [...(matching.resourceRules ?? []), ...(matching.excludeResourceRules ?? [])]) rule.scope ||= '*'
}

function paramKindCell({ spec }: Pick<AdmissionPolicy, 'spec'>): string {
  return spec?.paramKind ? `${spec.paramKind.apiVersion}/${spec.paramKind.kind}` : '<unset>'
}

function paramRefCell({ spec }: ValidatingAdmissionPolicyBinding): string {
  const { name, namespace, selector } = spec?.paramRef ?? {}
  if (name) return namespace ? `${namespace}/${name}` : name
  return selector ? selectorCell(selector) : '<unset>'
}
