import { pipeline } from 'node:stream/promises'
import { PODS, pathOf } from '@skiff/api'
import { localClient } from '../local-client.ts'

interface LogsOptions {
  readonly home: string
  readonly pod: string
  readonly namespace: string
  readonly container?: string
  readonly follow?: boolean
  readonly previous?: boolean
  readonly deleted?: boolean
}

export async function logs({ home, pod, namespace, container, follow, previous, deleted }: LogsOptions): Promise<void> {
  const query = new URLSearchParams()
  if (container !== undefined) query.set('container', container)
  if (follow) query.set('follow', 'true')
  if (previous) query.set('previous', 'true')
  if (deleted) query.set('deleted', 'true')
  const stream = await localClient(home).stream('GET', `${pathOf(PODS, namespace, pod, 'log')}?${query}`)
  await pipeline(stream, process.stdout, { end: false })
}
