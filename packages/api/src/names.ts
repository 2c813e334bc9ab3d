/**
 * Upstream's rules for names, keys and values. Each function returns what is wrong, in upstream's words
 * (k8s.io/apimachinery/pkg/util/validation and pkg/api/validate/content); nothing wrong is an empty list.
 */

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const CONFIG_KEY = '[-._a-zA-Z0-9]+'

const LABEL_RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"
const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
const DNS_1035_RULE =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character"
const QUALIFIED_RULE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
const LABEL_VALUE_RULE = `a valid label must be an empty string or ${QUALIFIED_RULE.replace('must consist', 'consist')}`
const WILDCARD_RULE =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"

const LABEL_PATTERN = new RegExp(`^${LABEL}$`)
const SUBDOMAIN_PATTERN = new RegExp(`^${SUBDOMAIN}$`)
const WILDCARD_PATTERN = new RegExp(`^\\*\\.${SUBDOMAIN}$`)
const DNS_1035_PATTERN = /^[a-z]([-a-z0-9]*[a-z0-9])?$/
const QUALIFIED_PATTERN = new RegExp(`^${QUALIFIED}$`)
const CONFIG_KEY_PATTERN = new RegExp(`^${CONFIG_KEY}$`)

export const MAX_LABEL_LENGTH = 63
export const MAX_SUBDOMAIN_LENGTH = 253

export function dnsLabelProblems(value: string): string[] {
  const problems = maxLength(value, MAX_LABEL_LENGTH)
  if (!LABEL_PATTERN.test(value)) {
    problems.push(SUBDOMAIN_PATTERN.test(value) ? 'must not contain dots' : broken(LABEL_RULE, LABEL, ['my-name', '123-abc']))
  }
  return problems
}

export function dnsSubdomainProblems(value: string): string[] {
  return subdomainProblems(value, 'characters')
}

function subdomainProblems(value: string, unit: Unit): string[] {
  const problems = maxLength(value, MAX_SUBDOMAIN_LENGTH, unit)
  if (!SUBDOMAIN_PATTERN.test(value)) problems.push(broken(SUBDOMAIN_RULE, SUBDOMAIN, ['example.com']))
  return problems
}

export function wildcardDnsSubdomainProblems(value: string): string[] {
  const problems = maxLength(value, MAX_SUBDOMAIN_LENGTH)
  if (!WILDCARD_PATTERN.test(value)) problems.push(broken(WILDCARD_RULE, `\\*\\.${SUBDOMAIN}`, ['*.example.com']))
  return problems
}

export function dns1035LabelProblems(value: string): string[] {
  const problems = maxLength(value, MAX_LABEL_LENGTH)
  if (!DNS_1035_PATTERN.test(value)) {
    problems.push(broken(DNS_1035_RULE, '[a-z]([-a-z0-9]*[a-z0-9])?', ['my-name', 'abc-123']))
  }
  return problems
}

/** Label and annotation keys, resource names, finalizers: `[prefix/]name`. Words as of 1.36. */
export function qualifiedNameProblems(value: string): string[] {
  const parts = value.split('/')
  if (parts.length > 2) {
    const rule = broken(`a valid label key ${QUALIFIED_RULE}`, QUALIFIED, ['MyName', 'my.name', '123-abc'])
    return [`${rule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`]
  }
  const name = parts.at(-1) ?? ''
  const problems = parts.length === 2 ? prefixProblems(parts[0] ?? '') : []
  if (name === '') problems.push('name part must be non-empty')
  else if (name.length > MAX_LABEL_LENGTH) problems.push(`name part ${mustBeShorter(MAX_LABEL_LENGTH, 'bytes')}`)
  if (!QUALIFIED_PATTERN.test(name)) {
    problems.push(`name part ${broken(QUALIFIED_RULE, QUALIFIED, ['MyName', 'my.name', '123-abc'])}`)
  }
  return problems
}

export function labelValueProblems(value: string): string[] {
  const problems = maxLength(value, MAX_LABEL_LENGTH, 'bytes')
  if (value !== '' && !QUALIFIED_PATTERN.test(value)) {
    problems.push(broken(LABEL_VALUE_RULE, `(${QUALIFIED})?`, ['MyValue', 'my_value', '12345']))
  }
  return problems
}

