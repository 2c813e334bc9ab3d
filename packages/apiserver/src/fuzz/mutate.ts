import { put } from './put.ts'
import type { Random } from './random.ts'
import { oddText, oddValue } from './values.ts'

/** A copy of the object with something wrong in it, or a few things. */
export function mutated(object: unknown, random: Random): unknown {
  let copy = structuredClone(object)
  for (let changes = 1 + random.below(3); changes > 0; changes -= 1) copy = changedOnce(copy, random)
  return copy
}

function changedOnce(root: unknown, random: Random): unknown {
  const places = containersOf(root)
  if (places.length === 0) return oddValue(random)
  const place = random.pick(places)
  if (Array.isArray(place)) changeList(place, random)
  else changeObject(place as Record<string, unknown>, random)
  return root
}

function containersOf(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return []
  return [value, ...Object.values(value).flatMap(containersOf)]
}

function changeList(list: unknown[], random: Random): void {
  const at = random.below(list.length + 1)
  switch (random.below(4)) {
    case 0:
      list.splice(at, 1)
      return
    case 1:
      list.push(structuredClone(list[at] ?? oddValue(random)))
      return
    case 2:
      list[at] = oddValue(random)
      return
    default:
      list.reverse()
  }
}

function changeObject(object: Record<string, unknown>, random: Random): void {
  const keys = Object.keys(object)
  const key = keys.length === 0 || random.chance(0.2) ? oddText(random) : random.pick(keys)
  const value = Object.hasOwn(object, key) ? structuredClone(object[key]) : oddValue(random)
  switch (random.below(4)) {
    case 0:
      delete object[key]
      return
    case 1:
      put(object, random.pick([...keys, 'spec', 'metadata', 'status']), value)
      return
    default:
      put(object, key, oddValue(random))
  }
}

/** The text with a few bytes lost, doubled or replaced. */
export function garbled(text: string, random: Random): Buffer {
  const bytes = Buffer.from(text)
  for (let changes = 1 + random.below(4); changes > 0 && bytes.length > 0; changes -= 1) {
    const at = random.below(bytes.length)
    switch (random.below(4)) {
      case 0:
        return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(20))])
      case 1:
        return Buffer.concat([bytes.subarray(0, at), bytes.subarray(random.below(bytes.length))])
      case 2:
        bytes[at] = random.below(256)
        break
      default:
        bytes[at] = random.pick([0x22, 0x7b, 0x5b, 0x5d, 0x2c, 0x3a, 0x5c, 0x00, 0xff, 0x26, 0x2a])
    }
  }
  return bytes
}
