import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type FieldSet, intersectSets, isEmptySet, pathsOf, sameSets, subtractSets, unionSets } from './field-set.ts'

/** Sets are written down as paths, to compare what the trees say with what sets of strings say. */
const paths = fc.array(fc.array(fc.constantFrom('f:a', 'f:b', 'k:{"name":"x"}'), { minLength: 1, maxLength: 3 }), {
  maxLength: 8,
})

test('unions, differences and intersections are those of the paths', () => {
  fc.assert(
    fc.property(paths, paths, (left, right) => {
      const [a, b] = [setOf(left), setOf(right)]
      expect(texts(unionSets(a, b))).toEqual(sorted([...texts(a), ...texts(b)]))
      expect(texts(subtractSets(a, b))).toEqual(texts(a).filter((path) => !texts(b).includes(path)))
      expect(texts(intersectSets(a, b))).toEqual(texts(a).filter((path) => texts(b).includes(path)))
    }),
  )
})

test('operations change neither set', () => {
  fc.assert(
    fc.property(paths, paths, (left, right) => {
      const [a, b] = [setOf(left), setOf(right)]
      const before = JSON.stringify([a, b])
      unionSets(a, b)
      subtractSets(a, b)
      intersectSets(a, b)
      expect(JSON.stringify([a, b])).toBe(before)
    }),
  )
})

test('a set less itself is empty, and the same as the empty one', () => {
  fc.assert(
    fc.property(paths, (list) => {
      const rest = subtractSets(setOf(list), setOf(list))
      expect(isEmptySet(rest)).toBe(true)
      expect(sameSets(rest, {})).toBe(true)
    }),
  )
})

function setOf(list: readonly (readonly string[])[]): FieldSet {
  return list.reduce<FieldSet>((set, path) => unionSets(set, nest(path)), {})
}

function nest(path: readonly string[]): FieldSet {
  return path.reduceRight<FieldSet>((below, element) => ({ [element]: below }), {})
}

function texts(set: FieldSet): string[] {
  return sorted(pathsOf(set).map((path) => path.join('/')))
}

function sorted(list: readonly string[]): string[] {
  return [...new Set(list)].sort()
}
