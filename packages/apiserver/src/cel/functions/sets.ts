import type { Environment } from '@marcbachmann/cel-js'
import type { Evaluator } from '../evaluator.ts'
import { celEquals } from './compare.ts'

type List = readonly unknown[]

/** `sets.contains`, `sets.equivalent`, `sets.intersects`. */
export function registerSets(environment: Environment): void {
  class SetsNamespace {}
  environment
    .registerType('SetsNamespace', SetsNamespace)
    .registerConstant('sets', 'SetsNamespace', new SetsNamespace())
    .registerFunction(
      'SetsNamespace.contains(list<T>, list<T>): bool',
      function (this: Evaluator, _: unknown, list: List, part: List) {
        chargeProduct(this, list, part)
        return containsAll(list, part)
      },
    )
    .registerFunction(
      'SetsNamespace.equivalent(list<T>, list<T>): bool',
      function (this: Evaluator, _: unknown, a: List, b: List) {
        chargeProduct(this, a, b)
        return containsAll(a, b) && containsAll(b, a)
      },
    )
    .registerFunction(
      'SetsNamespace.intersects(list<T>, list<T>): bool',
      function (this: Evaluator, _: unknown, a: List, b: List) {
        chargeProduct(this, a, b)
        return a.some((item) => b.some((each) => celEquals(each, item)))
      },
    )
}

function chargeProduct(evaluator: Evaluator, a: List, b: List): void {
  evaluator.meter?.charge(a.length * b.length)
}

function containsAll(list: List, part: List): boolean {
  return part.every((item) => list.some((each) => celEquals(each, item)))
}
