import { pathOf } from '@skiff/api'
import { stringify } from 'yaml'
import { alignColumns } from '../columns.ts'
import { localClient } from '../local-client.ts'
import { resolveResource } from '../resolve-resource.ts'

interface GetOptions {
  readonly home: string
  readonly resource: string
  readonly name?: string
  readonly namespace: string
  readonly allNamespaces?: boolean
  readonly output?: string
}

interface Table {
  readonly columnDefinitions: readonly { readonly name: string; readonly priority: number }[]
  readonly rows: readonly { readonly cells: readonly unknown[]; readonly object: { readonly metadata: { readonly namespace?: string } } }[]
}

const AS_TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io'

/** Prints the server's own table, or the objects themselves. */
export async function get({ home, resource, name, namespace, allNamespaces, output }: GetOptions): Promise<void> {
  const client = localClient(home)
  const kind = await resolveResource(client, resource)
  const path = pathOf(kind, allNamespaces && name === undefined ? undefined : namespace, name)
  if (output === 'json' || output === 'yaml') {
    const object: unknown = JSON.parse((await client.request('GET', path)).body.toString('utf8'))
    process.stdout.write(output === 'json' ? `${JSON.stringify(object, null, 2)}\n` : stringify(object))
    return
  }
  const table = JSON.parse((await client.request('GET', path, { accept: AS_TABLE })).body.toString('utf8')) as Table
  if (table.rows.length === 0) {
    process.stderr.write(kind.namespaced && !allNamespaces ? `No resources found in ${namespace} namespace.\n` : 'No resources found\n')
    return
  }
  process.stdout.write(alignColumns(tableRows(table, { wide: output === 'wide', withNamespace: kind.namespaced && allNamespaces === true })))
}

function tableRows(table: Table, { wide, withNamespace }: { wide: boolean; withNamespace: boolean }): string[][] {
  const shown = table.columnDefinitions.map((column) => wide || column.priority === 0)
  const pick = (cells: readonly unknown[]) => cells.filter((_, i) => shown[i]).map(String)
  const header = pick(table.columnDefinitions.map((column) => column.name.toUpperCase()))
  return [
    withNamespace ? ['NAMESPACE', ...header] : header,
    ...table.rows.map((row) => (withNamespace ? [row.object.metadata.namespace ?? '', ...pick(row.cells)] : pick(row.cells))),
  ]
}
