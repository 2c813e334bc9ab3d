import { localClient } from '../local-client.ts'
import { resolveResource } from '../resolve-resource.ts'

interface DeleteOptions {
  readonly home: string
  readonly resource: string
  readonly name: string
  readonly namespace: string
}

export async function deleteObject({ home, resource, name, namespace }: DeleteOptions): Promise<void> {
  const client = localClient(home)
  const kind = await resolveResource(client, resource)
  await client.delete(kind, kind.namespaced ? { name, namespace } : { name }, { propagationPolicy: 'Background' })
  process.stdout.write(`${kind.singular}${kind.group === '' ? '' : `.${kind.group}`} "${name}" deleted\n`)
}
