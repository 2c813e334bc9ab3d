import { dnsSubdomainProblems, type FieldError, type FieldPath, invalid, invalidEach, required } from '@skiff/api'

/** `example.com/some-controller`: who a class or a signer belongs to. */
export function validateDomainPrefixedPath(value: string, field: FieldPath): FieldError[] {
  if (value === '') return [required(field)]
  const slash = value.indexOf('/')
  if (slash <= 0 || slash === value.length - 1) {
    return [invalid(field, value, 'must be a domain-prefixed path (such as "acme.io/foo")')]
  }
  const errors = invalidEach(field, value.slice(0, slash), dnsSubdomainProblems(value.slice(0, slash)))
  const rest = value.slice(slash + 1)
  return /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(rest) ? errors : [...errors, invalid(field, rest, 'Invalid path')]
}
