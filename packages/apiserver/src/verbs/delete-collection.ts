import { isNotFound } from '@skiff/api'
import type { Answer, Call } from '../http/call.ts'
import { deleteOptions, deletionContext } from './delete.ts'
import { listObjects, readyAll } from './list.ts'
import { parseListOptions } from './list-options.ts'
import { parseSelection } from './selection.ts'

/** So many deletions are under way at a time: enough to fill the store's groups. */
const DELETES_AT_ONCE = 64

/** Deletes what the selectors match and answers it as it was. */
export async function removeCollection(call: Call): Promise<Answer> {
  const { registry, info } = call
  const options = deleteOptions(call)
  const write = deletionContext(call, options)
  const selection = parseSelection(registry.definition, info)
  if (registry.mustBeReady) await readyAll(registry, info.namespace)
  const page = listObjects(registry, { namespace: info.namespace, options: parseListOptions(info.query), selection })
  const waiting = [...page.items]
  const removeNext = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      const { name, namespace = '' } = item.object.metadata
      await registry.delete({ name, namespace }, options, write).catch(ignoreNotFound)
    }
  }
  await Promise.all(Array.from({ length: DELETES_AT_ONCE }, removeNext))
  return { type: 'list', status: 200, list: page, resource: registry }
}

function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error
}
