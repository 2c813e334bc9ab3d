import type { Service } from '@skiff/api'

const HINTS = 'service.kubernetes.io/topology-aware-hints'
const TOPOLOGY_MODE = 'service.kubernetes.io/topology-mode'

/** What a Service says without effect, or in an old way (pkg/api/service/warnings.go). */
export function serviceWarnings({ metadata, spec }: Service): string[] {
  const { type, clusterIP, externalIPs = [], loadBalancerIP = '', sessionAffinity = 'None' } = spec
  const isHeadless = type === 'ClusterIP' && clusterIP === 'None'
  const isElsewhere = type === 'ExternalName'
  const rows: readonly (readonly [boolean, string])[] = [
    [metadata.annotations?.[HINTS] !== undefined, `annotation ${HINTS} is deprecated, please use ${TOPOLOGY_MODE} instead`],
    [isHeadless && loadBalancerIP !== '', 'spec.loadBalancerIP is ignored for headless services'],
    [isHeadless && externalIPs.length > 0, 'spec.externalIPs is ignored for headless services'],
    [isHeadless && sessionAffinity !== 'None', 'spec.SessionAffinity is ignored for headless services'],
    [
      externalIPs.length > 0 && !isHeadless && !isElsewhere,
      'spec.externalIPs is deprecated and may no longer be implemented in some clusters',
    ],
    [isElsewhere && externalIPs.length > 0, 'spec.externalIPs is ignored when spec.type is "ExternalName"'],
    [!isElsewhere && (spec.externalName ?? '') !== '', 'spec.externalName is ignored when spec.type is not "ExternalName"'],
    [spec.trafficDistribution === 'PreferClose', 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'],
  ]
  return rows.flatMap(([holds, warning]) => (holds ? [warning] : []))
}
