/** What there is to discover, as plain data: groups in order of preference, their versions, their resources. */

import type { KindInfo } from '@skiff/api'
import type { CustomKind, ResourceDefinition, VirtualResource } from '../registry/resource-definition.ts'
import { verbNames } from '../verbs/subresources.ts'

export interface ApiGroup {
  /** '' is the core group. */
  readonly name: string
  readonly versions: readonly ApiVersion[]
}

export interface ApiVersion {
  readonly version: string
  readonly resources: readonly ApiResource[]
  /** An extension server's that doesn't answer: what it serves is not known. */
  readonly isStale?: true
}

export interface ApiResource {
  readonly info: KindInfo
  readonly verbs: readonly string[]
  readonly subresources: readonly ApiSubresource[]
  /** Of a kind that isn't built in. */
  readonly custom?: Pick<CustomKind, 'schema' | 'list'>
}

export interface ApiSubresource {
  readonly name: string
  readonly kind: Pick<KindInfo, 'group' | 'version' | 'kind'>
  readonly verbs: readonly string[]
}

export function apiGroups(definitions: readonly ResourceDefinition[], virtual: readonly VirtualResource[]): readonly ApiGroup[] {
  const listed = virtual.filter(({ isUnlisted }) => isUnlisted !== true)
  const resources = [...definitions.map(storedResource), ...listed.map(virtualResource)]
  const names = [...new Set(resources.map(({ info }) => info.group))].sort(builtInFirst)
  return names.map((name) => ({ name, versions: versionsOf(resources.filter(({ info }) => info.group === name)) }))
}

/** Newest stable first, as Kubernetes orders versions: v2, v1, v1beta1. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [versionRank(a), versionRank(b)]
  return right.stability - left.stability || right.major - left.major || right.minor - left.minor || (a < b ? -1 : 1)
}

function versionRank(version: string): { stability: number; major: number; minor: number } {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
  if (match === null) return { stability: -1, major: 0, minor: 0 }
  const stability = match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0
  return { stability, major: Number(match[1]), minor: Number(match[3] ?? 0) }
}

/** As upstream ranks its groups: a name that several groups have means the first one's. Others come after them. */
const GROUPS: readonly string[] = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'flowcontrol.apiserver.k8s.io',
]

function builtInFirst(a: string, b: string): number {
  const rank = (name: string) => (GROUPS.includes(name) ? GROUPS.indexOf(name) : GROUPS.length)
  return rank(a) - rank(b) || (a < b ? -1 : 1)
}

function versionsOf(resources: readonly ApiResource[]): ApiVersion[] {
  const versions = [...new Set(resources.map(({ info }) => info.version))].sort(compareVersions)
  return versions.map((version) => ({
    version,
    resources: resources
      .filter(({ info }) => info.version === version)
      .sort((a, b) => (a.info.resource < b.info.resource ? -1 : 1)),
  }))
}

function storedResource(definition: ResourceDefinition): ApiResource {
  const subresources = (definition.subresources ?? []).map((name) => ({
    name,
    kind: SUBRESOURCE_KINDS[name] ?? (name === 'proxy' ? proxyOptions(definition.info) : definition.info),
    verbs: verbNames(definition, name),
  }))
  subresources.sort((a, b) => (a.name < b.name ? -1 : 1))
  const { custom } = definition
  return { info: definition.info, verbs: verbNames(definition, ''), subresources, ...(custom === undefined ? {} : { custom }) }
}

function proxyOptions({ group, version, kind }: KindInfo): ApiSubresource['kind'] {
  return { group, version, kind: `${kind}ProxyOptions` }
}

function virtualResource({ info, create, list }: VirtualResource): ApiResource {
  const verbs = [...(create === undefined ? [] : ['create']), ...(list === undefined ? [] : ['get', 'list'])]
  return { info, verbs, subresources: [] }
}

/** drain and scale read these to know what to send. */
const SUBRESOURCE_KINDS: Readonly<Record<string, ApiSubresource['kind']>> = {
  scale: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
  eviction: { group: 'policy', version: 'v1', kind: 'Eviction' },
  binding: { group: '', version: 'v1', kind: 'Binding' },
  token: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
  exec: { group: '', version: 'v1', kind: 'PodExecOptions' },
  attach: { group: '', version: 'v1', kind: 'PodAttachOptions' },
  portforward: { group: '', version: 'v1', kind: 'PodPortForwardOptions' },
}
