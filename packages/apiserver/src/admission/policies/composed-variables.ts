import { type CelBudget, type CelObject, type CelType, CelValue, type Compiled } from '../../cel/index.ts'

export interface PolicyVariable {
  readonly name: string
  readonly compiled: Compiled
}

/** `variables` in expressions: each is known with its type to those that come after it. */
export function variablesType(variables: readonly PolicyVariable[]): CelObject {
  const fields = variables.map(({ name, compiled }): [string, CelType] => [
    name,
    compiled.ok ? typeNamed(compiled.program.type) : 'dyn',
  ])
  return { kind: 'object', plainNames: true, fields: new Map(fields) }
}

const SCALARS = ['bool', 'int', 'uint', 'double', 'string', 'bytes'] as const

function typeNamed(type: string): CelType {
  return SCALARS.find((each) => each === type) ?? 'dyn'
}

/** Their values for one request: each is computed when it is first asked for, and then kept. */
export function variableValues(
  variables: readonly PolicyVariable[],
  bindings: Readonly<Record<string, unknown>>,
  budget: CelBudget,
): object {
  const values = Object.create(null) as object
  const all = { ...bindings, variables: values }
  for (const { name, compiled } of variables) {
    let known: CelValue | undefined
    const get = () => {
      known ??= new CelValue(computed(name, compiled, (program) => program.evaluate(all, budget)))
      return known
    }
    Object.defineProperty(values, name, { enumerable: true, get })
  }
  return values
}

type Program = Extract<Compiled, { ok: true }>['program']

function computed(name: string, compiled: Compiled, evaluate: (program: Program) => ReturnType<Program['evaluate']>): unknown {
  const problem = (why: string) => new Error(`composited variable "${name}" fails to ${why}`)
  if (!compiled.ok) throw problem(`compile: ${compiled.message}`)
  const outcome = evaluate(compiled.program)
  if (!outcome.ok) throw problem(`evaluate: ${outcome.message}`)
  return outcome.value
}
