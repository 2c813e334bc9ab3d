import type { ValidatingAdmissionPolicy } from '@skiff/api'
import { type CelLibrary, type CelType, type Compiled, compileCel } from '../../cel/index.ts'
import { registerAuthorizer } from '../expressions/authorizer-library.ts'
import { POLICY_VARIABLES } from '../expressions/variables.ts'
import { type PolicyVariable, variablesType } from './composed-variables.ts'

type Spec = ValidatingAdmissionPolicy['spec']

/** What is known of the objects when a policy is checked without any of them; absent: nothing. */
export interface KnownTypes {
  readonly object?: CelType
  readonly params?: CelType
}

/** Compiles expressions of one policy: with its parameters, and with its variables as far as they come before. */
export class PolicyCompiler {
  readonly #types: Record<string, CelType>
  readonly variables: readonly PolicyVariable[]

  constructor({ paramKind, variables = [] }: Pick<Spec, 'paramKind' | 'variables'>, { object, params }: KnownTypes = {}) {
    this.#types = {
      ...POLICY_VARIABLES,
      ...(object === undefined ? {} : { object, oldObject: object }),
      ...(paramKind ? { params: params ?? 'dyn' } : {}),
    }
    const compiled: PolicyVariable[] = []
    for (const { name = '', expression = '' } of variables) {
      this.#types.variables = variablesType(compiled)
      compiled.push({ name, compiled: this.compile(expression) })
    }
    this.#types.variables = variablesType(compiled)
    this.variables = compiled
  }

  compile(expression: string, resultType?: 'bool' | 'string', libraries: readonly CelLibrary[] = []): Compiled {
    return compileCel(expression, {
      // A copy: what this expression may name is settled, more variables come after it.
      variables: { ...this.#types },
      ...(resultType === undefined ? {} : { resultType }),
      libraries: [registerAuthorizer, ...libraries],
    })
  }
}

export interface CompiledPolicy {
  readonly variables: readonly PolicyVariable[]
  readonly conditions: readonly Compiled[]
  readonly validations: readonly { readonly expression: Compiled; readonly message: Compiled | undefined }[]
  readonly auditAnnotations: readonly Compiled[]
}

export function compilePolicy({ spec }: ValidatingAdmissionPolicy): CompiledPolicy {
  const compiler = new PolicyCompiler(spec)
  return {
    variables: compiler.variables,
    conditions: (spec.matchConditions ?? []).map(({ expression }) => compiler.compile(expression, 'bool')),
    validations: (spec.validations ?? []).map(({ expression, messageExpression }) => ({
      expression: compiler.compile(expression, 'bool'),
      message: messageExpression ? compiler.compile(messageExpression, 'string') : undefined,
    })),
    auditAnnotations: (spec.auditAnnotations ?? []).map(({ valueExpression }) => compiler.compile(valueExpression)),
  }
}
