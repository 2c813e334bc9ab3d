import { type Pod, podQosClass, type Taint, tolerates } from '@skiff/api'
import type { Rejection } from '../pods/reject-pod.ts'
import { isCritical } from './is-critical.ts'
import type { PressureCondition } from './signals.ts'

const MEMORY_PRESSURE: Taint = { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' }

/** Why a node that lacks something doesn't take the pod, in the kubelet's words: of memory alone only those that asked for none. */
export function rejectedByPressure(pod: Pod, conditions: ReadonlySet<PressureCondition>): Rejection | undefined {
  if (conditions.size === 0 || isCritical(pod)) return undefined
  if (conditions.size === 1 && conditions.has('MemoryPressure')) {
    if (podQosClass(pod.spec) !== 'BestEffort') return undefined
    if ((pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, MEMORY_PRESSURE))) return undefined
  }
  return { reason: 'Evicted', message: `The node had condition: [${[...conditions].join(' ')}]. ` }
}
