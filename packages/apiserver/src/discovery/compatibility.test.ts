import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type AccessCluster, startAccessCluster } from '../auth/testing/access-cluster.ts'

interface Resource {
  readonly resource: string
  readonly responseKind: { readonly kind: string }
  readonly scope: 'Namespaced' | 'Cluster'
  readonly shortNames?: readonly string[]
  readonly verbs: readonly string[]
  readonly subresources?: readonly { readonly subresource: string; readonly verbs: readonly string[] }[]
}

interface Group {
  readonly metadata: { readonly name?: string }
  readonly versions: readonly { readonly version: string; readonly resources: readonly Resource[] }[]
}

const ALL = 'create delete deletecollection get list patch update watch'
const ACCEPT = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

test('docs/compatibility.md lists the kinds and verbs that the server names', async () => {
  await using cluster = await startAccessCluster()
  const groups = [...(await discover(cluster, '/api')), ...(await discover(cluster, '/apis'))]

  const rows = groups.flatMap(rowsOf)

  const text = readFileSync(new URL('../../../../docs/compatibility.md', import.meta.url), 'utf8')
  const [section = ''] = text.split('\n## Kinds and verbs\n')[1]?.split('\n## ') ?? []
  expect(section.split('\n').filter((line) => line.startsWith('| `'))).toEqual(rows)
})

async function discover({ root }: AccessCluster, path: string): Promise<readonly Group[]> {
  const { body } = await root.request('GET', path, { headers: { accept: ACCEPT } })
  return (JSON.parse(body.toString()) as { items: Group[] }).items
}

function rowsOf({ metadata: { name = '' }, versions }: Group): string[] {
  return versions.flatMap(({ version, resources }) => {
    const apiVersion = name === '' ? version : `${name}/${version}`
    return resources.map((resource) => row(apiVersion, resource))
  })
}

function row(apiVersion: string, { responseKind, resource, scope, shortNames = [], verbs, subresources = [] }: Resource): string {
  const names = [resource, ...shortNames].join(', ')
  const parts = subresources.map(({ subresource, verbs: theirs }) => `${subresource} (${theirs.join(' ')})`)
  const cells = [`\`${apiVersion}\``, responseKind.kind, names, scope === 'Cluster' ? 'cluster' : 'namespace', verbsText(verbs)]
  return `| ${[...cells, parts.join(', ')].join(' | ')} |`.replaceAll('|  |', '| |')
}

function verbsText(verbs: readonly string[]): string {
  return verbs.join(' ') === ALL ? 'all' : verbs.join(' ')
}
