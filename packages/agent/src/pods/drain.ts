import { setTimeout as delay } from 'node:timers/promises'
import { ENDPOINT_SLICES, type EndpointSlice, type Pod } from '@skiff/api'
import { type ApiClient, endsInitialEvents } from '@skiff/client'

/**
 * A pod that leaves waits no longer than this for the proxies; then it goes anyway. Longer than a node that has gone silent is
 * waited for (5 s): what is left are proxies that live and are slow, on a busy machine, and their clients would lose requests.
 */
const DRAIN_TIMEOUT_MS = 6_000
/**
 * What was under way when the last proxy let go is answered by then, also by programs that end at once on SIGTERM. On a busy host
 * they may need longer to get at it at all.
 */
const LAST_ANSWERS_MS = 250
const LONGEST_ANSWERS_MS = 2_000
const LOOK_AGAIN_MS = 50

export interface DrainOptions {
  readonly client: ApiClient
  /** Whether something that has come for the pod was not even read yet. */
  readonly hasUnread: () => boolean
  readonly signal: AbortSignal
}

/**
 * Resolves when no live proxy sends new connections to the pod: its endpoints are marked in the EndpointSlices, and all proxies
 * have acknowledged that revision (on their agents' heartbeat streams), and requests that came just before are answered.
 * Bounded; failures let the pod go.
 */
export async function drain(pod: Pod, { client, hasUnread, signal: outer }: DrainOptions): Promise<void> {
  const signal = AbortSignal.any([outer, AbortSignal.timeout(DRAIN_TIMEOUT_MS)])
  const begin = performance.now()
  const revision = await revisionWithoutPod(pod, client, signal)
  if (revision === undefined) return
  const timeoutMs = Math.max(0, Math.round(DRAIN_TIMEOUT_MS - (performance.now() - begin)))
  // Answered late: as a stream it keeps no other request waiting.
  const path = `/skiff/v1/endpoints-acknowledged?revision=${revision}&timeoutMs=${timeoutMs}`
  const answer = await client.stream('GET', path, { signal })
  answer.resume()
  await lastAnswers(hasUnread, outer)
}

async function lastAnswers(hasUnread: () => boolean, signal: AbortSignal): Promise<void> {
  const begin = performance.now()
  await delay(LAST_ANSWERS_MS, undefined, { signal })
  while (hasUnread() && performance.now() - begin < LONGEST_ANSWERS_MS) await delay(LOOK_AGAIN_MS, undefined, { signal })
}

/** The revision from which on no slice offers the pod; undefined when none of them has it at all. */
async function revisionWithoutPod(pod: Pod, client: ApiClient, signal: AbortSignal): Promise<string | undefined> {
  const namespace = pod.metadata.namespace ?? ''
  const offering = new Set<string>()
  let newest: string | undefined
  let isKnown = false
  for await (const event of client.watch<EndpointSlice>(ENDPOINT_SLICES, { namespace, sendInitialEvents: true, signal })) {
    const { type, object: slice } = event
    isKnown ||= endsInitialEvents(event)
    if (type !== 'BOOKMARK') {
      const { name, resourceVersion } = slice.metadata
      if (names(slice, pod) || offering.has(name)) newest = newer(newest, resourceVersion)
      if (type !== 'DELETED' && offers(slice, pod)) offering.add(name)
      else offering.delete(name)
    }
    if (isKnown && offering.size === 0) break
  }
  return newest
}

function names(slice: EndpointSlice, pod: Pod): boolean {
  return (slice.endpoints ?? []).some(({ targetRef }) => targetRef?.uid === pod.metadata.uid)
}

function offers(slice: EndpointSlice, pod: Pod): boolean {
  return (slice.endpoints ?? []).some(({ targetRef, conditions }) => {
    return targetRef?.uid === pod.metadata.uid && conditions?.ready !== false && conditions?.terminating !== true
  })
}

function newer(a: string | undefined, b: string): string {
  return a !== undefined && BigInt(a) > BigInt(b) ? a : b
}
