import {
  type KindInfo,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  SELECTED_NODE,
  VOLUME_NODE_LABEL,
  VOLUMES_CAPACITY,
} from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import { afterEach, expect, test } from 'vitest'
import { aNode } from '../testing/objects.ts'
import { VolumeState } from './volume-state.ts'

const GIB = 1024n ** 3n
const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

let end = new AbortController()
afterEach(() => end.abort())

/** What each watch has brought so far. */
async function stateThatHasSeen(seen: ReadonlyMap<KindInfo, readonly object[]>): Promise<VolumeState> {
  end = new AbortController()
  const { signal } = end
  async function* watchBatches(info: KindInfo) {
    const metadata = { resourceVersion: '9', annotations: { 'k8s.io/initial-events-end': 'true' } }
    yield [...(seen.get(info) ?? []).map((object) => ({ type: 'ADDED', object })), { type: 'BOOKMARK', object: { metadata } }]
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  }
  const client = { watchBatches, onReconnect: () => () => undefined } as unknown as ApiClient
  const state = new VolumeState({ client, logger: SILENT, signal, isInUse: () => false })
  for (const informer of state.informers) informer.start()
  await Promise.all(state.informers.map(({ synced }) => synced))
  return state
}

const node = aNode('n1')
const roomy = { ...node, metadata: { ...node.metadata, annotations: { [VOLUMES_CAPACITY]: '5Gi' } } }

function metaOf(name: string, more: object) {
  return { name, uid: `uid-${name}`, resourceVersion: '1', creationTimestamp: '', ...more }
}

function claimOf(volumeName: string | undefined, phase: string) {
  const spec = { resources: { requests: { storage: '2Gi' } }, ...(volumeName ? { volumeName } : {}) }
  return { metadata: metaOf('data', { namespace: 'default', annotations: { [SELECTED_NODE]: 'n1' } }), spec, status: { phase } }
}

const volume = {
  metadata: metaOf('pvc-1', { labels: { [VOLUME_NODE_LABEL]: 'n1' } }),
  spec: { capacity: { storage: '2Gi' }, claimRef: { namespace: 'default', name: 'data', uid: 'uid-data' } },
}

test.each([
  ['whose volume is being made', [claimOf(undefined, 'Pending')], []],
  ['whose volume is seen first', [claimOf(undefined, 'Pending')], [volume]],
  ['that is seen bound before its volume is', [claimOf('pvc-1', 'Bound')], []],
  ['that is seen with its volume', [claimOf('pvc-1', 'Bound')], [volume]],
])('a claim %s has its room on the node, once', async (_, claims, volumes) => {
  const state = await stateThatHasSeen(
    new Map<KindInfo, readonly object[]>([
      [PERSISTENT_VOLUME_CLAIMS, claims],
      [PERSISTENT_VOLUMES, volumes],
    ]),
  )
  expect(state.bytesFree(roomy)).toBe(3n * GIB)
})

test('a claim that has lost its volume takes no room', async () => {
  const state = await stateThatHasSeen(new Map([[PERSISTENT_VOLUME_CLAIMS, [claimOf('pvc-1', 'Lost')]]]))
  expect(state.bytesFree(roomy)).toBe(5n * GIB)
})
