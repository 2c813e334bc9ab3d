/** The files that Docker would manage and, with its network switched off, doesn't: hosts, hostname, resolv.conf. Pure. */

import type { Pod } from '@skiff/api'
import { StartError } from '../runtime/runtime.ts'

export interface ClusterDns {
  readonly nameserver: string
  readonly domain: string
}

/** What `hostname` says in a pod: at most 63 characters, as the kubelet cuts it. */
export function hostnameOf(pod: Pod): string {
  if (pod.spec.hostnameOverride) return pod.spec.hostnameOverride
  return (pod.spec.hostname || pod.metadata.name).slice(0, 63).replace(/[-.]+$/, '')
}

/** `<hostname>.<subdomain>.<namespace>.svc.<domain>`, for pods with a subdomain. */
function fqdnOf(pod: Pod, domain: string): string | undefined {
  if (!pod.spec.subdomain || pod.spec.hostnameOverride) return undefined
  return `${hostnameOf(pod)}.${pod.spec.subdomain}.${pod.metadata.namespace}.svc.${domain}`
}

/** Linux takes no longer one. */
const LONGEST_HOSTNAME = 64

/** What the sandbox is called: its fully qualified name where the pod asks for that. Throws StartError when Linux can't take it. */
export function sandboxHostname(pod: Pod, dns: ClusterDns): string {
  const name = (pod.spec.setHostnameAsFQDN && fqdnOf(pod, dns.domain)) || hostnameOf(pod)
  if (name.length <= LONGEST_HOSTNAME) return name
  const limit = `(${LONGEST_HOSTNAME} characters is the max, ${name.length} characters requested)`
  const message = `Failed to construct FQDN from Pod hostname and cluster domain, FQDN ${name} is too long ${limit}`
  throw new StartError('CreatePodSandboxError', message)
}

export function hostsFile(pod: Pod, podIp: string, dns: ClusterDns, hostFile: string): string {
  const own = pod.spec.hostNetwork ? `# Kubernetes-managed hosts file (host network).\n${hostFile}` : podHosts(pod, podIp, dns)
  const aliases = (pod.spec.hostAliases ?? []).map(({ ip, hostnames = [] }) => `${[ip, ...hostnames].join('\t')}\n`)
  return aliases.length === 0 ? own : `${own}\n# Entries added by HostAliases.\n${aliases.join('')}`
}

function podHosts(pod: Pod, podIp: string, dns: ClusterDns): string {
  const names = [fqdnOf(pod, dns.domain), hostnameOf(pod)].filter((name) => name !== undefined)
  return [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
    `${podIp}\t${names.join('\t')}`,
    '',
  ].join('\n')
}

const MAX_SEARCH_DOMAINS = 32
const MAX_NAMESERVERS = 3

interface ResolverConfig {
  readonly nameservers: readonly string[]
  readonly searches: readonly string[]
  readonly options: readonly string[]
}

/** resolv.conf by the pod's dnsPolicy and dnsConfig; `hostFile` is the host's own. */
export function resolvConf(pod: Pod, dns: ClusterDns, hostFile: string): string {
  const base = basePolicy(pod, dns, parseResolvConf(hostFile))
  const { nameservers = [], searches = [], options = [] } = pod.spec.dnsConfig ?? {}
  const wanted = options.map(({ name = '', value }) => (value === undefined ? name : `${name}:${value}`))
  const overridden = new Set(options.map(({ name }) => name))
  return format({
    nameservers: unique([...base.nameservers, ...nameservers]),
    searches: unique([...base.searches, ...searches]),
    options: [...base.options.filter((option) => !overridden.has(option.split(':')[0])), ...wanted],
  })
}

function basePolicy(pod: Pod, dns: ClusterDns, host: ResolverConfig): ResolverConfig {
  const policy = pod.spec.dnsPolicy ?? 'ClusterFirst'
  if (policy === 'None') return { nameservers: [], searches: [], options: [] }
  if (policy === 'Default' || (policy === 'ClusterFirst' && pod.spec.hostNetwork)) return host
  const { domain } = dns
  const searches = [`${pod.metadata.namespace}.svc.${domain}`, `svc.${domain}`, domain, ...host.searches]
  return { nameservers: [dns.nameserver], searches, options: ['ndots:5'] }
}

function parseResolvConf(text: string): ResolverConfig {
  const words = text.split('\n').map((line) => line.trim().split(/\s+/))
  const last = (key: string) => words.findLast(([name]) => name === key)?.slice(1) ?? []
  return {
    nameservers: words.filter(([name, value]) => name === 'nameserver' && value).map(([, value]) => value ?? ''),
    searches: last('search').filter((domain) => domain !== '.'),
    options: last('options'),
  }
}

function format({ nameservers, searches, options }: ResolverConfig): string {
  const lines = nameservers.slice(0, MAX_NAMESERVERS).map((server) => `nameserver ${server}`)
  if (searches.length > 0) lines.push(`search ${searches.slice(0, MAX_SEARCH_DOMAINS).join(' ')}`)
  if (options.length > 0) lines.push(`options ${options.join(' ')}`)
  return `${lines.join('\n')}\n`
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)]
}
