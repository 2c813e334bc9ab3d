/** Discovery in one request (apidiscovery.k8s.io, KEP-3352). */

import type { ApiGroup, ApiResource, ApiVersion } from './api-groups.ts'

export type AggregatedVersion = 'v2' | 'v2beta1'

export function aggregatedDiscovery(groups: readonly ApiGroup[], version: AggregatedVersion): object {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map((group) => ({
      metadata: group.name === '' ? {} : { name: group.name },
      versions: group.versions.map((each) => discoveredVersion(each)),
    })),
  }
}

export function aggregatedContentType(version: AggregatedVersion): string {
  return `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`
}

function discoveredVersion({ version, resources, isStale }: ApiVersion): object {
  return { version, resources: resources.map((each) => discoveredResource(each)), freshness: isStale ? 'Stale' : 'Current' }
}

function discoveredResource({ info, verbs, subresources }: ApiResource): object {
  return {
    resource: info.resource,
    responseKind: { group: info.group, version: info.version, kind: info.kind },
    scope: info.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: info.singular,
    verbs,
    ...(info.shortNames.length > 0 ? { shortNames: info.shortNames } : {}),
    ...(info.categories.length > 0 ? { categories: info.categories } : {}),
    ...(subresources.length === 0
      ? {}
      : {
          subresources: subresources.map(({ name, kind, verbs: subverbs }) => ({
            subresource: name,
            responseKind: { group: kind.group, version: kind.version, kind: kind.kind },
            verbs: subverbs,
          })),
        }),
  }
}
