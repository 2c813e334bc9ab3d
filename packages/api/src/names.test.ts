import { describe, expect, it } from 'vitest'
import {
  configMapKeyProblems,
  dns1035LabelProblems,
  dnsLabelProblems,
  dnsSubdomainProblems,
  envVarNameProblems,
  generateName,
  labelValueProblems,
  pathSegmentNameProblems,
  percentProblems,
  portNameProblems,
  qualifiedNameProblems,
} from './index.ts'

const QUALIFIED =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

describe('names', () => {
  it('accepts what Kubernetes accepts', () => {
    expect(dnsLabelProblems('my-name')).toEqual([])
    expect(dnsSubdomainProblems('a.b-c.9')).toEqual([])
    expect(dns1035LabelProblems('abc-123')).toEqual([])
    expect(qualifiedNameProblems('example.com/My_Name.1')).toEqual([])
    expect(labelValueProblems('')).toEqual([])
    expect(portNameProblems('http-2')).toEqual([])
    expect(configMapKeyProblems('.dockerconfigjson')).toEqual([])
    expect(envVarNameProblems('a b#1')).toEqual([])
    expect(percentProblems('25%')).toEqual([])
  })

  it.each([
    [
      dnsSubdomainProblems('Abc'),
      [
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      ],
    ],
    [
      dnsLabelProblems('C_'),
      [
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
      ],
    ],
    [dnsLabelProblems('a.b'), ['must not contain dots']],
    [dnsLabelProblems('x'.repeat(64)), ['must be no more than 63 characters']],
    [
      dns1035LabelProblems('A'),
      [
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
      ],
    ],
    [qualifiedNameProblems('a b'), [`name part ${QUALIFIED}`]],
    [qualifiedNameProblems(''), ['name part must be non-empty', `name part ${QUALIFIED}`]],
    [qualifiedNameProblems('/a'), ['prefix part must be non-empty']],
    [qualifiedNameProblems('y'.repeat(64)), ['name part must be no more than 63 bytes']],
    [
      qualifiedNameProblems('x/y/z'),
      [`a valid label key ${QUALIFIED} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`],
    ],
    [
      labelValueProblems('b c'),
      [
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
      ],
    ],
    [
      configMapKeyProblems('..a b'),
      [
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
        "must not start with '..'",
      ],
    ],
    [
      portNameProblems('-UP--'),
      [
        'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
        'must contain at least one letter (a-z)',
        'must not contain consecutive hyphens',
        'must not begin or end with a hyphen',
      ],
    ],
    [pathSegmentNameProblems('a/%'), ["may not contain '/'", "may not contain '%'"]],
    [
      percentProblems('x%'),
      [
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
      ],
    ],
  ])('says what is wrong in upstream words (%#)', (problems, expected) => {
    expect(problems).toEqual(expected)
  })

  it('generates names of at most 63 characters without vowels', () => {
    let turn = 0
    const random = () => (turn++ % 27) / 27
    expect(generateName('web-', random)).toBe('web-bcdfg')
    expect(generateName('x'.repeat(100), random)).toMatch(/^x{58}[bcdfghjklmnpqrstvwxz2456789]{5}$/)
  })
})
