import { itemPlaces } from './item-places.ts'

interface ElementOrder {
  /** The items after the merge, in any order. */
  readonly merged: readonly unknown[]
  /** What the patch names, in its order. */
  readonly order: readonly unknown[]
  /** The items as they stood, in their order. */
  readonly live: readonly unknown[]
  /** Absent for a list of primitives. */
  readonly mergeKey: string | undefined
}

/**
 * Items that the patch names come in its order, the others in their old one; an old item goes before the first named
 * one that it stood before. Nobody's relative order is broken (strategicpatch's mergeSortedSlice).
 */
export function orderByPatch({ merged, order, live, mergeKey }: ElementOrder): unknown[] {
  const inOrder = itemPlaces(order, mergeKey)
  const inLive = itemPlaces(live, mergeKey)
  const named = sortBy(
    merged.filter((item) => inOrder(item) >= 0),
    inOrder,
  )
  const others = sortBy(
    merged.filter((item) => inOrder(item) < 0),
    inLive,
  )
  const result: unknown[] = []
  let next = 0
  for (const item of named) {
    const place = inLive(item)
    while (next < others.length && place >= 0 && isBefore(inLive(others[next]), place)) result.push(others[next++])
    result.push(item)
  }
  return [...result, ...others.slice(next)]
}

function isBefore(place: number, other: number): boolean {
  return place >= 0 && place < other
}

function sortBy(items: readonly unknown[], place: (item: unknown) => number): unknown[] {
  const placed = items.map((item) => ({ item, place: place(item) }))
  return placed.sort((a, b) => a.place - b.place).map(({ item }) => item)
}
