/** `po`, `deploy`, `services`, `deployment.apps` to the kind that the server knows by that word. */
import type { KindInfo } from '@skiff/api'
import type { ApiClient } from '@skiff/client'

interface DiscoveredResource {
  readonly resource: string
  readonly responseKind: { readonly kind: string }
  readonly scope: 'Namespaced' | 'Cluster'
  readonly singularResource: string
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
}

interface GroupDiscoveryList {
  readonly items: readonly {
    readonly metadata: { readonly name?: string }
    readonly versions: readonly { readonly version: string; readonly resources: readonly DiscoveredResource[] }[]
  }[]
}

const AGGREGATED_DISCOVERY = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

export async function resolveResource(client: ApiClient, word: string): Promise<KindInfo> {
  const [name = '', ...groupParts] = word.toLowerCase().split('.')
  const group = groupParts.join('.')
  const found = (await discover(client)).find((kind) => namesOf(kind).includes(name) && (group === '' || kind.group === group))
  if (!found) throw new Error(`the server knows no resource "${word}"; "kubectl api-resources" lists what it knows`)
  return found
}

function namesOf(kind: KindInfo): string[] {
  return [kind.resource, kind.singular, ...kind.shortNames]
}

async function discover(client: ApiClient): Promise<KindInfo[]> {
  const lists = await Promise.all(['/api', '/apis'].map((path) => client.request('GET', path, { accept: AGGREGATED_DISCOVERY })))
  return lists.flatMap(({ body }) => kindsOf(JSON.parse(body.toString('utf8')) as GroupDiscoveryList))
}

function kindsOf(list: GroupDiscoveryList): KindInfo[] {
  return list.items.flatMap(({ metadata, versions }) =>
    versions.flatMap(({ version, resources }) =>
      resources.map((resource) => ({
        group: metadata.name ?? '',
        version,
        kind: resource.responseKind.kind,
        resource: resource.resource,
        singular: resource.singularResource,
        namespaced: resource.scope === 'Namespaced',
        shortNames: resource.shortNames ?? [],
        categories: resource.categories ?? [],
      })),
    ),
  )
}
