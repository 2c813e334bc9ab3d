import type { FieldPath, Pod } from '@skiff/api'
import { deprecatedNodeLabel } from './deprecated-node-labels.ts'

type PodSpec = Pod['spec']
type Affinity = NonNullable<PodSpec['affinity']>
type PodAffinity = NonNullable<Affinity['podAffinity']>

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution'
const MATCHES_NOTHING = 'a null labelSelector results in matching no pod'

/** Of the nodes that a pod asks for, and of how it is spread over them. */
export function spreadWarnings({ affinity, topologySpreadConstraints = [] }: PodSpec, at: FieldPath): string[] {
  return [
    ...nodeAffinityWarnings(affinity?.nodeAffinity, at.child('affinity', 'nodeAffinity')),
    ...topologySpreadConstraints.flatMap(({ topologyKey, labelSelector }, index) => {
      const place = at.child('topologySpreadConstraints').index(index)
      return [
        ...deprecatedKey(topologyKey, place.child('topologyKey')),
        ...(labelSelector === undefined ? [`${place.child('labelSelector')}: ${MATCHES_NOTHING}`] : []),
      ]
    }),
  ]
}

function nodeAffinityWarnings(nodeAffinity: Affinity['nodeAffinity'], at: FieldPath): string[] {
  const required = nodeAffinity?.[REQUIRED]?.nodeSelectorTerms ?? []
  const preferred = nodeAffinity?.[PREFERRED] ?? []
  return [
    ...required.flatMap((term, index) => nodeTermWarnings(term, at.child(REQUIRED, 'nodeSelectorTerms').index(index))),
    ...preferred.flatMap(({ preference }, index) =>
      nodeTermWarnings(preference, at.child(PREFERRED).index(index).child('preference')),
    ),
  ]
}

interface NodeTerm {
  readonly matchExpressions?: readonly { readonly key: string }[]
}

/** Of a term by which nodes are chosen. */
export function nodeTermWarnings({ matchExpressions = [] }: NodeTerm, at: FieldPath): string[] {
  return matchExpressions.flatMap(({ key }, index) => deprecatedKey(key, at.child('matchExpressions').index(index).child('key')))
}

function deprecatedKey(key: string, at: FieldPath): string[] {
  const advice = deprecatedNodeLabel(key)
  return advice === undefined ? [] : [`${at}: ${key} is ${advice}`]
}

/** Of the pods that a pod wants to be near to, or far from. */
export function affinityWarnings({ affinity }: PodSpec, at: FieldPath): string[] {
  return [
    ...podAffinityWarnings(affinity?.podAffinity, at.child('affinity', 'podAffinity')),
    ...podAffinityWarnings(affinity?.podAntiAffinity, at.child('affinity', 'podAntiAffinity')),
  ]
}

function podAffinityWarnings(affinity: PodAffinity | undefined, at: FieldPath): string[] {
  const nothing = (place: FieldPath) => `${place.child('labelSelector')}: ${MATCHES_NOTHING}`
  const required = affinity?.[REQUIRED] ?? []
  const preferred = affinity?.[PREFERRED] ?? []
  return [
    ...required.flatMap((term, index) => (term.labelSelector === undefined ? [nothing(at.child(REQUIRED).index(index))] : [])),
    ...preferred.flatMap(({ podAffinityTerm }, index) =>
      podAffinityTerm.labelSelector === undefined ? [nothing(at.child(PREFERRED).index(index).child('podAffinityTerm'))] : [],
    ),
  ]
}
