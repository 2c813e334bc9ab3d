/** Label selectors: the text of `?labelSelector=` and the LabelSelector of specs (k8s.io/apimachinery/pkg/labels). */

import { badRequest } from './errors.ts'
import { type FieldError, fieldErrorMessage, invalid, path } from './field-errors.ts'
import { labelValueProblems, qualifiedNameProblems } from './names.ts'
import type { LabelSelector } from './types.ts'

export type LabelOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt'

export interface LabelRequirement {
  readonly key: string
  readonly operator: LabelOperator
  readonly values: readonly string[]
}

export type Labels = Readonly<Record<string, string>>

/** Sorted by key. Throws BadRequest in upstream's words. */
export function parseLabelSelector(text: string): LabelRequirement[] {
  return new Parser(tokenize(text)).parse().sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
}

/** Whether every requirement holds. */
export function matchesLabels(requirements: readonly LabelRequirement[], labels: Labels | undefined): boolean {
  return requirements.every((requirement) => matchesRequirement(requirement, labelValue(labels, requirement.key)))
}

/** An absent selector matches nothing, an empty one everything. */
export function labelSelectorMatches(selector: LabelSelector | undefined, labels: Labels | undefined): boolean {
  if (selector === undefined) return false
  for (const key in selector.matchLabels) {
    if (labelValue(labels, key) !== selector.matchLabels[key]) return false
  }
  return (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const known = EXPRESSION_OPERATORS[operator]
    return known !== undefined && matchesRequirement({ key, operator: known, values }, labelValue(labels, key))
  })
}

/** Whether a plain map of labels (a Service's selector) selects these labels. An empty one selects everything. */
export function selectsLabels(selector: Labels | undefined, labels: Labels | undefined): boolean {
  for (const key in selector) {
    if (labelValue(labels, key) !== selector[key]) return false
  }
  return true
}

/** The requirements of a LabelSelector, sorted by key. */
function labelSelectorRequirements(selector: LabelSelector): LabelRequirement[] {
  const exact = Object.entries(selector.matchLabels ?? {}).map(
    ([key, value]): LabelRequirement => ({ key, operator: '=', values: [value] }),
  )
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }): LabelRequirement => {
    const known = EXPRESSION_OPERATORS[operator]
    if (known === undefined) throw badRequest(`"${operator}" is not a valid label selector operator`)
    return { key, operator: known, values }
  })
  return [...exact, ...expressions].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
}

/** As `?labelSelector=` and `status.selector` of scales want it. */
export function labelSelectorToString(selector: LabelSelector | undefined): string {
  return selector === undefined ? '' : labelSelectorRequirements(selector).map(formatRequirement).join(',')
}

export function formatRequirement({ key, operator, values }: LabelRequirement): string {
  const listed = [...values].sort().join(',')
  switch (operator) {
    case 'exists':
      return key
    case '!':
      return `!${key}`
    case 'in':
    case 'notin':
      return `${key} ${operator} (${listed})`
    case 'gt':
      return `${key}>${listed}`
    case 'lt':
      return `${key}<${listed}`
    case '=':
    case '==':
    case '!=':
      return `${key}${operator}${listed}`
  }
}

const EXPRESSION_OPERATORS: Readonly<Record<string, LabelOperator | undefined>> = {
  // No prototype: `constructor` is no operator.
  ...Object.create(null),
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
}

function labelValue(labels: Labels | undefined, key: string): string | undefined {
  return labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined
}

function matchesRequirement({ operator, values }: LabelRequirement, value: string | undefined): boolean {
  switch (operator) {
    case '=':
    case '==':
    case 'in':
      return value !== undefined && values.includes(value)
    case '!=':
    case 'notin':
      return value === undefined || !values.includes(value)
    case 'exists':
      return value !== undefined
    case '!':
      return value === undefined
    case 'gt':
    case 'lt':
      return comparesAs(operator, value, values[0])
  }
}

function comparesAs(operator: 'gt' | 'lt', value: string | undefined, bound: string | undefined): boolean {
  if (value === undefined || bound === undefined || !isInt64(value) || !isInt64(bound)) return false
  return operator === 'gt' ? BigInt(value) > BigInt(bound) : BigInt(value) < BigInt(bound)
}

function isInt64(text: string): boolean {
  return /^[-+]?[0-9]+$/.test(text) && BigInt.asIntN(64, toBigInt(text)) === toBigInt(text)
}

function toBigInt(text: string): bigint {
  return BigInt(text.startsWith('+') ? text.slice(1) : text)
}

type Token = { readonly type: 'word' | 'keyword' | 'symbol' | 'end'; readonly text: string }

const END: Token = { type: 'end', text: '' }
const SYMBOLS = new Set([')', ',', '!', '==', '=', '>', '<', '!=', '('])
const SYMBOL = /[=!(),<>]/

