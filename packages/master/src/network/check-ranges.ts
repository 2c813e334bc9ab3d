import type { ClusterRanges } from '../data-directory/cluster-ranges.ts'
import { addressRangeProblems, type HostRoute } from './address-ranges.ts'

/**
 * Throws one clear line when the ranges can't be used. A cluster that exists keeps its ranges: objects and hosts hold
 * addresses of them, and the routes that the host has for them by now are the cluster's own.
 */
export function checkRanges(wanted: ClusterRanges, existing: ClusterRanges | undefined, routes: readonly HostRoute[]): void {
  if (existing !== undefined) {
    if (existing.serviceCidr !== wanted.serviceCidr) throw changed('service', '--service-cidr', existing.serviceCidr)
    if (existing.podCidr !== wanted.podCidr) throw changed('pod', '--pod-cidr', existing.podCidr)
    return
  }
  const problems = addressRangeProblems(
    [
      { option: '--service-cidr', what: 'service', cidr: wanted.serviceCidr },
      { option: '--pod-cidr', what: 'pod', cidr: wanted.podCidr },
    ],
    routes,
  )
  if (problems.length > 0) throw new Error(problems.join('; '))
}

function changed(what: string, option: string, cidr: string): Error {
  return new Error(`this cluster was made with the ${what} range ${cidr}, which can't be changed: start with ${option} ${cidr}`)
}
