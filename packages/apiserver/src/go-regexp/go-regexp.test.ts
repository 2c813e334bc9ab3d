import { describe, expect, test } from 'vitest'
import { GoRegExp } from './index.ts'

const matches = (pattern: string, text: string) => new GoRegExp(pattern).test(text)

test.each<[string, string, boolean]>([
  ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', 'my-name-1', true],
  ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', 'my-name-', false],
  ['b', 'abc', true],
  ['^.{1,253}$', 'x'.repeat(253), true],
  ['^.{1,253}$', 'x'.repeat(254), false],
  ['(?i)^HELLO$', 'hello', true],
  ['^a|b$', 'ax', true],
  ['^(a|b)$', 'ax', false],
  ['\\d{3}-\\d+', 'call 555-1234', true],
  ['^[[:alpha:]_]+$', 'abc_', true],
  ['^\\p{Greek}+$', 'αβγ', true],
  ['^\\pL+$', 'é', true],
  ['^[^\\x00-\\x1f]*$', 'a\tb', false],
  ['\\bfoo\\b', 'a foo b', true],
  ['\\bfoo\\b', 'afoo', false],
  ['a.c', 'a\nc', false],
  ['(?s)a.c', 'a\nc', true],
  ['(?m)^b$', 'a\nb', true],
  ['^\\Qa.b\\E$', 'a.b', true],
  ['^(?P<name>a+)$', 'aaa', true],
  ['^a{2}$', 'aa', true],
  ['^a{,2}$', 'a{,2}', true],
  ['^[]a]+$', ']a', true],
  ['^[a-]+$', 'a-', true],
  ['^(|a)*$', 'aa', true],
  ['^.$', '😀', true],
])('%s on %j is %s', (pattern, text, expected) => expect(matches(pattern, text)).toBe(expected))

test.each([
  ['(a', 'missing closing ): `(a`'],
  ['a)', 'unexpected ): `a)`'],
  ['[a', 'missing closing ]: `[a`'],
  ['*a', 'missing argument to repetition operator: `*`'],
  ['a**', 'invalid nested repetition operator: `a**`'],
  ['(?=a)', 'invalid or unsupported Perl syntax: `(?=`'],
  ['(a)\\1', 'invalid escape sequence: `\\1`'],
  ['a{1001}', 'invalid repeat count: `{1001}`'],
  ['[z-a]', 'invalid character class range: `z-a`'],
  ['((a{1000}){1000})', 'expression too large: `((a{1000}){1000})`'],
])('%s is refused: %s', (pattern, message) => {
  expect(() => new GoRegExp(pattern)).toThrow(`error parsing regexp: ${message}`)
})

describe('all matches', () => {
  test('are leftmost, the longer ones where repetitions are greedy', () => {
    expect(new GoRegExp('[0-9]+').findAll('a12b345')).toEqual(['12', '345'])
    expect(new GoRegExp('a+?').findAll('aaa')).toEqual(['a', 'a', 'a'])
    expect(new GoRegExp('ab|a').findAll('ab a')).toEqual(['ab', 'a'])
    expect(new GoRegExp('a|ab').findAll('ab')).toEqual(['a'])
  })
  test('end at the limit', () => expect(new GoRegExp('x').findAll('xxx', 2)).toEqual(['x', 'x']))
})

test('a pattern that makes other engines hang takes time in proportion to its text', () => {
  const expression = new GoRegExp('^(a+)+$')
  expect(expression.test(`${'a'.repeat(20_000)}!`)).toBe(false)
  expect(expression.cost(20_000)).toBeLessThan(20_000 * 20)
})
