import { type CelProgram, type CelType, compileCel } from '../../cel/index.ts'
import { additionalOf, type JsonSchema, type ValidationRule } from '../schema/json-schema.ts'
import { celTypeOf } from './cel-type.ts'

/** One rule of `x-kubernetes-validations`, ready to run; or why it is not. */
export interface CompiledRule {
  readonly rule: ValidationRule
  readonly program: CelProgram | undefined
  readonly problem: string | undefined
  readonly message: CelProgram | undefined
  readonly messageProblem: string | undefined
  readonly usesOldSelf: boolean
}

/** The rules of a schema and of what is below it; only the parts that have any. */
export interface RuleTree {
  readonly schema: JsonSchema
  readonly rules: readonly CompiledRule[]
  readonly properties: ReadonlyMap<string, RuleTree>
  readonly values: RuleTree | undefined
  readonly items: RuleTree | undefined
}

/** Undefined: there is no rule in it. */
export function compileRules(schema: JsonSchema, isResourceRoot = true): RuleTree | undefined {
  const rules = (schema['x-kubernetes-validations'] ?? []).map((rule) => compileRule(rule, schema, isResourceRoot))
  const properties = new Map<string, RuleTree>()
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const tree = compileRules(property, false)
    if (tree !== undefined) properties.set(name, tree)
  }
  const additional = additionalOf(schema)
  const values = additional === undefined ? undefined : compileRules(additional, false)
  const items = schema.items === undefined ? undefined : compileRules(schema.items, false)
  if (rules.length === 0 && properties.size === 0 && values === undefined && items === undefined) return undefined
  return { schema, rules, properties, values, items }
}

export function compileRule(rule: ValidationRule, schema: JsonSchema, isResourceRoot: boolean): CompiledRule {
  const type = celTypeOf(schema, isResourceRoot)
  if (type === undefined)
    return { ...NOTHING, rule, problem: 'failed to construct type information for x-kubernetes-validations rules' }
  const oldSelf: CelType = rule.optionalOldSelf === true ? { kind: 'optional', value: type } : type
  const variables = { self: type, oldSelf }
  const compiled = compileCel(rule.rule, { variables, resultType: 'bool' })
  const message = rule.messageExpression ? compileCel(rule.messageExpression, { variables, resultType: 'string' }) : undefined
  return {
    rule,
    program: compiled.ok ? compiled.program : undefined,
    problem: compiled.ok ? undefined : ruleProblem(compiled.message),
    message: message?.ok === true ? message.program : undefined,
    messageProblem: message?.ok === false ? messageProblem(message.message) : undefined,
    usesOldSelf: compiled.ok && compiled.program.uses.has('oldSelf'),
  }
}

const NOTHING = { program: undefined, message: undefined, messageProblem: undefined, usesOldSelf: false }

function ruleProblem(message: string): string {
  return message.startsWith('must evaluate') ? 'cel expression must evaluate to a bool' : `compilation failed: ${message}`
}

function messageProblem(message: string): string {
  return message.startsWith('must evaluate')
    ? 'messageExpression must evaluate to a string'
    : `messageExpression compilation failed: ${message}`
}
