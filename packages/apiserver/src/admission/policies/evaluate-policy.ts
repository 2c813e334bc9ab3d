import type { ValidatingAdmissionPolicy } from '@skiff/api'
import { CelBudget, type CelOutcome, type Compiled } from '../../cel/index.ts'
import { evaluateConditions } from '../expressions/match-conditions.ts'
import { type Authorize, bindingsOf, type Subject } from '../expressions/variables.ts'
import type { CompiledPolicy } from './compile-policy.ts'
import { variableValues } from './composed-variables.ts'

/** One expression that the request breaks, or that could not be evaluated. */
export interface Violation {
  readonly message: string
  readonly reason: string | undefined
  /** It could not be evaluated, and the failure policy is to fail. */
  readonly isError: boolean
}

const LONGEST_MESSAGE_BYTES = 5 * 1024

/** What of a policy the request breaks (k8s.io/apiserver/pkg/admission/plugin/policy/validating/validator.go). */
export function evaluatePolicy(
  { spec }: ValidatingAdmissionPolicy,
  compiled: CompiledPolicy,
  { subject, authorize }: { readonly subject: Subject; readonly authorize: Authorize },
): readonly Violation[] {
  const budget = new CelBudget()
  const bindings = bindingsOf(subject, authorize)
  const all = { ...bindings, variables: variableValues(compiled.variables, bindings, budget) }
  const failure = (message: string): Violation[] => {
    return spec.failurePolicy === 'Ignore' ? [] : [{ message, reason: undefined, isError: true }]
  }
  const conditions = evaluateConditions(spec.matchConditions ?? [], compiled.conditions, ({ program }) =>
    program.evaluate(all, budget),
  )
  if (conditions.type === 'fail') return []
  if (conditions.type === 'error') return failure(conditions.message)

  const violations: Violation[] = []
  for (const [index, { expression, message }] of compiled.validations.entries()) {
    const validation = spec.validations?.[index]
    const outcome = outcomeOf(expression, validation?.expression ?? '', (program) => program.evaluate(all, budget))
    if (!outcome.ok) violations.push(...failure(outcome.message))
    else if (outcome.value !== true) {
      const said = message?.ok === true ? messageOf(message.program.evaluate(all, budget)) : ''
      const text = said || validation?.message?.trim() || `failed expression: ${validation?.expression?.trim()}`
      violations.push({ message: text, reason: validation?.reason, isError: false })
    }
  }
  for (const [index, annotation] of compiled.auditAnnotations.entries()) {
    const outcome = outcomeOf(annotation, spec.auditAnnotations?.[index]?.valueExpression ?? '', (program) =>
      program.evaluate(all, budget),
    )
    if (!outcome.ok) violations.push(...failure(outcome.message))
  }
  return violations
}

type Program = Extract<Compiled, { ok: true }>['program']

function outcomeOf(compiled: Compiled, expression: string, evaluate: (program: Program) => CelOutcome) {
  if (!compiled.ok) return { ok: false as const, message: `compilation error: compilation failed: ${compiled.message}` }
  const outcome = evaluate(compiled.program)
  if (outcome.ok) return outcome
  return { ok: false as const, message: `expression '${expression}' resulted in error: ${outcome.message}` }
}

/** A message that is no text, too long or of several lines is none: then the policy's own words are used. */
function messageOf(outcome: CelOutcome): string {
  if (!outcome.ok || typeof outcome.value !== 'string') return ''
  const text = outcome.value.trim()
  return Buffer.byteLength(text) > LONGEST_MESSAGE_BYTES || text.includes('\n') ? '' : text
}
