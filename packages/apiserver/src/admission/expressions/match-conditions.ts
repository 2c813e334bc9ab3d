import { CelBudget, type Compiled, compileCel, MATCH_CONDITIONS_COST_LIMIT } from '../../cel/index.ts'
import { registerAuthorizer } from './authorizer-library.ts'
import { type Authorize, bindingsOf, REQUEST_VARIABLES, type Subject } from './variables.ts'

export interface MatchCondition {
  readonly name: string
  readonly expression: string
}

export type ConditionsOutcome =
  | { readonly type: 'hold' }
  /** At least one is false: whatever else went wrong, the request is none of theirs. */
  | { readonly type: 'fail' }
  | { readonly type: 'error'; readonly message: string }

/** Compiles and evaluates the match conditions of webhooks. */
export class MatchConditions {
  readonly #authorize: Authorize
  /** By the list that an object holds: it lives as long as its object is the newest. */
  readonly #compiled = new WeakMap<readonly MatchCondition[], readonly Compiled[]>()

  constructor(authorize: Authorize) {
    this.#authorize = authorize
  }

  check(conditions: readonly MatchCondition[], subject: Subject): ConditionsOutcome {
    const budget = new CelBudget(MATCH_CONDITIONS_COST_LIMIT)
    return evaluateConditions(conditions, this.#programs(conditions), (compiled) => {
      return compiled.program.evaluate(bindingsOf(subject, this.#authorize), budget)
    })
  }

  #programs(conditions: readonly MatchCondition[]): readonly Compiled[] {
    const known = this.#compiled.get(conditions)
    if (known !== undefined) return known
    const compiled = conditions.map(({ expression }) => compileCondition(expression))
    this.#compiled.set(conditions, compiled)
    return compiled
  }
}

type Ready = Extract<Compiled, { ok: true }>
type Evaluated = ReturnType<Ready['program']['evaluate']>

/** One false is enough not to match; otherwise one error is enough to be an error. */
export function evaluateConditions(
  conditions: readonly MatchCondition[],
  programs: readonly Compiled[],
  evaluate: (compiled: Ready) => Evaluated,
): ConditionsOutcome {
  const problems: string[] = []
  for (const [index, compiled] of programs.entries()) {
    if (!compiled.ok) {
      problems.push(`compilation error: ${compiled.message}`)
      continue
    }
    const outcome = evaluate(compiled)
    if (!outcome.ok) problems.push(`expression '${conditions[index]?.expression}' resulted in error: ${outcome.message}`)
    else if (outcome.value !== true) return { type: 'fail' }
  }
  if (problems.length === 0) return { type: 'hold' }
  return { type: 'error', message: problems.length === 1 ? (problems[0] ?? '') : `[${problems.join(', ')}]` }
}

export function compileCondition(expression: string): Compiled {
  return compileCel(expression, { variables: REQUEST_VARIABLES, resultType: 'bool', libraries: [registerAuthorizer] })
}
