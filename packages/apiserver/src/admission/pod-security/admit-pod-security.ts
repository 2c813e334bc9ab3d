import { forbidden, type KubeObject, NAMESPACES, type Namespace, type PodSpec, qualifiedResource } from '@skiff/api'
import type { AdmissionRequest } from '../../http/request-context.ts'
import type { ObjectReader } from '../../registry/resource-definition.ts'
import { baselineViolations } from './baseline.ts'
import { type PodToCheck, type Violation, violationsToString } from './pod-to-check.ts'
import { restrictedViolations } from './restricted.ts'

/** What holds for namespaces without labels: `warn` of what baseline forbids, refuse it, or neither. */
export type PodSecurityDefault = 'warn' | 'baseline' | 'privileged'

type Level = 'privileged' | 'baseline' | 'restricted'

const LABEL = 'pod-security.kubernetes.io/'

/** Pod Security admission: refuses pods beyond the namespace's `enforce` level, warns of those beyond its `warn` level. */
export function admitPodSecurity(
  request: AdmissionRequest,
  { objects, podSecurityDefault }: { readonly objects: ObjectReader; readonly podSecurityDefault: PodSecurityDefault },
): void {
  const pod = podToCheck(request)
  if (pod === undefined) return
  const labels = objects.get<Namespace>(NAMESPACES, { name: request.namespace })?.metadata.labels ?? {}
  const enforced = levelOf(labels[`${LABEL}enforce`])
  const isPod = request.info.resource === 'pods'
  const enforceLevel =
    enforced ?? (podSecurityDefault === 'baseline' && request.namespace !== 'kube-system' ? 'baseline' : 'privileged')
  const violations = isPod ? violationsOf(pod, enforceLevel) : []
  if (violations.length > 0) throw refusal(request, enforceLevel, violations, enforced !== undefined)

  const warnLevel =
    levelOf(labels[`${LABEL}warn`]) ?? enforced ?? (podSecurityDefault === 'privileged' ? 'privileged' : 'baseline')
  const warnings = violationsOf(pod, warnLevel)
  if (warnings.length > 0) request.warn(`would violate PodSecurity "${warnLevel}:latest": ${violationsToString(warnings)}`)
}

/** The pod that is written, or the one that a workload will make; undefined when the write doesn't change it. */
function podToCheck({ operation, info, subresource, object, old }: AdmissionRequest): PodToCheck | undefined {
  if (object === undefined || operation === 'DELETE' || operation === 'CONNECT') return undefined
  if (subresource !== '' && subresource !== 'ephemeralcontainers') return undefined
  const pod = templateOf(info.resource, object)
  if (pod?.spec === undefined) return undefined
  if (old !== undefined && JSON.stringify(templateOf(info.resource, old)?.spec) === JSON.stringify(pod.spec)) return undefined
  return { annotations: pod.metadata?.annotations ?? {}, spec: pod.spec }
}

interface Template {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> }
  readonly spec?: PodSpec
}

function templateOf(resource: string, object: KubeObject): Template | undefined {
  switch (resource) {
    case 'pods':
      return object as Template
    case 'podtemplates':
      return object.template as Template
    case 'deployments':
    case 'replicasets':
    case 'statefulsets':
    case 'daemonsets':
    case 'jobs':
    case 'replicationcontrollers':
      return (object.spec as { template?: Template } | undefined)?.template
    case 'cronjobs':
      return (object.spec as { jobTemplate?: { spec?: { template?: Template } } } | undefined)?.jobTemplate?.spec?.template
    default:
      return undefined
  }
}

function violationsOf(pod: PodToCheck, level: Level): readonly Violation[] {
  switch (level) {
    case 'privileged':
      return []
    case 'baseline':
      return baselineViolations(pod)
    case 'restricted':
      return [...baselineViolations(pod), ...restrictedViolations(pod)]
  }
}

/** An unknown level counts as the strictest, as upstream does. */
function levelOf(label: string | undefined): Level | undefined {
  if (label === undefined) return undefined
  return label === 'privileged' || label === 'baseline' ? label : 'restricted'
}

function refusal(request: AdmissionRequest, level: Level, violations: readonly Violation[], labelled: boolean) {
  const source = labelled
    ? `the namespace's label ${LABEL}enforce=${level}`
    : `--pod-security-default ${level}; the label ${LABEL}enforce=privileged on namespace ${request.namespace} allows it`
  const why = `violates PodSecurity "${level}:latest": ${violationsToString(violations)} (from ${source})`
  const name = request.name || (request.object?.metadata.name ?? '') || (request.object?.metadata.generateName ?? '')
  return forbidden(qualifiedResource(request.info), name, why)
}
