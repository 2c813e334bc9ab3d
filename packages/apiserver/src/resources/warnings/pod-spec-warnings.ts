/** What Kubernetes advises against in pods and their templates, in its words (pkg/api/pod/warnings.go). */
import type { Container, FieldPath, ObjectMeta, Pod } from '@skiff/api'
import { deadSourceWarnings } from './dead-volumes.ts'
import { deprecatedNodeLabel } from './deprecated-node-labels.ts'
import { fractions } from './fractions.ts'
import { affinityWarnings, spreadWarnings } from './placement-warnings.ts'
import { portWarnings } from './port-warnings.ts'
import { claimSpecWarnings } from './storage-warnings.ts'

type PodSpec = Pod['spec']
type Annotations = ObjectMeta['annotations']
type Placed = readonly [Container, FieldPath]

interface Template {
  readonly metadata?: { readonly annotations?: Annotations } | undefined
  readonly spec?: PodSpec | undefined
}

const SECCOMP_OF_POD = 'seccomp.security.alpha.kubernetes.io/pod'
const SECCOMP_OF_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/'
const DEAD_ANNOTATIONS: readonly (readonly [string, string])[] = [
  ['scheduler.alpha.kubernetes.io/critical-pod', 'non-functional in v1.16+; use the "priorityClassName" field instead'],
  ['security.alpha.kubernetes.io/sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
  ['security.alpha.kubernetes.io/unsafe-sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
]
/** @param field where the pod, or its template, stands */
export function podSpecWarnings({ metadata, spec }: Template, field: FieldPath): string[] {
  if (spec === undefined) return []
  const at = field.child('spec')
  const containers = containersOf(spec, at)
  return [
    ...Object.keys(spec.nodeSelector ?? {}).flatMap((key) => told(at.child('nodeSelector').key(key), deprecatedNodeLabel(key))),
    ...spreadWarnings(spec, at),
    ...annotationWarnings(metadata?.annotations, field),
    ...(spec.volumes ?? []).flatMap((volume, index) => volumeWarnings(volume, at.child('volumes').index(index))),
    ...repeated(spec.hostAliases, ({ ip }) => ip, at.child('hostAliases'), 'ip'),
    ...repeated(spec.imagePullSecrets, ({ name }) => name, at.child('imagePullSecrets'), 'name'),
    ...namelessPullSecrets(spec, at),
    ...fractions(spec.overhead, at.child('overhead')),
    ...seccompWarnings(spec, containers, metadata?.annotations, field),
    ...containers.flatMap(([container, place]) => containerWarnings(container, place)),
    ...portWarnings(containers),
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0
      ? [`${at.child('terminationGracePeriodSeconds')}: must be >= 0; negative values are invalid and will be treated as 1`]
      : []),
    ...affinityWarnings(spec, at),
  ]
}

function told(field: FieldPath, advice: string | undefined): string[] {
  return advice === undefined ? [] : [`${field}: ${advice}`]
}

/** In the order in which upstream visits them. */
function containersOf(spec: PodSpec, at: FieldPath): Placed[] {
  const placed = (kind: 'initContainers' | 'containers' | 'ephemeralContainers') =>
    ((spec[kind] ?? []) as Container[]).map((container, index): Placed => [container, at.child(kind).index(index)])
  return [...placed('initContainers'), ...placed('containers'), ...placed('ephemeralContainers')]
}

function annotationWarnings(annotations: Annotations = {}, field: FieldPath): string[] {
  return DEAD_ANNOTATIONS.flatMap(([key, advice]) => (annotations[key] === undefined ? [] : told(annotation(field, key), advice)))
}

function annotation(field: FieldPath, key: string): FieldPath {
  return field.child('metadata', 'annotations').key(key)
}

function volumeWarnings(volume: NonNullable<PodSpec['volumes']>[number], at: FieldPath): string[] {
  const claim = volume.ephemeral?.volumeClaimTemplate?.spec
  return [
    ...deadSourceWarnings(volume, at),
    ...(claim === undefined ? [] : claimSpecWarnings(claim, at.child('ephemeral', 'volumeClaimTemplate', 'spec'))),
  ]
}

function repeated<T>(
  items: readonly T[] | undefined,
  nameOf: (item: T) => string | undefined,
  at: FieldPath,
  name: string,
): string[] {
  const seen = new Set<string>()
  return (items ?? []).flatMap((item, index) => {
    const value = nameOf(item) ?? ''
    if (seen.has(value)) return [`${at.index(index).child(name)}: duplicate ${name} ${JSON.stringify(value)}`]
    seen.add(value)
    return []
  })
}

function namelessPullSecrets({ imagePullSecrets = [] }: PodSpec, at: FieldPath): string[] {
  return imagePullSecrets.flatMap(({ name = '' }, index) =>
    name === '' ? [`${at.child('imagePullSecrets').index(index).child('name')}: invalid empty name ""`] : [],
  )
}

function seccompWarnings(
  spec: PodSpec,
  containers: readonly Placed[],
  annotations: Annotations = {},
  field: FieldPath,
): string[] {
  const dead = (key: string) =>
    annotations[key] === undefined
      ? []
      : told(annotation(field, key), 'non-functional in v1.27+; use the "seccompProfile" field instead')
  return [
    ...(spec.securityContext?.seccompProfile === undefined ? dead(SECCOMP_OF_POD) : []),
    ...containers.flatMap(([{ name, securityContext }]) =>
      securityContext?.seccompProfile === undefined ? dead(SECCOMP_OF_CONTAINER + name) : [],
    ),
  ]
}

function containerWarnings({ resources, env = [] }: Container, at: FieldPath): string[] {
  return [
    ...fractions(resources?.limits, at.child('resources', 'limits')),
    ...fractions(resources?.requests, at.child('resources', 'requests')),
    ...hiddenVariables(env, at.child('env')),
  ]
}

/** Set twice; not what goes on from its former value (`PATH=$(PATH):/more`). */
function hiddenVariables(env: NonNullable<Container['env']>, at: FieldPath): string[] {
  const seen = new Set<string>()
  return env.flatMap(({ name, value = '', valueFrom }, index) => {
    if (!seen.has(name)) {
      seen.add(name)
      return []
    }
    const reference = `$(${name})`
    const goesOn = valueFrom === undefined && value !== reference && value.includes(reference)
    if (goesOn) return []
    return [`${at.index(index)}: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`]
  })
}
