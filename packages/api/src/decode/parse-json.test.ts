import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_JSON_DEPTH, parseJson } from '../index.ts'

describe('parseJson', () => {
  it('reads whatever JSON.parse reads, and finds no duplicate where none is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.option(fc.constant(2)), (value, indent) => {
        const text = JSON.stringify(value, null, indent ?? 0)
        if (text.includes('__proto__')) return
        expect(parseJson(text, { findDuplicates: true })).toEqual({ value: JSON.parse(text), duplicates: [] })
      }),
    )
  })

  it('tells duplicate fields by their paths, and keeps the last', () => {
    const text = '{"a":1,"b":[{"c":1},{"c":1,"d":{"x":"y:\\"{","x":2},"c":2}],"a" : 2,"e":["x","x"]}'
    expect(parseJson(text, { findDuplicates: true })).toEqual({
      value: { a: 2, b: [{ c: 1 }, { c: 2, d: { x: 2 } }], e: ['x', 'x'] },
      duplicates: ['duplicate field "b[1].d.x"', 'duplicate field "b[1].c"', 'duplicate field "a"'],
    })
    expect(parseJson(text).duplicates).toEqual([])
  })

  it('sees through escapes in keys', () => {
    expect(parseJson('{"a":1,"\\u0061":2}', { findDuplicates: true }).duplicates).toEqual(['duplicate field "a"'])
  })

  it.each([
    ['', 'unexpected end of JSON input'],
    ['{', 'unexpected end of JSON input'],
    ['{"a":"b', 'unexpected end of JSON input'],
    ['x', "invalid character 'x' looking for beginning of value"],
    ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b":2}', "invalid character '\"' after object key:value pair"],
    ['[1 2]', "invalid character '2' after array element"],
    ['{"a":1}x', "invalid character 'x' after top-level value"],
  ])('refuses %j in Go words', (text, message) => {
    expect(() => parseJson(text)).toThrow(message)
  })

  it('bounds the depth before anything recurses', () => {
    expect(parseJson('['.repeat(MAX_JSON_DEPTH) + ']'.repeat(MAX_JSON_DEPTH)).value).toHaveLength(1)
    expect(() => parseJson('['.repeat(1_000_000))).toThrow('exceeded max depth')
    expect(() => parseJson('{"a":'.repeat(1_000_000))).toThrow('exceeded max depth')
    expect(parseJson(JSON.stringify('['.repeat(MAX_JSON_DEPTH * 2))).value).toHaveLength(MAX_JSON_DEPTH * 2)
  })

  it.each(['{"__proto__":{"a":1}}', '[{"x":{"\\u005f_proto__":1}}]'])(
    'refuses a key that reaches into prototypes: %s',
    (text) => {
      expect(() => parseJson(text)).toThrow('the key "__proto__" is not supported')
    },
  )

  it('lets a value speak of prototypes', () => {
    expect(parseJson('{"a":"__proto__","constructor":1}').value).toEqual({ a: '__proto__', constructor: 1 })
  })
})
