import { dnsSubdomainProblems, type FieldError, type FieldPath, invalid, invalidEach, type PodSpec, required } from '@skiff/api'
import { ipProblems } from '../addresses.ts'
import { validateChoice } from '../validate-choice.ts'

type DnsConfig = NonNullable<PodSpec['dnsConfig']>
type HostAlias = NonNullable<PodSpec['hostAliases']>[number]

const POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']
/** What the C library's resolver can hold. */
const MAX_NAMESERVERS = 3
const MAX_SEARCHES = 32
const MAX_SEARCH_CHARACTERS = 2048

export function validateDnsPolicy(policy: string | undefined, field: FieldPath): FieldError[] {
  return validateChoice(policy, POLICIES, field)
}

export function validateDnsConfig(config: DnsConfig | undefined, policy: string | undefined, field: FieldPath): FieldError[] {
  if (policy === 'None') {
    if (!config) return [required(field, 'must provide `dnsConfig` when `dnsPolicy` is None')]
    const detail = 'must provide at least one DNS nameserver when `dnsPolicy` is None'
    if ((config.nameservers ?? []).length === 0) return [required(field.child('nameservers'), detail)]
  }
  if (!config) return []
  return [
    ...validateNameservers(config.nameservers ?? [], field.child('nameservers')),
    ...validateSearches(config.searches ?? [], field.child('searches')),
    ...(config.options ?? []).flatMap(({ name }, index) =>
      name ? [] : [required(field.child('options').index(index), 'must not be empty')],
    ),
  ]
}

function validateNameservers(servers: readonly string[], field: FieldPath): FieldError[] {
  const errors = servers.flatMap((server, index) => invalidEach(field.index(index), server, ipProblems(server)))
  if (servers.length <= MAX_NAMESERVERS) return errors
  return [invalid(field, servers, `must not have more than ${MAX_NAMESERVERS} nameservers`), ...errors]
}

function validateSearches(searches: readonly string[], field: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  if (searches.length > MAX_SEARCHES)
    errors.push(invalid(field, searches, `must not have more than ${MAX_SEARCHES} search paths`))
  if (searches.join(' ').length > MAX_SEARCH_CHARACTERS) {
    const detail = `must not have more than ${MAX_SEARCH_CHARACTERS} characters (including spaces) in the search list`
    errors.push(invalid(field, searches, detail))
  }
  for (const [index, search] of searches.entries()) {
    if (search === '.') continue
    // Underscores are common in search domains, though no host name may have them (KEP-4427).
    const name = search.replace(/\.$/, '').replaceAll('_', 'u')
    errors.push(...invalidEach(field.index(index), search.replace(/\.$/, ''), dnsSubdomainProblems(name)))
  }
  return errors
}

export function validateHostAliases(aliases: readonly HostAlias[], field: FieldPath): FieldError[] {
  return aliases.flatMap(({ ip, hostnames = [] }, index) => {
    const at = field.index(index)
    return [
      ...invalidEach(at.child('ip'), ip, ipProblems(ip)),
      ...hostnames.flatMap((name, place) => invalidEach(at.child('hostnames').index(place), name, dnsSubdomainProblems(name))),
    ]
  })
}
