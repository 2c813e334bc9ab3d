import { type KindInfo, pathOf } from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import { stringify } from 'yaml'
import { alignColumns } from '../columns.ts'
import { localClient } from '../local-client.ts'
import { objectTarget } from '../object-target.ts'
import { resolveResource } from '../resolve-resource.ts'
import { type Table, tableRows } from '../table.ts'

interface GetOptions {
  readonly home: string
  readonly resource: string
  readonly name?: string
  readonly namespace: string
  readonly allNamespaces?: boolean
  readonly selector?: string
  readonly output?: 'wide' | 'json' | 'yaml'
}

const AS_TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io'

/** Prints the server's own tables, or the objects themselves. */
export async function get(options: GetOptions): Promise<void> {
  const { resources, name } = objectTarget(options.resource, options.name)
  const client = localClient(options.home)
  const kinds = await Promise.all(resources.map((resource) => resolveResource(client, resource)))
  const parts: string[] = []
  for (const kind of kinds) parts.push(await printed(client, kind, { ...options, ...(name === undefined ? {} : { name }) }))
  process.stdout.write(parts.filter((part) => part !== '').join(options.output === 'yaml' ? '---\n' : '\n'))
}

async function printed(client: ApiClient, kind: KindInfo, options: GetOptions): Promise<string> {
  const { namespace, allNamespaces = false, selector, name, output } = options
  const query = selector === undefined ? '' : `?labelSelector=${encodeURIComponent(selector)}`
  const path = `${pathOf(kind, allNamespaces && name === undefined ? undefined : namespace, name)}${query}`
  if (output === 'json' || output === 'yaml') {
    const object = await readJson<unknown>(client, path)
    return output === 'json' ? `${JSON.stringify(object, null, 2)}\n` : stringify(object)
  }
  const table = await readJson<Table>(client, path, AS_TABLE)
  if (table.rows.length > 0)
    return alignColumns(tableRows(table, { wide: output === 'wide', withNamespace: kind.namespaced && allNamespaces }))
  process.stderr.write(
    kind.namespaced && !allNamespaces ? `No ${kind.resource} found in ${namespace} namespace.\n` : `No ${kind.resource} found\n`,
  )
  return ''
}

async function readJson<T>(client: ApiClient, path: string, accept?: string): Promise<T> {
  const { body } = await client.request('GET', path, accept === undefined ? {} : { accept })
  return JSON.parse(body.toString('utf8')) as T
}
