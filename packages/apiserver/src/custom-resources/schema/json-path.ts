/** The JSON paths of printer columns and selectable fields: `.spec.x`, `.status.conditions[?(@.type=="Ready")].status`. */

import { isJsonObject, ownValue } from '../../patch/json-value.ts'

type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'every' }
  | { readonly kind: 'filter'; readonly path: JsonPath; readonly operator: string; readonly value: unknown }

export type JsonPath = readonly Step[]

/** Undefined when it can't be read. */
export function parseJsonPath(text: string): JsonPath | undefined {
  const steps: Step[] = []
  let rest = text.trim()
  while (rest !== '' && rest !== '.') {
    const read = readStep(rest)
    if (read === undefined) return undefined
    steps.push(read.step)
    rest = read.rest
  }
  return steps
}

function readStep(text: string): { readonly step: Step; readonly rest: string } | undefined {
  const field = /^\.?((?:\\.|[^.[\]\\])+)/.exec(text)
  if (field !== null && !text.startsWith('[')) {
    const name = (field[1] ?? '').replace(/\\(.)/g, '$1')
    return { step: name === '*' ? { kind: 'every' } : { kind: 'field', name }, rest: text.slice(field[0].length) }
  }
  const bracket =
    /^\.?\[(?:(-?\d+)|(\*)|'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|\?\(\s*@([^=!<>]*?)\s*(==|!=)\s*(.+?)\s*\))\]/.exec(text)
  if (bracket === null) return undefined
  const rest = text.slice(bracket[0].length)
  const [, index, every, single, double, inner, operator, literal] = bracket
  if (index !== undefined) return { step: { kind: 'index', index: Number(index) }, rest }
  if (every !== undefined) return { step: { kind: 'every' }, rest }
  const name = single ?? double
  if (name !== undefined) return { step: { kind: 'field', name: name.replace(/\\(.)/g, '$1') }, rest }
  const path = parseJsonPath(inner ?? '')
  if (path === undefined || operator === undefined) return undefined
  return { step: { kind: 'filter', path, operator, value: literalOf(literal ?? '') }, rest }
}

function literalOf(text: string): unknown {
  const quoted = /^(['"])(.*)\1$/.exec(text)
  if (quoted !== null) return quoted[2]
  if (text === 'true' || text === 'false') return text === 'true'
  return Number.isNaN(Number(text)) ? text : Number(text)
}

/** Everything that the path leads to. */
export function findByPath(value: unknown, path: JsonPath): unknown[] {
  return path.reduce<unknown[]>((found, step) => found.flatMap((each) => take(each, step)), [value])
}

function take(value: unknown, step: Step): unknown[] {
  switch (step.kind) {
    case 'field': {
      const inner = isJsonObject(value) ? ownValue(value, step.name) : undefined
      return inner === undefined ? [] : [inner]
    }
    case 'index': {
      const inner: unknown = Array.isArray(value) ? value.at(step.index) : undefined
      return inner === undefined ? [] : [inner]
    }
    case 'every':
      return childrenOf(value)
    case 'filter':
      return childrenOf(value).filter((child) => {
        const isEqual = findByPath(child, step.path).some((each) => each === step.value)
        return step.operator === '==' ? isEqual : !isEqual
      })
  }
}

function childrenOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value as unknown[]
  return isJsonObject(value) ? Object.values(value) : []
}
