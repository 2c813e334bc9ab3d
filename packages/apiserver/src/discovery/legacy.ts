/** Discovery in a request per group and version: APIVersions, APIGroupList, APIGroup, APIResourceList. */

import { createHash } from 'node:crypto'
import type { ApiGroup, ApiResource, ApiSubresource, ApiVersion } from './api-groups.ts'

export function apiVersions(groups: readonly ApiGroup[], serverAddress: string): object {
  const core = groups.find(({ name }) => name === '')
  return {
    kind: 'APIVersions',
    versions: core?.versions.map(({ version }) => version) ?? [],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  }
}

export function apiGroupList(groups: readonly ApiGroup[]): object {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.filter(({ name }) => name !== '').map(groupBody) }
}

export function apiGroup(group: ApiGroup): object {
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupBody(group) }
}

function groupBody({ name, versions }: ApiGroup) {
  const listed = versions.map(({ version }) => ({ groupVersion: `${name}/${version}`, version }))
  return { name, versions: listed, preferredVersion: listed[0] }
}

export function apiResourceList(group: ApiGroup, { version, resources }: ApiVersion): object {
  const groupVersion = group.name === '' ? version : `${group.name}/${version}`
  const apiVersion = group.name === '' ? {} : { apiVersion: 'v1' }
  return { kind: 'APIResourceList', ...apiVersion, groupVersion, resources: resources.flatMap(listedResources) }
}

function listedResources(resource: ApiResource): object[] {
  const { info, verbs } = resource
  // What is answered and not stored can't be watched.
  const stored = verbs.includes('watch') ? { storageVersionHash: storageVersionHash(resource) } : {}
  const main = {
    name: info.resource,
    singularName: info.singular,
    namespaced: info.namespaced,
    kind: info.kind,
    verbs,
    ...(info.shortNames.length > 0 ? { shortNames: info.shortNames } : {}),
    ...(info.categories.length > 0 ? { categories: info.categories } : {}),
    ...stored,
  }
  return [main, ...resource.subresources.map((subresource) => listedSubresource(resource, subresource))]
}

function listedSubresource({ info }: ApiResource, { name, kind, verbs }: ApiSubresource): object {
  const foreign = kind.group !== info.group || kind.version !== info.version
  return {
    name: `${info.resource}/${name}`,
    singularName: '',
    namespaced: info.namespaced,
    ...(foreign ? { group: kind.group, version: kind.version } : {}),
    kind: kind.kind,
    verbs,
  }
}

/** As upstream derives it: eight bytes of a hash of group/version/kind. */
function storageVersionHash({ info }: ApiResource): string {
  const text = `${info.group}/${info.version}/${info.kind}`
  return createHash('sha256').update(text).digest().subarray(0, 8).toString('base64')
}
