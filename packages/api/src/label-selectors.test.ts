import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatRequirement,
  type LabelOperator,
  type LabelRequirement,
  labelSelectorMatches,
  labelSelectorToString,
  matchesLabels,
  parseLabelSelector,
  selectsLabels,
} from './index.ts'

const labels = { app: 'web', tier: 'front', weight: '7', empty: '' }

describe('label selectors as text', () => {
  it.each([
    ['', true],
    ['app', true],
    ['!app', false],
    ['!other', true],
    ['app=web', true],
    ['app==web', true],
    ['app!=web', false],
    ['other!=x', true],
    ['app in (web,api)', true],
    ['app notin (web)', false],
    ['other notin (web)', true],
    ['other in (web)', false],
    ['app = web , tier in ( front )', true],
    ['app=web,tier=back', false],
    ['weight>5', true],
    ['weight<5', false],
    ['app>5', false],
    ['other>5', false],
    ['empty=', true],
    ['empty in ()', true],
    ['app in (,web)', true],
    ['in in (in)', false],
    ['app,', 'found'],
  ])('%j matches: %s', (text, expected) => {
    if (expected === 'found') expect(() => parseLabelSelector(text)).toThrow("found '', expected: identifier after ','")
    else expect(matchesLabels(parseLabelSelector(text), labels)).toBe(expected)
  })

  it.each([
    ['a===b', "unable to parse requirement: found '=', expected: identifier"],
    ['a in b', "unable to parse requirement: found 'b' expected: '('"],
    ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['=b', "found '=', expected: !, identifier, or 'end of string'"],
    ['a=b c', "found 'c', expected: ',' or 'end of string'"],
    [
      'a>b',
      "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer",
    ],
    ['a/b/c', /^unable to parse requirement: <nil>: Invalid value: "a\/b\/c": a valid label key must consist of/],
    ['a=b@', /^unable to parse requirement: values\[0\]\[a\]: Invalid value: "b@": a valid label must be an empty string/],
  ])('refuses %j', (text, message) => {
    expect(() => parseLabelSelector(text)).toThrow(message)
  })

  it('takes no label from the prototype', () => {
    expect(matchesLabels(parseLabelSelector('constructor'), {})).toBe(false)
    expect(labelSelectorMatches({ matchExpressions: [{ key: 'a', operator: 'constructor' }] }, { a: 'b' })).toBe(false)
  })

  it('is written as it is read', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/).filter((text) => text !== 'in' && text !== 'notin')
    const requirement: fc.Arbitrary<LabelRequirement> = fc
      .tuple(
        word,
        fc.constantFrom<LabelOperator>('=', '==', '!=', 'in', 'notin', 'exists', '!', 'gt'),
        fc.uniqueArray(word, { minLength: 1 }),
      )
      .map(([key, operator, values]) => ({ key, operator, values: valuesFor(operator, values) }))
    fc.assert(
      fc.property(fc.uniqueArray(requirement, { selector: (each) => each.key }), (requirements) => {
        const sorted = requirements.toSorted((a, b) => (a.key < b.key ? -1 : 1))
        expect(parseLabelSelector(requirements.map(formatRequirement).join(','))).toEqual(sorted)
      }),
    )
  })

  it('answers any text with requirements or BadRequest', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab=!(), <>/in') }), (text) => {
        try {
          expect(parseLabelSelector(text)).toBeInstanceOf(Array)
        } catch (error) {
          expect(error).toMatchObject({ reason: 'BadRequest' })
        }
      }),
    )
  })
})

function valuesFor(operator: LabelOperator, values: string[]): string[] {
  if (operator === 'exists' || operator === '!') return []
  if (operator === 'gt') return ['12']
  return operator === 'in' || operator === 'notin' ? values.toSorted() : values.slice(0, 1)
}

describe('label selectors of specs', () => {
  it('matches nothing when absent and everything when empty', () => {
    expect(labelSelectorMatches(undefined, labels)).toBe(false)
    expect(labelSelectorMatches({}, undefined)).toBe(true)
  })

  it('needs every label and every expression', () => {
    const selector = {
      matchLabels: { app: 'web' },
      matchExpressions: [
        { key: 'tier', operator: 'In', values: ['front', 'back'] },
        { key: 'other', operator: 'DoesNotExist' },
      ],
    }
    expect(labelSelectorMatches(selector, labels)).toBe(true)
    expect(labelSelectorMatches(selector, { ...labels, other: 'x' })).toBe(false)
    expect(labelSelectorMatches(selector, { tier: 'front' })).toBe(false)
    expect(labelSelectorToString(selector)).toBe('app=web,!other,tier in (back,front)')
  })

  it('selects by a plain map', () => {
    expect(selectsLabels({ app: 'web' }, labels)).toBe(true)
    expect(selectsLabels({ app: 'api' }, labels)).toBe(false)
  })
})
