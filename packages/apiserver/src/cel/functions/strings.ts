/** The extension library of strings (cel-go ext.Strings version 2) and Kubernetes' regular expressions: all count characters. */

import type { Environment } from '@marcbachmann/cel-js'
import type { Evaluator } from '../evaluator.ts'
import { ownFunction } from '../own-names.ts'
import { failure } from './failure.ts'
import { formatText } from './format-text.ts'
import { Patterns } from './patterns.ts'

const MAX_RESULT_LENGTH = 4 * 1024 * 1024

export function registerStrings(environment: Environment): void {
  registerPatterns(environment)
  registerSearches(environment)
  registerParts(environment)
  class StringsNamespace {}
  environment
    .registerType('StringsNamespace', StringsNamespace)
    .registerConstant('strings', 'StringsNamespace', new StringsNamespace())
    .registerFunction('StringsNamespace.quote(string): string', (_: unknown, text: string) => quote(text))
    .registerFunction('string.reverse(): string', (text: string) => [...text].reverse().join(''))
    .registerFunction(`string.${ownFunction('lowerAscii')}(): string`, (text: string) =>
      text.replace(/[A-Z]+/g, (part) => part.toLowerCase()),
    )
    .registerFunction(`string.${ownFunction('upperAscii')}(): string`, (text: string) =>
      text.replace(/[a-z]+/g, (part) => part.toUpperCase()),
    )
    .registerFunction(`string.${ownFunction('trim')}(): string`, (text: string) => text.trim())
    .registerFunction('string.format(list<dyn>): string', (text: string, values: readonly unknown[]) => formatText(text, values))
}

function registerPatterns(environment: Environment): void {
  const patterns = new Patterns()
  function matches(this: Evaluator, text: string, pattern: string): boolean {
    return patterns.for(this, pattern, text).test(text)
  }
  environment
    .registerFunction(`string.${ownFunction('matches')}(string): bool`, matches)
    .registerFunction('matches(string, string): bool', matches)
    .registerFunction('string.find(string): string', function (this: Evaluator, text: string, pattern: string) {
      return patterns.for(this, pattern, text).findAll(text, 1)[0] ?? ''
    })
    .registerFunction('string.findAll(string): list<string>', function (this: Evaluator, text: string, pattern: string) {
      return patterns.for(this, pattern, text).findAll(text)
    })
    .registerFunction(
      'string.findAll(string, int): list<string>',
      function (this: Evaluator, text: string, pattern: string, limit: bigint) {
        return patterns.for(this, pattern, text).findAll(text, limit < 0n ? undefined : Number(limit))
      },
    )
}

function registerSearches(environment: Environment): void {
  const indexOf = (text: string, part: string, from: bigint): bigint => {
    const chars = [...text]
    checkIndex(from, chars.length)
    if (part === '') return from
    const found = chars.slice(Number(from)).join('').indexOf(part)
    return found < 0 ? -1n : from + BigInt([...chars.slice(Number(from)).join('').slice(0, found)].length)
  }
  const lastIndexOf = (text: string, part: string, from?: bigint): bigint => {
    const chars = [...text]
    if (from !== undefined) checkIndex(from, chars.length)
    const end = from === undefined ? chars.length : Number(from) + [...part].length
    if (part === '') return from ?? BigInt(chars.length)
    const searched = chars.slice(0, end).join('')
    const found = searched.lastIndexOf(part)
    return found < 0 ? -1n : BigInt([...searched.slice(0, found)].length)
  }
  environment
    .registerFunction(`string.${ownFunction('indexOf')}(string): int`, (text: string, part: string) => indexOf(text, part, 0n))
    .registerFunction(`string.${ownFunction('indexOf')}(string, int): int`, indexOf)
    .registerFunction(`string.${ownFunction('lastIndexOf')}(string): int`, (text: string, part: string) =>
      lastIndexOf(text, part),
    )
    .registerFunction(`string.${ownFunction('lastIndexOf')}(string, int): int`, lastIndexOf)
}

function registerParts(environment: Environment): void {
  const substring = (text: string, start: bigint, end?: bigint): string => {
    const chars = [...text]
    checkIndex(start, chars.length)
    if (end !== undefined) {
      checkIndex(end, chars.length)
      if (end < start) throw failure(`invalid substring range. start: ${start}, end: ${end}`)
    }
    return chars.slice(Number(start), end === undefined ? undefined : Number(end)).join('')
  }
  environment
    .registerFunction('string.charAt(int): string', (text: string, index: bigint) => {
      const chars = [...text]
      checkIndex(index, chars.length)
      return chars[Number(index)] ?? ''
    })
    .registerFunction(`string.${ownFunction('substring')}(int): string`, (text: string, start: bigint) => substring(text, start))
    .registerFunction(`string.${ownFunction('substring')}(int, int): string`, substring)
    .registerFunction('string.replace(string, string): string', (text: string, old: string, by: string) =>
      replace(text, old, by, -1n),
    )
    .registerFunction('string.replace(string, string, int): string', replace)
    .registerFunction(`string.${ownFunction('split')}(string): list<string>`, (text: string, separator: string) =>
      split(text, separator, -1n),
    )
    .registerFunction(`string.${ownFunction('split')}(string, int): list<string>`, split)
}

function checkIndex(index: bigint, length: number): void {
  if (index < 0n || index > BigInt(length)) throw failure(`index out of range: ${index}`)
}

function replace(text: string, old: string, by: string, limit: bigint): string {
  const parts = old === '' ? ['', ...text, ''] : text.split(old)
  const times = limit < 0n ? parts.length - 1 : Math.min(Number(limit), parts.length - 1)
  if (text.length + times * by.length > MAX_RESULT_LENGTH) throw failure('the result of replace() is too long')
  const separator = old === '' ? '' : old
  let result = parts[0] ?? ''
  for (let index = 1; index < parts.length; index++) result += (index <= times ? by : separator) + parts[index]
  return result
}

function split(text: string, separator: string, limit: bigint): string[] {
  if (limit === 0n) return []
  const parts = separator === '' ? [...text] : text.split(separator)
  if (limit < 0n || BigInt(parts.length) <= limit) return parts
  const kept = parts.slice(0, Number(limit) - 1)
  return [...kept, parts.slice(Number(limit) - 1).join(separator)]
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
}

function quote(text: string): string {
  return `"${[...text].map((char) => ESCAPES[char] ?? char).join('')}"`
}
