/** The places of items that repeat an earlier one, by what makes two of them the same. In one pass: clients choose how many there are. */
export function repeats<T>(items: readonly T[], keyOf: (item: T) => unknown): ReadonlySet<number> {
  const seen = new Set<unknown>()
  const repeated = new Set<number>()
  for (const [index, item] of items.entries()) {
    const key = keyOf(item)
    if (seen.has(key)) repeated.add(index)
    seen.add(key)
  }
  return repeated
}
