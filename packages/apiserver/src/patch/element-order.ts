import { isJsonObject, jsonEquals } from './json-value.ts'

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
  const placeIn = (list: readonly unknown[], item: unknown) => list.findIndex((each) => isSame(each, item, mergeKey))
  const named = sortBy(
    merged.filter((item) => placeIn(order, item) >= 0),
    (item) => placeIn(order, item),
  )
  const others = sortBy(
    merged.filter((item) => placeIn(order, item) < 0),
    (item) => placeIn(live, item),
  )
  const result: unknown[] = []
  let next = 0
  for (const item of named) {
    const place = placeIn(live, item)
    while (next < others.length && place >= 0 && isBefore(placeIn(live, others[next]), place)) result.push(others[next++])
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

function isSame(left: unknown, right: unknown, mergeKey: string | undefined): boolean {
  if (mergeKey === undefined || !isJsonObject(left) || !isJsonObject(right)) return jsonEquals(left, right)
  return jsonEquals(left[mergeKey], right[mergeKey])
}
