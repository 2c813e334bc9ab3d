/** Macros that the CEL library lacks: comprehensions of two variables (KEP-4997's ext.TwoVarComprehensions), optMap. */

import { type Environment, Optional } from '@marcbachmann/cel-js'
import type { Checker, Context, Evaluator, Macro, MacroCall, Node, OverlayContext, TypeName } from '../evaluator.ts'
import { failure } from './failure.ts'

interface TwoVariables {
  readonly name: string
  /** Of the parts after the two variables. */
  readonly parts: number
  /** The whole's type, from those of the parts. */
  type(checker: Checker, parts: readonly TypeName[], range: TypeName): TypeName
  evaluate(
    entries: readonly (readonly [unknown, unknown])[],
    part: (index: number, key: unknown, value: unknown) => unknown,
  ): unknown
}

const isTrue = (value: unknown): boolean => {
  if (typeof value !== 'boolean') throw failure('no such overload')
  return value
}

const bool = (checker: Checker) => checker.getType('bool')

const COMPREHENSIONS: readonly TwoVariables[] = [
  {
    name: 'all',
    parts: 1,
    type: bool,
    evaluate: (entries, part) => entries.every(([key, value]) => isTrue(part(0, key, value))),
  },
  {
    name: 'exists',
    parts: 1,
    type: bool,
    evaluate: (entries, part) => entries.some(([key, value]) => isTrue(part(0, key, value))),
  },
  ...['existsOne', 'exists_one'].map(
    (name): TwoVariables => ({
      name,
      parts: 1,
      type: bool,
      evaluate: (entries, part) => entries.filter(([key, value]) => isTrue(part(0, key, value))).length === 1,
    }),
  ),
  {
    name: 'transformList',
    parts: 1,
    type: (checker, [item]) => checker.getType(`list<${item?.name ?? 'dyn'}>`),
    evaluate: (entries, part) => entries.map(([key, value]) => part(0, key, value)),
  },
  {
    name: 'transformList',
    parts: 2,
    type: (checker, [, item]) => checker.getType(`list<${item?.name ?? 'dyn'}>`),
    evaluate: (entries, part) =>
      entries.filter(([key, value]) => isTrue(part(0, key, value))).map(([key, value]) => part(1, key, value)),
  },
  {
    name: 'transformMap',
    parts: 1,
    type: (checker, [value], range) => checker.getType(`map<${keyTypeOf(range)}, ${value?.name ?? 'dyn'}>`),
    evaluate: (entries, part) => new Map(entries.map(([key, value]) => [key, part(0, key, value)])),
  },
  {
    name: 'transformMap',
    parts: 2,
    type: (checker, [, value], range) => checker.getType(`map<${keyTypeOf(range)}, ${value?.name ?? 'dyn'}>`),
    evaluate: (entries, part) =>
      new Map(entries.filter(([key, value]) => isTrue(part(0, key, value))).map(([key, value]) => [key, part(1, key, value)])),
  },
]

function keyTypeOf(range: TypeName): string {
  return range.kind === 'map' ? (range.keyType?.name ?? 'dyn') : range.kind === 'list' ? 'int' : 'dyn'
}

export function registerComprehensions(environment: Environment): void {
  for (const comprehension of COMPREHENSIONS) {
    const args = Array.from({ length: comprehension.parts + 2 }, () => 'ast').join(', ')
    environment.registerFunction(`list.${comprehension.name}(${args}): dyn`, (call: MacroCall) =>
      twoVariableMacro(call, comprehension),
    )
  }
  environment.registerFunction('optional.optMap(ast, ast): dyn', (call: MacroCall) => optionalMacro(call, 'map'))
  environment.registerFunction('optional.optFlatMap(ast, ast): dyn', (call: MacroCall) => optionalMacro(call, 'flat'))
}

interface Scope {
  key: OverlayContext
  value: OverlayContext
}

function twoVariableMacro({ receiver, args }: MacroCall, comprehension: TwoVariables): Macro {
  const [keyName, valueName] = [identifier(args[0]), identifier(args[1])]
  const parts = args.slice(2)
  let scope: Scope | undefined
  return {
    async: false,
    typeCheck(checker, _, context) {
      const range = checker.check(receiver, context)
      const key = context.forkWithVariable(keyName, checker.getType(keyTypeOf(range)))
      scope = { key, value: key.forkWithVariable(valueName, checker.getType(range.valueType?.name ?? 'dyn')) }
      const inner = scope.value
      return comprehension.type(
        checker,
        parts.map((part) => checker.check(part, inner)),
        range,
      )
    },
    evaluate(evaluator, _, context) {
      const entries = entriesOf(evaluator.run(receiver, context))
      return comprehension.evaluate(entries, (index, key, value) => {
        if (scope === undefined) throw new Error('a macro was evaluated before it was checked')
        scope.key.reuse(context).setIterValue(key, evaluator)
        const inner = scope.value.reuse(scope.key).setIterValue(value, evaluator)
        return evaluator.run(parts[index] as Node, inner)
      })
    },
  }
}

function entriesOf(range: unknown): readonly (readonly [unknown, unknown])[] {
  if (Array.isArray(range)) return range.map((item: unknown, index) => [BigInt(index), item] as const)
  if (range instanceof Map) return [...range]
  if (typeof range === 'object' && range !== null) return Object.entries(range)
  throw failure('no such overload')
}

/** `optional.optMap(x, f(x))`: the same of what is there, none of nothing. */
function optionalMacro({ receiver, args }: MacroCall, kind: 'map' | 'flat'): Macro {
  const name = identifier(args[0])
  const body = args[1] as Node
  let scope: OverlayContext | undefined
  return {
    async: false,
    typeCheck(checker, _, context) {
      const type = checker.check(receiver, context)
      scope = context.forkWithVariable(name, checker.getType(type.kind === 'optional' ? (type.valueType?.name ?? 'dyn') : 'dyn'))
      const result = checker.check(body, scope)
      return kind === 'flat' ? result : checker.getType(`optional<${result.name}>`)
    },
    evaluate(evaluator: Evaluator, _: Macro, context: Context) {
      const given = evaluator.run(receiver, context)
      if (!(given instanceof Optional) || scope === undefined) throw failure('no such overload')
      if (!given.hasValue()) return Optional.none()
      const result = evaluator.run(body, scope.reuse(context).setIterValue(given.value(), evaluator))
      return kind === 'flat' ? result : Optional.of(result)
    },
  }
}

function identifier(node: Node | undefined): string {
  if (node?.op === 'id') return String(node.args)
  throw failure('argument must be a simple name')
}
