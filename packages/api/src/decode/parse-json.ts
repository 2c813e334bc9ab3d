/**
 * JSON from the network: bounded in depth, without keys that reach into prototypes, and with its duplicate fields told
 * (JSON.parse silently keeps the last).
 */

import { badRequest } from '../errors.ts'

/** Deeper than any object of Kubernetes', shallow enough for recursive code. */
export const MAX_JSON_DEPTH = 500

export interface ParsedJson {
  readonly value: unknown
  /** `duplicate field "spec.replicas"`, in upstream's words of strict decoding; empty unless asked for. */
  readonly duplicates: readonly string[]
}

/** Throws BadRequest with Go's words for what is wrong with the text. */
export function parseJson(text: string, options: { readonly findDuplicates?: boolean } = {}): ParsedJson {
  const keysWritten = countKeysAndCheckDepth(text)
  const value = parseText(text)
  const suspicious = text.includes('__proto__') || text.includes('\\u005f') || text.includes('\\u005F')
  if (options.findDuplicates !== true && !suspicious) return { value, duplicates: NONE }
  const keysKept = countKeys(value)
  const duplicates = options.findDuplicates === true && keysKept !== keysWritten ? findDuplicates(text) : NONE
  return { value, duplicates }
}

const NONE: readonly string[] = []

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const COMMA = 0x2c
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

function parseText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw badRequest(describeSyntaxError(text, error))
  }
}

/** One pass over the text. Broken JSON is left to the parser. */
function countKeysAndCheckDepth(text: string): number {
  let keys = 0
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at)
        break
      case COLON:
        keys += 1
        break
      case OPEN_OBJECT:
      case OPEN_LIST:
        depth += 1
        if (depth > MAX_JSON_DEPTH) throw badRequest('exceeded max depth')
        break
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        depth -= 1
        break
    }
  }
  return keys
}

/** The place of the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end < 0 ? text.length : end
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1
  return backslashes % 2 === 1
}

function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let keys = 0
  if (Array.isArray(value)) {
    for (const item of value) keys += countKeys(item)
    return keys
  }
  for (const key in value) {
    if (key === '__proto__') throw badRequest('the key "__proto__" is not supported')
    keys += 1 + countKeys((value as Record<string, unknown>)[key])
  }
  return keys
}

interface Level {
  /** Undefined in a list. */
  readonly keys: Set<string> | undefined
  /** Where the value being read stands. */
  step: string
}

/** The slow way, gone only when there is something to find. */
function findDuplicates(text: string): string[] {
  const found: string[] = []
  const levels: Level[] = []
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    const level = levels.at(-1)
    if (code === QUOTE) {
      const end = endOfString(text, at)
      if (level?.keys !== undefined && isKey(text, end))
        noteKey(level, levels, JSON.parse(text.slice(at, end + 1)) as string, found)
      at = end
    } else if (code === OPEN_OBJECT) {
      levels.push({ keys: new Set(), step: '' })
    } else if (code === OPEN_LIST) {
      levels.push({ keys: undefined, step: '[0]' })
    } else if (code === CLOSE_OBJECT || code === CLOSE_LIST) {
      levels.pop()
    } else if (code === COMMA && level !== undefined && level.keys === undefined) {
      level.step = `[${Number(level.step.slice(1, -1)) + 1}]`
    }
  }
  return found
}

function isKey(text: string, endOfText: number): boolean {
  return /^[ \t\r\n]*:/.test(text.slice(endOfText + 1, endOfText + 64))
}

function noteKey(level: Level, levels: readonly Level[], key: string, found: string[]): void {
  level.step = `.${key}`
  if (level.keys?.has(key))
    found.push(
      `duplicate field "${levels
        .map((each) => each.step)
        .join('')
        .replace(/^\./, '')}"`,
    )
  level.keys?.add(key)
}

const SYNTAX_CONTEXTS: readonly (readonly [RegExp, string])[] = [
  [/':' after/, 'after object key'],
  [/property name/, 'looking for beginning of object key string'],
  [/',' or '}'/, 'after object key:value pair'],
  [/',' or ']'/, 'after array element'],
  [/after JSON/, 'after top-level value'],
  [/Bad control character/, 'in string literal'],
  [/escape/i, 'in string escape code'],
]

/** Go's words for what V8 found. */
function describeSyntaxError(text: string, error: unknown): string {
  const said = error instanceof Error ? error.message : ''
  const at = Number(/position (\d+)/.exec(said)?.[1] ?? Number.NaN)
  if (/end of JSON input|Unterminated/.test(said) || at >= text.length) return 'unexpected end of JSON input'
  const character = Number.isNaN(at) ? (/Unexpected token '(.)'/u.exec(said)?.[1] ?? text.charAt(0)) : text.charAt(at)
  const context = SYNTAX_CONTEXTS.find(([pattern]) => pattern.test(said))?.[1] ?? 'looking for beginning of value'
  return `invalid character '${character}' ${context}`
}