/** Names of container ports and of target ports (IANA service names). */
export function portNameProblems(value: string): string[] {
  const problems = maxLength(value, 15)
  if (!/^[-a-z0-9]+$/.test(value)) problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  if (!/[a-z]/.test(value)) problems.push('must contain at least one letter (a-z)')
  if (value.includes('--')) problems.push('must not contain consecutive hyphens')
  if (value.startsWith('-') || value.endsWith('-')) problems.push('must not begin or end with a hyphen')
  return problems
}

export function portNumberProblems(port: number): string[] {
  return port >= 1 && port <= 65535 ? [] : [mustBeBetween(1, 65535)]
}

/** Keys of ConfigMaps and Secrets, which become file names. */
export function configMapKeyProblems(value: string): string[] {
  const problems = maxLength(value, MAX_SUBDOMAIN_LENGTH)
  if (!CONFIG_KEY_PATTERN.test(value)) {
    const rule = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
    problems.push(broken(rule, CONFIG_KEY, ['key.name', 'KEY_NAME', 'key-name']))
  }
  return [...problems, ...upwardPathProblems(value)]
}

/** Since 1.34 (KEP-4369) any printable ASCII but `=` will do. */
export function envVarNameProblems(value: string): string[] {
  if (value === '') return ['environment variable name must be non-empty']
  const rule = "a valid environment variable name must consist only of printable ASCII characters other than '='"
  return /^[ -<>-~]*$/.test(value) ? [] : [rule]
}

export function httpHeaderNameProblems(value: string): string[] {
  if (/^[-A-Za-z0-9]+$/.test(value)) return []
  return [broken("a valid HTTP header must consist of alphanumeric characters or '-'", '[-A-Za-z0-9]+', ['X-Header-Name'])]
}

export function percentProblems(value: string): string[] {
  if (/^[0-9]+%$/.test(value)) return []
  return [broken("a valid percent string must be a numeric string followed by an ending '%'", '[0-9]+%', ['1%', '93%'])]
}

/** Names of RBAC objects and the like, which only have to fit into a path. */
export function pathSegmentNameProblems(value: string): string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`]
  return ['/', '%'].filter((part) => value.includes(part)).map((part) => `may not contain '${part}'`)
}

export function mustBeBetween(low: number, high: number): string {
  return `must be between ${low} and ${high}, inclusive`
}

const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'
const SUFFIX_LENGTH = 5
const MAX_GENERATED_BASE = 63 - SUFFIX_LENGTH

/** `base` (cut to 58 characters) and five random characters. `random` as Math.random. */
export function generateName(base: string, random: () => number): string {
  return base.slice(0, MAX_GENERATED_BASE) + randomSuffix(random)
}

export function randomSuffix(random: () => number, length = SUFFIX_LENGTH): string {
  return Array.from({ length }, () => SUFFIX_ALPHABET[Math.floor(random() * SUFFIX_ALPHABET.length)]).join('')
}

function prefixProblems(prefix: string): string[] {
  if (prefix === '') return ['prefix part must be non-empty']
  return subdomainProblems(prefix, 'bytes').map((problem) => `prefix part ${problem}`)
}

function upwardPathProblems(value: string): string[] {
  if (value === '.' || value === '..') return [`must not be '${value}'`]
  return value.startsWith('..') ? ["must not start with '..'"] : []
}

/** Upstream counts bytes in label keys and values, and says so there; all that may be in them is ASCII. */
type Unit = 'characters' | 'bytes'

function maxLength(value: string, max: number, unit: Unit = 'characters'): string[] {
  return value.length > max ? [mustBeShorter(max, unit)] : []
}

function mustBeShorter(max: number, unit: Unit): string {
  return `must be no more than ${max} ${unit}`
}

/** Upstream's oddity included: a comma and two spaces before `or`. */
function broken(rule: string, pattern: string, examples: readonly string[]): string {
  return `${rule} (e.g. ${examples.map((example) => `'${example}', `).join(' or ')}regex used for validation is '${pattern}')`
}
