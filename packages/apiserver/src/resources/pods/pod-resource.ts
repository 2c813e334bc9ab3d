import { type FieldError, forbiddenField, invalidObject, type KubeObject, PODS, type Pod, path, podQosClass } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { keepField, keepStatus } from '../status.ts'
import { podWarnings } from '../warnings/workload-warnings.ts'
import { defaultPod } from './default-pod.ts'
import { mirrorServiceAccount } from './default-pod-spec.ts'
import { podColumns } from './pod-columns.ts'
import { tolerateSlowNodes } from './tolerate-slow-nodes.ts'
import { validatePod } from './validate-pod.ts'
import {
  validateEphemeralContainersUpdate,
  validatePodStatusUpdate,
  validatePodUpdate,
  validateResize,
} from './validate-pod-update.ts'

export const podResource: ResourceDefinition = {
  info: PODS,
  subresources: [
    'status',
    'binding',
    'eviction',
    'ephemeralcontainers',
    'resize',
    'log',
    'exec',
    'attach',
    'portforward',
    'proxy',
  ],
  deleteReturnsObject: true,
  strategy: {
    countsGenerations: true,
    default: (pod: Pod) => defaultPod(pod),
    prepareForCreate(pod: Pod, { cluster }) {
      requireCreatable(pod)
      mirrorServiceAccount(pod.spec)
      tolerateSlowNodes(pod.spec, cluster.defaultTolerationSeconds)
      pod.status = { phase: 'Pending', qosClass: podQosClass(pod.spec) }
      if ((pod.spec.schedulingGates ?? []).length > 0) pod.status.conditions = [SCHEDULING_GATED]
    },
    prepareForUpdate(pod: Pod, old: Pod, { cluster }) {
      mirrorServiceAccount(pod.spec)
      tolerateSlowNodes(pod.spec, cluster.defaultTolerationSeconds)
      keepStatus(pod, old)
    },
    prepareForStatusUpdate(pod: Pod, old: Pod) {
      keepQosClass(pod, old)
      mirrorPodIp(pod)
      keepField(pod.metadata, old.metadata, 'ownerReferences')
    },
    prepareForSubresource(subresource, pod: Pod, old: Pod) {
      keepStatus(pod, old)
      if (subresource === 'ephemeralcontainers') {
        const { ephemeralContainers } = pod.spec
        pod.spec = { ...old.spec, ...(ephemeralContainers ? { ephemeralContainers } : {}) }
      }
    },
    validate: (pod: Pod) => validatePod(pod),
    validateUpdate: (pod: Pod, old: Pod) => validatePodUpdate(pod, old),
    validateStatusUpdate: (pod: Pod, old: Pod) => validatePodStatusUpdate(pod, old),
    validateSubresource(subresource, pod: Pod, old: Pod) {
      if (subresource === 'ephemeralcontainers') return [...validatePod(pod), ...validateEphemeralContainersUpdate(pod, old)]
      return subresource === 'resize' ? [...validatePod(pod), ...validateResize(pod, old)] : []
    },
    gracePeriodSeconds: (pod: Pod, asked) => gracePeriod(pod, asked),
    warnings: podWarnings,
  },
  selectableFields: {
    'spec.nodeName': select((pod) => pod.spec.nodeName),
    'spec.restartPolicy': select((pod) => pod.spec.restartPolicy),
    'spec.schedulerName': select((pod) => pod.spec.schedulerName),
    'spec.serviceAccountName': select((pod) => pod.spec.serviceAccountName),
    'spec.hostNetwork': select((pod) => String(pod.spec.hostNetwork ?? false)),
    'status.phase': select((pod) => pod.status?.phase),
    'status.podIP': select((pod) => pod.status?.podIP),
    'status.podIPs': select((pod) => (pod.status?.podIPs ?? []).map(({ ip }) => ip).join(',')),
    'status.nominatedNodeName': select((pod) => pod.status?.nominatedNodeName),
  },
  columns: podColumns,
}

const SCHEDULING_GATED = {
  type: 'PodScheduled',
  status: 'False',
  reason: 'SchedulingGated',
  // That of every new pod.
  observedGeneration: 1,
  message: 'Scheduling is blocked due to non-empty scheduling gates',
}

/** What a pod may come to have, but not begin with. */
function requireCreatable(pod: Pod): void {
  const field = path('spec')
  const errors: FieldError[] = []
  if ((pod.spec.ephemeralContainers ?? []).length > 0) {
    errors.push(forbiddenField(field.child('ephemeralContainers'), 'cannot be set on create'))
  }
  if (pod.spec.nodeName && (pod.spec.schedulingGates ?? []).length > 0) {
    errors.push(forbiddenField(field.child('nodeName'), 'cannot be set until all schedulingGates have been cleared'))
  }
  if (errors.length > 0) throw invalidObject(PODS, pod.metadata.name ?? '', [...validatePod(pod), ...errors])
}

function keepQosClass(pod: Pod, old: Pod): void {
  const qosClass = old.status?.qosClass
  if (qosClass && pod.status) pod.status.qosClass ||= qosClass
}

/** `podIP` is the first of `podIPs`; who writes one of them means both. */
function mirrorPodIp({ status }: Pod): void {
  if (!status) return
  const first = status.podIPs?.[0]?.ip
  if (status.podIP && status.podIP !== first) status.podIPs = [{ ip: status.podIP }]
  else if (!status.podIP && first) status.podIP = first
}

/** Nothing runs where no node was found or where everything has ended: such a pod goes at once. */
function gracePeriod(pod: Pod, asked: number | undefined): number {
  const ended = pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded'
  if (!pod.spec.nodeName || ended) return 0
  const seconds = asked ?? pod.spec.terminationGracePeriodSeconds ?? 0
  // A negative period means: at once, but not by force.
  return seconds < 0 ? 1 : seconds
}

function select(read: (pod: Pod) => string | undefined): (object: KubeObject) => string {
  return (object) => read(object as unknown as Pod) ?? ''
}