function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const rest = text.slice(at)
    const space = /^[ \t\r\n]+/.exec(rest)
    if (space !== null) {
      at += space[0].length
      continue
    }
    const token = SYMBOL.test(rest.charAt(0)) ? symbolAt(rest) : wordAt(rest)
    tokens.push(token)
    at += token.text.length
  }
  return [...tokens, END]
}

/** The longest symbol there is: `==` before `=`. */
function symbolAt(rest: string): Token {
  const two = rest.slice(0, 2)
  return { type: 'symbol', text: SYMBOLS.has(two) ? two : rest.charAt(0) }
}

function wordAt(rest: string): Token {
  const text = /^[^=!(),<> \t\r\n]+/.exec(rest)?.[0] ?? ''
  return { type: text === 'in' || text === 'notin' ? 'keyword' : 'word', text }
}

class Parser {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = []
    for (;;) {
      const first = this.#peek()
      if (first.type === 'end') return requirements
      if (!startsRequirement(first)) throw badRequest(`found '${first.text}', expected: !, identifier, or 'end of string'`)
      requirements.push(this.#requirement())
      const next = this.#take()
      if (next.type === 'end') return requirements
      if (!isSymbol(next, ',')) throw badRequest(`found '${next.text}', expected: ',' or 'end of string'`)
      const after = this.#peek()
      if (!startsRequirement(after)) throw badRequest(`found '${after.text}', expected: identifier after ','`)
    }
  }

  #requirement(): LabelRequirement {
    let token = this.#take()
    const negated = isSymbol(token, '!')
    if (negated) token = this.#take()
    if (!isWord(token)) throw unparsable(`found '${token.text}', expected: identifier`)
    const key = token.text
    const problems = qualifiedNameProblems(key)
    if (problems.length > 0) throw unparsable(fieldErrorMessage(invalid('<nil>', key, problems.join('; '))))
    if (negated) return { key, operator: '!', values: [] }
    const next = this.#peek()
    if (next.type === 'end' || isSymbol(next, ',')) return { key, operator: 'exists', values: [] }
    return checked({ key, ...this.#operatorAndValues() })
  }

  #operatorAndValues(): { operator: LabelOperator; values: string[] } {
    const token = this.#take()
    const operator = BINARY_OPERATORS.get(token.text)
    if (operator === undefined) throw unparsable(`found '${token.text}', expected: in, notin, =, ==, !=, gt, lt`)
    const values = operator === 'in' || operator === 'notin' ? this.#values() : [this.#value()]
    return { operator, values: [...new Set(values)].sort() }
  }

  #value(): string {
    const next = this.#peek()
    if (next.type === 'end' || isSymbol(next, ',')) return ''
    const token = this.#take()
    if (!isWord(token)) throw unparsable(`found '${token.text}', expected: identifier`)
    return token.text
  }

  /** `(a,b)`; an empty place is the empty string: `(a,)` is `a` or none. */
  #values(): string[] {
    const open = this.#take()
    if (!isSymbol(open, '(')) throw unparsable(`found '${open.text}' expected: '('`)
    const values: string[] = []
    for (;;) {
      const token = this.#peek()
      values.push(isWord(token) ? this.#take().text : '')
      const next = this.#take()
      if (isSymbol(next, ')')) return values
      if (!isSymbol(next, ',')) {
        const expected = isWord(token) ? "',' or ')'" : "',', ')' or identifier"
        throw unparsable(`found '${next.text}', expected: ${expected}`)
      }
    }
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? END
  }

  #take(): Token {
    const token = this.#peek()
    this.#at += 1
    return token
  }
}

const BINARY_OPERATORS: ReadonlyMap<string, LabelOperator> = new Map([
  ['in', 'in'],
  ['notin', 'notin'],
  ['=', '='],
  ['==', '=='],
  ['!=', '!='],
  ['>', 'gt'],
  ['<', 'lt'],
])

function isWord(token: Token): boolean {
  return token.type === 'word' || token.type === 'keyword'
}

function isSymbol(token: Token, text: string): boolean {
  return token.type === 'symbol' && token.text === text
}

function startsRequirement(token: Token): boolean {
  return isWord(token) || isSymbol(token, '!')
}

function checked(requirement: LabelRequirement): LabelRequirement {
  const errors = requirement.values.flatMap((value, index) => valueErrors(requirement, value, index))
  if (errors.length === 0) return requirement
  const messages = errors.map(fieldErrorMessage)
  throw unparsable(messages.length > 1 ? `[${messages.join(', ')}]` : messages.join(''))
}

function valueErrors({ key, operator }: LabelRequirement, value: string, index: number): FieldError[] {
  const at = path('values').index(index)
  const errors: FieldError[] = []
  if ((operator === 'gt' || operator === 'lt') && !isInt64(value)) {
    errors.push(invalid(at, value, "for 'Gt', 'Lt' operators, the value must be an integer"))
  }
  const problems = labelValueProblems(value)
  if (problems.length > 0) errors.push(invalid(at.key(key), value, problems.join('; ')))
  return errors
}

function unparsable(why: string): Error {
  return badRequest(`unable to parse requirement: ${why}`)
}
