import { ENDPOINT_SLICES, type EndpointSlice } from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import { namespaceIsTerminating, unlessGone } from '../shared/errors.ts'
import type { OwnWrites } from '../shared/own-writes.ts'
import type { EndpointSlicePlan, SliceContent } from './plan.ts'

interface Execution {
  readonly client: ApiClient
  readonly writes: OwnWrites
  readonly key: string
}

/** Additions before removals: an endpoint that moves between slices is in both for a moment rather than in none. */
export async function executePlan(
  { client, writes, key }: Execution,
  { create, update, remove }: EndpointSlicePlan,
): Promise<void> {
  for (const { slice, content } of update) writes.wrote(key, await rewrite(client, slice, content))
  for (const slice of create) {
    try {
      writes.wrote(key, await client.create<EndpointSlice>(ENDPOINT_SLICES, slice))
    } catch (error) {
      if (namespaceIsTerminating(error)) return
      throw error
    }
  }
  for (const { metadata } of remove) {
    const { name, namespace = '', uid } = metadata
    await unlessGone(client.delete(ENDPOINT_SLICES, { name, namespace }, { uid }))
  }
}

async function rewrite(client: ApiClient, { metadata }: EndpointSlice, content: SliceContent): Promise<EndpointSlice> {
  const { name, namespace = '', resourceVersion } = metadata
  const { labels, annotations, ports, endpoints } = content
  const described = {
    labels: replacing(metadata.labels, labels),
    ...(annotations === undefined ? {} : { annotations: replacing(metadata.annotations, annotations) }),
  }
  const body = { metadata: { resourceVersion, ...described }, ports, endpoints }
  return await client.patch<EndpointSlice>(ENDPOINT_SLICES, { name, namespace }, { type: 'merge', body })
}

/** A merge patch that leaves nothing of what was there before. */
function replacing(before: Readonly<Record<string, string>> = {}, wanted: Readonly<Record<string, string>>): object {
  const gone = Object.keys(before).filter((name) => !(name in wanted))
  return { ...Object.fromEntries(gone.map((name) => [name, null])), ...wanted }
}
