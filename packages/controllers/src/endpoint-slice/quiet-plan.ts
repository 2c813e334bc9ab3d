import { isDeepStrictEqual } from 'node:util'
import type { Endpoint, EndpointSlice, Service } from '@skiff/api'
import { type EndpointSlicePlan, type SliceContent, saysBesidesEndpoints } from './plan.ts'
import type { ServicePod } from './service-pods.ts'

/**
 * Whether all that a plan does is to tell of pods to which nothing is sent, neither before nor after: that they have an address
 * but aren't ready, or that they have left while others are ready. Each write of a slice costs every host a look at it; this
 * can go with the next one.
 */
export function isQuiet({ create, update, remove }: EndpointSlicePlan, service: Service, pods: readonly ServicePod[]): boolean {
  // With it pods that aren't ready are named in the DNS.
  if (service.spec.publishNotReadyAddresses === true || create.length > 0 || remove.length > 0) return false
  const replaced = keepsToHosts(service) ? false : pods.some(({ serving, terminating }) => serving && !terminating)
  return update.every(({ slice, content }) => isQuietUpdate(slice, content, replaced))
}

/** Then the ready pods of other hosts stand in for none of this one. */
function keepsToHosts({ spec }: Service): boolean {
  return spec.internalTrafficPolicy === 'Local' || spec.externalTrafficPolicy === 'Local'
}

/** @param replaced what has left and still served isn't sent anything, since others are ready (KEP-1669) */
function isQuietUpdate(slice: EndpointSlice, content: SliceContent, replaced: boolean): boolean {
  const before = byPod(slice.endpoints ?? [])
  const after = byPod(content.endpoints)
  return (
    saysBesidesEndpoints(slice, content) &&
    [...after].every(
      ([uid, endpoint]) => isDeepStrictEqual(endpoint, before.get(uid)) || (!before.has(uid) && isIdle(endpoint)),
    ) &&
    [...before].every(
      ([uid, endpoint]) => after.has(uid) || isIdle(endpoint) || (replaced && endpoint.conditions?.ready === false),
    )
  )
}

function byPod(endpoints: readonly Endpoint[]): Map<string | undefined, Endpoint> {
  return new Map(endpoints.map((endpoint) => [endpoint.targetRef?.uid, endpoint]))
}

function isIdle({ conditions }: Endpoint): boolean {
  return conditions?.ready === false && conditions.serving === false
}
