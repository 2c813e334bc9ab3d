import { describe, expect, it } from 'vitest'
import {
  duplicate,
  forbiddenField,
  invalid,
  invalidEach,
  invalidObject,
  notSupported,
  path,
  required,
  tooLong,
  tooMany,
} from './index.ts'

const POD = { group: '', kind: 'Pod' }

describe('field paths', () => {
  it('are written as upstream writes them', () => {
    const containers = path('spec').child('containers')
    expect(String(containers.index(0).child('ports').index(1).child('name'))).toBe('spec.containers[0].ports[1].name')
    expect(String(path('metadata', 'labels').key('a.b/c'))).toBe('metadata.labels[a.b/c]')
    expect(String(path().child('data'))).toBe('data')
    expect(String(containers)).toBe('spec.containers')
  })
})

describe('invalid objects', () => {
  it('tell the only problem in one line, and as a cause', () => {
    const error = invalidObject({ group: 'apps', kind: 'Deployment' }, 'web', [required(path('spec', 'selector'))])
    expect(error.toStatus()).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'Deployment.apps "web" is invalid: spec.selector: Required value',
      reason: 'Invalid',
      details: {
        name: 'web',
        group: 'apps',
        kind: 'Deployment',
        causes: [{ reason: 'FieldValueRequired', message: 'Required value', field: 'spec.selector' }],
      },
      code: 422,
    })
  })

  it('list several in brackets, equal ones once', () => {
    const problem = required('metadata.name', 'name or generateName is required')
    const error = invalidObject(POD, '', [problem, problem, forbiddenField('spec', 'no')])
    expect(error.message).toBe(
      'Pod "" is invalid: [metadata.name: Required value: name or generateName is required, spec: Forbidden: no]',
    )
    expect(error.details?.causes).toHaveLength(3)
    expect(error.details).not.toHaveProperty('name')
  })

  it.each([
    [invalid('a', 0, 'must be between 1 and 65535, inclusive'), 'Invalid value: 0: must be between 1 and 65535, inclusive'],
    [invalid('a', 'x\n"\u0001', 'bad'), 'Invalid value: "x\\n\\"\\x01": bad'],
    [invalid('a', { a: 'b' }, 'bad'), 'Invalid value: {"a":"b"}: bad'],
    [invalid('a', undefined, 'bad'), 'Invalid value: null: bad'],
    [notSupported('a', 'X', ['TCP', 'UDP']), 'Unsupported value: "X": supported values: "TCP", "UDP"'],
    [duplicate('a', 'x'), 'Duplicate value: "x"'],
    [tooLong('a', 63), 'Too long: may not be more than 63 bytes'],
    [tooMany('a', 3, 1), 'Too many: 3: must have at most 1 item'],
  ])('say %#: $type', (problem, body) => {
    expect(invalidObject(POD, 'p', [problem]).message).toBe(`Pod "p" is invalid: a: ${body}`)
  })

  it('make one error of each problem of a name', () => {
    expect(invalidEach(path('metadata', 'name'), 'A', ['one', 'two']).map((each) => each.detail)).toEqual(['one', 'two'])
  })
})
