import { localClient } from '../local-client.ts'
import { oneObject } from '../object-target.ts'
import { resolveResource } from '../resolve-resource.ts'

interface DeleteOptions {
  readonly home: string
  readonly resource: string
  readonly name?: string
  readonly namespace: string
}

export async function deleteObject({ home, namespace, ...named }: DeleteOptions): Promise<void> {
  const { resource, name } = oneObject(named.resource, named.name)
  const client = localClient(home)
  const kind = await resolveResource(client, resource)
  await client.delete(kind, kind.namespaced ? { name, namespace } : { name }, { propagationPolicy: 'Background' })
  process.stdout.write(`${kind.singular}${kind.group === '' ? '' : `.${kind.group}`} "${name}" deleted\n`)
}
