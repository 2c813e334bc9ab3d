/** Kubernetes' library of lists, and what cel-go's has besides. */

import type { Environment } from '@marcbachmann/cel-js'
import { Duration } from '@marcbachmann/cel-js/evaluator'
import type { Evaluator } from '../evaluator.ts'
import { ownFunction } from '../own-names.ts'
import { celCompare, celEquals } from './compare.ts'
import { failure } from './failure.ts'

type List = readonly unknown[]

const LONGEST_RANGE = 100_000n

export function registerLists(environment: Environment): void {
  environment
    .registerFunction('list<T>.isSorted(): bool', (list: List) =>
      list.every((item, index) => index === 0 || order(list[index - 1], item) <= 0),
    )
    .registerFunction('list<T>.sum(): T', (list: List) => list.reduce(add, undefined) ?? 0n)
    .registerFunction('list<T>.min(): T', (list: List) => extreme(list, 'min'))
    .registerFunction('list<T>.max(): T', (list: List) => extreme(list, 'max'))
    .registerFunction(`list<T>.${ownFunction('indexOf')}(T): int`, (list: List, item: unknown) =>
      BigInt(list.findIndex((each) => celEquals(each, item))),
    )
    .registerFunction(`list<T>.${ownFunction('lastIndexOf')}(T): int`, (list: List, item: unknown) =>
      BigInt(list.findLastIndex((each) => celEquals(each, item))),
    )
    .registerFunction('list<T>.reverse(): list<T>', (list: List) => [...list].reverse())
    .registerFunction('list<T>.sort(): list<T>', (list: List) => [...list].sort(order))
    .registerFunction('list<T>.distinct(): list<T>', distinct)
    .registerFunction('list<T>.slice(int, int): list<T>', slice)
    .registerFunction('list<list<T>>.flatten(): list<T>', (list: List) => list.flat(1))
  class ListsNamespace {}
  environment
    .registerType('ListsNamespace', ListsNamespace)
    .registerConstant('lists', 'ListsNamespace', new ListsNamespace())
    .registerFunction('ListsNamespace.range(int): list<int>', function (this: Evaluator, _: unknown, count: bigint) {
      if (count > LONGEST_RANGE) throw failure(`lists.range() of ${count} is too long`)
      this.meter?.charge(Number(count))
      return Array.from({ length: Math.max(0, Number(count)) }, (__, index) => BigInt(index))
    })
}

function order(left: unknown, right: unknown): number {
  const compared = celCompare(left, right)
  if (compared === undefined) throw failure('no such overload')
  return compared
}

function add(sum: unknown, item: unknown): unknown {
  if (sum === undefined) return item
  if (typeof sum === 'bigint' && typeof item === 'bigint') return BigInt.asIntN(64, sum + item)
  if (typeof sum === 'number' && typeof item === 'number') return sum + item
  if (sum instanceof Duration && item instanceof Duration) return sum.addDuration(item)
  throw failure('no such overload')
}

function extreme(list: List, which: 'min' | 'max'): unknown {
  if (list.length === 0) throw failure(`${which} called on empty list`)
  return list.reduce((best, item) => (order(item, best) < 0 === (which === 'min') && order(item, best) !== 0 ? item : best))
}

function distinct(this: Evaluator, list: List): unknown[] {
  const kept: unknown[] = []
  for (const item of list) {
    this.meter?.charge(1 + kept.length / 10)
    if (!kept.some((each) => celEquals(each, item))) kept.push(item)
  }
  return kept
}

function slice(list: List, start: bigint, end: bigint): unknown[] {
  if (start < 0n || end < 0n) throw failure(`cannot slice(${start}, ${end}), negative indexes not supported`)
  if (start > end) throw failure(`cannot slice(${start}, ${end}), start index must be less than or equal to end index`)
  if (end > BigInt(list.length)) throw failure(`cannot slice(${start}, ${end}), list is length ${list.length}`)
  return list.slice(Number(start), Number(end))
}
