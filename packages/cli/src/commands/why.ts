import { localClient } from '../local-client.ts'
import { oneObject } from '../object-target.ts'
import { resolveResource } from '../resolve-resource.ts'

interface WhyOptions {
  readonly home: string
  readonly resource: string
  readonly name?: string
  readonly namespace: string
  readonly output: string
}

/** Prints why an object is not as it should be: the server finds out, this asks. */
export async function why({ home, namespace, output, ...named }: WhyOptions): Promise<void> {
  const { resource, name } = oneObject(named.resource, named.name)
  const client = localClient(home)
  const kind = await resolveResource(client, resource)
  const qualified = kind.group === '' ? kind.resource : `${kind.resource}.${kind.group}`
  const path = `/why/${[qualified, ...(kind.namespaced ? [namespace] : []), name].map(encodeURIComponent).join('/')}`
  const { body } = await client.request('GET', path, { accept: output === 'json' ? 'application/json' : 'text/plain' })
  process.stdout.write(output === 'json' ? `${JSON.stringify(JSON.parse(body.toString('utf8')), null, 2)}\n` : body)
}
