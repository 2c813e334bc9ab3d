import { forbidden, type KubeObject, NAMESPACES, type Namespace, type PodSpec, qualifiedResource } from '@skiff/api'
import type { AdmissionRequest } from '../../http/request-context.ts'
import type { ObjectReader } from '../../registry/resource-definition.ts'
import { nameInMessage } from '../request-facts.ts'
import { admitNamespaceLabels } from './namespace-labels.ts'
import { type PodToCheck, type Violation, violationsToString } from './pod-to-check.ts'
import { LABEL, type Labels, type Policy, policyOf, policyText, violationsOf } from './policy.ts'

/** What holds for namespaces without labels: `warn` of what baseline forbids, refuse it, or neither. */
export type PodSecurityDefault = 'warn' | 'baseline' | 'privileged'

interface PodSecurityOptions {
  readonly objects: ObjectReader
  readonly podSecurityDefault: PodSecurityDefault
}

/**
 * Pod Security admission: refuses pods beyond the namespace's `enforce` level, warns of those beyond its `warn` level,
 * also where a workload would make them. A namespace that becomes stricter is told which of its pods are beyond it.
 */
export function admitPodSecurity(request: AdmissionRequest, options: PodSecurityOptions): void {
  admitNamespaceLabels(request, options.objects)
  const pod = podToCheck(request)
  if (pod === undefined) return
  const labels = options.objects.get<Namespace>(NAMESPACES, { name: request.namespace })?.metadata.labels ?? {}
  const enforced = policyOf(labels, 'enforce')
  const { enforce, warn } = policiesOf(labels, request.namespace, options.podSecurityDefault)
  const violations = request.info.resource === 'pods' ? violationsOf(pod, enforce) : []
  if (violations.length > 0) throw refusal(request, enforce, { violations, labelled: enforced !== undefined })
  const warnings = violationsOf(pod, warn)
  if (warnings.length > 0) request.warn(`would violate PodSecurity "${policyText(warn)}": ${violationsToString(warnings)}`)
}

function policiesOf(labels: Labels, namespace: string, byDefault: PodSecurityDefault): { enforce: Policy; warn: Policy } {
  const enforced = policyOf(labels, 'enforce')
  const enforceLevel = byDefault === 'baseline' && namespace !== 'kube-system' ? 'baseline' : 'privileged'
  const warnLevel = byDefault === 'privileged' ? 'privileged' : 'baseline'
  return {
    enforce: enforced ?? { level: enforceLevel, version: 'latest' },
    warn: policyOf(labels, 'warn') ?? enforced ?? { level: warnLevel, version: 'latest' },
  }
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

function refusal(
  request: AdmissionRequest,
  policy: Policy,
  { violations, labelled }: { readonly violations: readonly Violation[]; readonly labelled: boolean },
) {
  const source = labelled
    ? `the namespace's label ${LABEL}enforce=${policy.level}`
    : `--pod-security-default ${policy.level}; the label ${LABEL}enforce=privileged on namespace ${request.namespace} allows it`
  const why = `violates PodSecurity "${policyText(policy)}": ${violationsToString(violations)} (from ${source})`
  return forbidden(qualifiedResource(request.info), nameInMessage(request), why)
}
