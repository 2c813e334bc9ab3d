import { isJsonObject } from '../patch/json-value.ts'

/**
 * Sets of field paths in the form in which managedFields carry them (fieldsV1), so that nothing is ever converted:
 * a node's keys are path elements (`f:spec`, `k:{"name":"a"}`, `v:"x"`); a node that is `{}` or has `.` is itself in
 * the set. The root stands for the whole object and is never in the set: there `{}` is the empty set.
 *
 * Sets are never changed; operations share what they can, and give back the same set when nothing changes.
 */
export interface FieldSet {
  readonly [element: string]: FieldSet
}

export const EMPTY_SET: FieldSet = {}
const SELF = '.'
const MEMBER: FieldSet = {}

export function isEmptySet(set: FieldSet): boolean {
  for (const key in set) if (key !== SELF) return false
  return true
}

/** Whether a node (not the root) is itself in the set. */
export function isMember(node: FieldSet): boolean {
  return SELF in node || isEmptySet(node)
}

/** A node of these children; undefined when there would be nothing in it. */
export function fieldNode(member: boolean, children: FieldSet): FieldSet | undefined {
  if (isEmptySet(children)) return member ? MEMBER : undefined
  if (!member) return SELF in children ? childrenOf(children) : children
  return SELF in children ? children : { [SELF]: MEMBER, ...children }
}

export function childrenOf(node: FieldSet): FieldSet {
  if (!(SELF in node)) return node
  const { [SELF]: _, ...children } = node
  return children
}

/** Never what the node inherits: clients send sets too. */
function childOf(node: FieldSet, key: string): FieldSet | undefined {
  return Object.hasOwn(node, key) ? node[key] : undefined
}

/** Whether a client's fieldsV1 is a set: path elements that can be read, all the way down. */
export function isFieldSet(value: unknown): value is FieldSet {
  if (!isJsonObject(value)) return false
  return Object.entries(value).every(([key, child]) => (key === SELF || isPathElement(key)) && isFieldSet(child))
}

function isPathElement(key: string): boolean {
  const text = key.slice(2)
  switch (key.slice(0, 2)) {
    case 'f:':
      return true
    case 'k:':
      return isJsonObject(parsed(text))
    case 'v:':
      return parsed(text) !== undefined
    case 'i:':
      return /^\d+$/.test(text)
    default:
      return false
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function unionSets(left: FieldSet, right: FieldSet): FieldSet {
  if (isEmptySet(right)) return left
  if (isEmptySet(left)) return right
  let result: Record<string, FieldSet> | undefined
  for (const key in right) {
    const theirs = right[key]
    if (key === SELF || theirs === undefined) continue
    const ours = childOf(left, key)
    const merged = ours === undefined ? theirs : unionNodes(ours, theirs)
    if (merged === ours) continue
    result ??= { ...left }
    result[key] = merged
  }
  return result ?? left
}

function unionNodes(left: FieldSet, right: FieldSet): FieldSet {
  const children = unionSets(childrenOf(left), childrenOf(right))
  const member = isMember(left) || isMember(right)
  if (member === isMember(left) && children === childrenOf(left)) return left
  return fieldNode(member, children) ?? MEMBER
}

/** What is in `left` and not in `right`; children of a member of `right` stay unless they are in it themselves. */
export function subtractSets(left: FieldSet, right: FieldSet): FieldSet {
  const result: Record<string, FieldSet> = {}
  let isSame = true
  for (const key in left) {
    const ours = left[key]
    const theirs = key === SELF ? undefined : childOf(right, key)
    const rest = ours === undefined || theirs === undefined ? ours : subtractNodes(ours, theirs)
    if (rest !== ours) isSame = false
    if (rest !== undefined) result[key] = rest
  }
  return isSame ? left : result
}

function subtractNodes(left: FieldSet, right: FieldSet): FieldSet | undefined {
  const member = isMember(left) && !isMember(right)
  const mine = childrenOf(left)
  const children = subtractSets(mine, childrenOf(right))
  if (member === isMember(left) && children === mine) return left
  return fieldNode(member, children)
}

export function intersectSets(left: FieldSet, right: FieldSet): FieldSet {
  const result: Record<string, FieldSet> = {}
  for (const key in right) {
    const ours = childOf(left, key)
    const theirs = right[key]
    if (key === SELF || ours === undefined || theirs === undefined) continue
    const member = isMember(ours) && isMember(theirs)
    const common = fieldNode(member, intersectSets(childrenOf(ours), childrenOf(theirs)))
    if (common !== undefined) result[key] = common
  }
  return result
}

export function sameSets(left: FieldSet, right: FieldSet): boolean {
  if (left === right) return true
  const keys = Object.keys(left).filter((key) => key !== SELF)
  if (keys.length !== Object.keys(right).filter((key) => key !== SELF).length) return false
  return keys.every((key) => {
    const ours = childOf(left, key)
    const theirs = right[key]
    return ours !== undefined && theirs !== undefined && isMember(ours) === isMember(theirs) && sameSets(ours, theirs)
  })
}

/** Every path in the set, as lists of elements: those of a level before what lies below it. */
export function pathsOf(set: FieldSet, prefix: readonly string[] = []): string[][] {
  const keys = Object.keys(set)
    .filter((key) => key !== SELF)
    .sort()
  const members = keys.filter((key) => isMember(set[key] ?? MEMBER)).map((key) => [...prefix, key])
  const below = keys.flatMap((key) => pathsOf(set[key] ?? MEMBER, [...prefix, key]))
  return [...members, ...below]
}
