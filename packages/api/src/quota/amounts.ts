/** Amounts by resource name, as `hard` and `used` of a ResourceQuota list them. */

import { addQuantities, canonicalQuantity, compareQuantities, type QuantityLike, subtractQuantities } from '../quantity.ts'

export type ResourceAmounts = Readonly<Record<string, QuantityLike>>

/** The sum, of every name that either has. */
export function addAmounts(a: ResourceAmounts, b: ResourceAmounts): Record<string, string> {
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return Object.fromEntries([...names].map((name) => [name, addQuantities(a[name] ?? '0', b[name] ?? '0')]))
}

/** What `a` has more than `b`; names of which it has no more are left out. */
export function growth(a: ResourceAmounts, b: ResourceAmounts): Record<string, string> {
  const grown = Object.entries(a).filter(([name, amount]) => compareQuantities(amount, b[name] ?? '0') > 0)
  return Object.fromEntries(grown.map(([name, amount]) => [name, subtractQuantities(amount, b[name] ?? '0')]))
}

/** Only these names, in canonical form. */
export function amountsOf(amounts: ResourceAmounts, names: readonly string[]): Record<string, string> {
  const kept = names.flatMap((name) => {
    const amount = amounts[name]
    return amount === undefined ? [] : [[name, canonicalQuantity(amount)] as const]
  })
  return Object.fromEntries(kept)
}
