import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatFieldSelector, parseFieldSelector } from './index.ts'

describe('field selectors', () => {
  it('reads equals, double equals and not equals, sorted', () => {
    expect(parseFieldSelector('status.phase!=Failed,metadata.name=web,spec.nodeName==n1')).toEqual([
      { field: 'metadata.name', operator: '=', value: 'web' },
      { field: 'spec.nodeName', operator: '=', value: 'n1' },
      { field: 'status.phase', operator: '!=', value: 'Failed' },
    ])
  })

  it('takes an empty value and skips empty terms', () => {
    expect(parseFieldSelector(',spec.nodeName=,')).toEqual([{ field: 'spec.nodeName', operator: '=', value: '' }])
    expect(parseFieldSelector('')).toEqual([])
  })

  it('refuses what is no comparison, in upstream words', () => {
    expect(() => parseFieldSelector('x')).toThrow("invalid selector: 'x'; can't understand 'x'")
  })

  it('reads back any value it wrote', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab\\,=! ') }), (value) => {
        const requirements = [{ field: 'metadata.name', operator: '=' as const, value }]
        expect(parseFieldSelector(formatFieldSelector(requirements))).toEqual(requirements)
      }),
    )
  })

  it('refuses an escape of anything else', () => {
    expect(() => parseFieldSelector('a=b\\c')).toThrow('invalid field selector')
  })
})
