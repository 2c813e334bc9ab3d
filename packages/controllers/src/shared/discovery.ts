import type { KindInfo } from '@skiff/api'
import type { ApiClient } from '@skiff/client'

export interface DiscoveredKind extends KindInfo {
  readonly verbs: ReadonlySet<string>
}

export interface Discovery {
  readonly kinds: readonly DiscoveredKind[]
  /** Groups that could not be asked: what is in them is not known. */
  readonly failures: readonly { readonly groupVersion: string; readonly error: unknown }[]
}

interface ResourceList {
  readonly resources: readonly {
    name: string
    singularName?: string
    namespaced: boolean
    kind: string
    verbs: readonly string[]
  }[]
}

interface GroupList {
  /** Versions in order of preference. */
  readonly groups: readonly { readonly versions: readonly { readonly groupVersion: string }[] }[]
}

/** Every kind that the server knows, in the version that it prefers of those that have it; subresources are left out. */
export async function discoverKinds(client: ApiClient): Promise<Discovery> {
  const { groups } = await getJson<GroupList>(client, '/apis')
  const groupVersions = ['v1', ...groups.flatMap(({ versions }) => versions.map(({ groupVersion }) => groupVersion))]
  const answers = await Promise.allSettled(groupVersions.map((groupVersion) => kindsOf(client, groupVersion)))
  const failures = answers.flatMap((answer, index) =>
    answer.status === 'rejected' ? [{ groupVersion: groupVersions[index] ?? '', error: answer.reason as unknown }] : [],
  )
  const kinds = new Map<string, DiscoveredKind>()
  for (const kind of answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))) {
    const name = `${kind.group}/${kind.resource}`
    if (!kinds.has(name)) kinds.set(name, kind)
  }
  return { kinds: [...kinds.values()], failures }
}

async function kindsOf(client: ApiClient, groupVersion: string): Promise<DiscoveredKind[]> {
  const [version = '', group = ''] = groupVersion.split('/').reverse()
  const { resources } = await getJson<ResourceList>(client, group === '' ? `/api/${version}` : `/apis/${groupVersion}`)
  return resources
    .filter(({ name }) => !name.includes('/'))
    .map(({ name, singularName = '', namespaced, kind, verbs }) => ({
      group,
      version,
      kind,
      resource: name,
      singular: singularName,
      namespaced,
      shortNames: [],
      categories: [],
      verbs: new Set(verbs),
    }))
}

async function getJson<T>(client: ApiClient, path: string): Promise<T> {
  const { body } = await client.request('GET', path)
  return JSON.parse(body.toString('utf8')) as T
}
