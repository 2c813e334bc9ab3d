/** What a pod may ask that this node has not got: a pod that was bound here anyway is refused before anything of it is made. */

import {
  type Node,
  nodeMatchesAnyTerm,
  type Pod,
  podRequests,
  type ResourceTotals,
  resourceTotals,
  SAFE_SYSCTLS,
} from '@skiff/api'
import type { ResizeAnswer } from './pod-memory.ts'
import { refusedByDocker } from './refused-by-docker.ts'

export interface Rejection {
  /** In the kubelet's words where it has any. */
  readonly reason: string
  readonly message: string
}

export interface AdmissionInput {
  readonly pod: Pod
  readonly node: Node
  /** What those have been given that run here or are about to, one by one. */
  readonly others: readonly ResourceTotals[]
  readonly appArmor: boolean
  /** Why pods can't have a control group of their own here. */
  readonly cgroupObstacle?: string
}

/** Why the node can't take the pod; undefined when it can. Pure. The order is the kubelet's: the first reason counts. */
export function rejectionOf(input: AdmissionInput): Rejection | undefined {
  return (
    refusedSysctl(input.pod) ??
    refusedAppArmor(input) ??
    refusedOs(input.pod) ??
    refusedByDocker(input.pod, input.cgroupObstacle) ??
    missingResource(input) ??
    wrongNode(input)
  )
}

function refusedSysctl({ spec }: Pod): Rejection | undefined {
  const names = (spec.securityContext?.sysctls ?? []).map(({ name }) => name.replaceAll('/', '.'))
  for (const name of names) {
    const why = sysctlProblem(name, spec)
    if (why !== undefined) return { reason: 'SysctlForbidden', message: `forbidden sysctl: "${name}" ${why}` }
  }
  return undefined
}

function sysctlProblem(name: string, { hostNetwork, hostIPC }: Pod['spec']): string | undefined {
  if (!SAFE_SYSCTLS.has(name)) return 'not allowlisted'
  if (hostNetwork && name.startsWith('net.')) return 'not allowed with host net enabled'
  return hostIPC && name.startsWith('kernel.') ? 'not allowed with host ipc enabled' : undefined
}

function refusedAppArmor({ pod, appArmor }: AdmissionInput): Rejection | undefined {
  if (appArmor) return undefined
  const { containers, initContainers = [], securityContext } = pod.spec
  const contexts = [securityContext, ...[...initContainers, ...containers].map((container) => container.securityContext)]
  if (!contexts.some((context) => context?.appArmorProfile?.type === 'Localhost')) return undefined
  return { reason: 'AppArmor', message: 'Cannot enforce AppArmor: AppArmor is not enabled on the host' }
}

/** Why the pod can't have what it asks for now: never on this node (`Infeasible`), or not before others end (`Deferred`). */
export function resizeRefusal(input: Pick<AdmissionInput, 'pod' | 'node' | 'others'>): ResizeRefusal | undefined {
  const alone = missingResource({ ...input, others: [] })
  if (alone !== undefined) return { reason: 'Infeasible', message: alone.message.replace('enough resource', 'enough capacity') }
  const beside = missingResource(input)
  return beside === undefined ? undefined : { reason: 'Deferred', message: beside.message }
}

export type ResizeRefusal = NonNullable<ResizeAnswer['refusal']>

function refusedOs({ metadata, spec }: Pod): Rejection | undefined {
  const label = metadata.labels?.['kubernetes.io/os']
  if (label !== undefined && label !== 'linux') {
    const message = "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label"
    return { reason: 'PodOSSelectorNodeLabelDoesNotMatch', message }
  }
  if (spec.os === undefined || spec.os.name === 'linux') return undefined
  return { reason: 'PodOSNotSupported', message: "Failed to admit pod as the OS field doesn't match node OS" }
}

function missingResource({ pod, node, others }: Pick<AdmissionInput, 'pod' | 'node' | 'others'>): Rejection | undefined {
  const { pods: capacity, ...rest } = node.status?.allocatable ?? {}
  if (capacity !== undefined && others.length + 1 > Number(capacity)) return outOf('pods', [1, others.length, Number(capacity)])
  const requested = Object.entries(amountsOf(podRequests(pod.spec))).filter(([, amount]) => amount > 0)
  if (requested.length === 0) return undefined
  const used = others.map(amountsOf)
  const free = amountsOf(resourceTotals(rest))
  for (const [name, amount] of requested) {
    const taken = used.reduce((sum, amounts) => sum + (amounts[name] ?? 0), 0)
    const has = free[name]
    // An extended resource that the node has never had may be the cluster's: not this node's to refuse.
    if (has === undefined && name.includes('/')) continue
    if (taken + amount > (has ?? 0)) return outOf(name, [amount, taken, has ?? 0])
  }
  return undefined
}

function amountsOf({ cpuMilli, memoryBytes, ephemeralStorageBytes, others }: ResourceTotals): Record<string, number> {
  return { cpu: cpuMilli, memory: memoryBytes, 'ephemeral-storage': ephemeralStorageBytes, ...others }
}

function outOf(name: string, [requested, used, capacity]: readonly [number, number, number]): Rejection {
  const amounts = `requested: ${requested}, used: ${used}, capacity: ${capacity}`
  return { reason: `OutOf${name}`, message: `Node didn't have enough resource: ${name}, ${amounts}` }
}

function wrongNode({ pod, node }: AdmissionInput): Rejection | undefined {
  const labels = node.metadata.labels ?? {}
  const selected = Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value)
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  if (selected && (terms === undefined || nodeMatchesAnyTerm(node, terms))) return undefined
  const message = "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
  return { reason: 'NodeAffinity', message }
}
