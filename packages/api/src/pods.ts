/** What scheduler, controllers, agent and server all ask of a pod. */

import { conditionIsTrue, findCondition } from './conditions.ts'
import { compareQuantities, quantityToBytes, quantityToMilli } from './quantity.ts'
import type { Container, PodSpec, PodStatus } from './types.ts'

interface PodLike {
  readonly metadata?: { readonly deletionTimestamp?: string }
  readonly status?: PodStatus
}

export function podIsReady(pod: PodLike): boolean {
  return conditionIsTrue(pod.status?.conditions, 'Ready')
}

/** Succeeded or Failed: it will never run again. */
export function podIsTerminal(pod: PodLike): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
}

export function podIsTerminating(pod: PodLike): boolean {
  return pod.metadata?.deletionTimestamp !== undefined
}

/** Not terminal and not being deleted: what a controller counts as one of its pods. */
export function podIsActive(pod: PodLike): boolean {
  return !podIsTerminal(pod) && !podIsTerminating(pod)
}

/** Ready, and has been so for `minReadySeconds`. */
export function podIsAvailable(pod: PodLike, minReadySeconds: number, now: Date): boolean {
  if (!podIsReady(pod)) return false
  if (minReadySeconds === 0) return true
  const since = findCondition(pod.status?.conditions, 'Ready')?.lastTransitionTime
  return since !== undefined && Date.parse(since) + minReadySeconds * 1000 <= now.getTime()
}

/** An init container that keeps running beside the others (KEP-753). */
export function isSidecar(container: Pick<Container, 'restartPolicy'>): boolean {
  return container.restartPolicy === 'Always'
}

/**
 * Whether a container that ended is started again: by the first of its own rules that its exit code meets, else by its own policy
 * (both KEP-5307), else by its pod's. Init containers that have succeeded are done, unless they are sidecars.
 */
export function restartsOnExit(container: Container, spec: PodSpec, exitCode: number): boolean {
  if (ruleFor(container, exitCode) !== undefined) return true
  switch (container.restartPolicy ?? spec.restartPolicy) {
    case 'Never':
      return false
    case 'OnFailure':
      return exitCode !== 0
    default: {
      const runsOnce = !isSidecar(container) && spec.initContainers?.some(({ name }) => name === container.name)
      return !runsOnce || exitCode !== 0
    }
  }
}

/** Whether by that end all containers of the pod start again, not it alone (KEP-5532). */
export function restartsAllOnExit(container: Container, exitCode: number): boolean {
  return ruleFor(container, exitCode)?.action === 'RestartAllContainers'
}

type RestartRule = NonNullable<Container['restartPolicyRules']>[number]

function ruleFor({ restartPolicyRules }: Container, exitCode: number): RestartRule | undefined {
  return restartPolicyRules?.find((rule) => isMetBy(rule, exitCode))
}

function isMetBy({ exitCodes }: RestartRule, exitCode: number): boolean {
  if (exitCodes === undefined) return false
  const isListed = exitCodes.values?.includes(exitCode) ?? false
  return exitCodes.operator === 'In' ? isListed : !isListed
}

/** Amounts of everything a pod or node has, as numbers: exact for what machines have (up to 2^53). */
export interface ResourceTotals {
  readonly cpuMilli: number
  readonly memoryBytes: number
  readonly ephemeralStorageBytes: number
  /** Huge pages and extended resources, by name. */
  readonly others: Readonly<Record<string, number>>
}

type Amounts = Record<string, number>
type ResourceList = Readonly<Record<string, string | number>>

/** What a pod asks of its node (upstream's PodRequests: the larger of its start and its steady state, plus overhead). */
export function podRequests(spec: PodSpec): ResourceTotals {
  return toTotals(podAmounts(spec, 'requests'))
}

/** As `podRequests`, of the limits. A container without a limit counts as nothing. */
export function podLimits(spec: PodSpec): ResourceTotals {
  return toTotals(podAmounts(spec, 'limits'))
}

/** What the containers have together, whatever the pod itself says. */
export function sumOfContainers(spec: PodSpec, which: 'requests' | 'limits'): ResourceTotals {
  return toTotals(containerAmounts(spec, which))
}

/** Whether the pod has resources of its own, beside its containers' (KEP-2837). */
export function hasPodResources({ resources }: PodSpec): boolean {
  return [resources?.requests, resources?.limits].some((list) => Object.keys(list ?? {}).some(isPodResource))
}

/** What a pod can have of its own. */
export function isPodResource(name: string): boolean {
  return name === 'cpu' || name === 'memory' || isHugePages(name)
}

export function isHugePages(name: string): boolean {
  return name.startsWith('hugepages-')
}

/** A list of resources (a node's allocatable, a container's requests) in numbers. */
export function resourceTotals(list: ResourceList | undefined): ResourceTotals {
  return toTotals(amountsOf(list))
}

function podAmounts(spec: PodSpec, which: 'requests' | 'limits'): Amounts {
  const amounts = containerAmounts(spec, which)
  Object.assign(amounts, podLevelAmounts(spec, which))
  return addOverhead(amounts, spec, which)
}

function containerAmounts(spec: PodSpec, which: 'requests' | 'limits'): Amounts {
  const steady: Amounts = {}
  for (const container of spec.containers) add(steady, amountsOf(container.resources?.[which]))
  const starting: Amounts = {}
  const sidecars: Amounts = {}
  for (const container of spec.initContainers ?? []) {
    const own = amountsOf(container.resources?.[which])
    if (isSidecar(container)) {
      add(steady, own)
      add(sidecars, own)
      raise(starting, sidecars)
    } else {
      raise(starting, add({ ...sidecars }, own))
    }
  }
  raise(steady, starting)
  return steady
}

/** Pod-level resources (KEP-2837) win over the containers' sum. */
function podLevelAmounts(spec: PodSpec, which: 'requests' | 'limits'): Amounts {
  return amountsOf(spec.resources?.[which])
}

/** Overhead counts against limits only where there is a limit. */
function addOverhead(amounts: Amounts, spec: PodSpec, which: 'requests' | 'limits'): Amounts {
  const overhead = amountsOf(spec.overhead)
  if (which === 'requests') return add(amounts, overhead)
  for (const name of Object.keys(overhead)) if (!amounts[name]) delete overhead[name]
  return add(amounts, overhead)
}

function amountsOf(list: ResourceList | undefined): Amounts {
  const amounts: Amounts = {}
  for (const [name, quantity] of Object.entries(list ?? {})) {
    amounts[name] = Number(name === 'cpu' ? quantityToMilli(quantity) : quantityToBytes(quantity))
  }
  return amounts
}

function add(into: Amounts, other: Amounts): Amounts {
  for (const name in other) into[name] = (into[name] ?? 0) + (other[name] ?? 0)
  return into
}

function raise(into: Amounts, other: Amounts): void {
  for (const name in other) into[name] = Math.max(into[name] ?? 0, other[name] ?? 0)
}

function toTotals(amounts: Amounts): ResourceTotals {
  const { cpu = 0, memory = 0, 'ephemeral-storage': ephemeralStorage = 0, ...others } = amounts
  return { cpuMilli: cpu, memoryBytes: memory, ephemeralStorageBytes: ephemeralStorage, others }
}

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

/** Upstream's ComputePodQOS: only cpu and memory count, init containers as well. */
export function podQosClass(spec: PodSpec): QosClass {
  const holders = hasPodResources(spec)
    ? [spec.resources ?? {}]
    : [...spec.containers, ...(spec.initContainers ?? [])].map((c) => c.resources ?? {})
  if (!holders.some((held) => positive(held.requests) || positive(held.limits))) return 'BestEffort'
  return holders.every((held) => isGuaranteed(held.requests ?? held.limits ?? {}, held.limits ?? {})) ? 'Guaranteed' : 'Burstable'
}

const QOS_RESOURCES = ['cpu', 'memory'] as const

function positive(list: ResourceList | undefined): boolean {
  return QOS_RESOURCES.some((name) => compareQuantities(list?.[name] ?? 0, 0) > 0)
}

function isGuaranteed(requests: ResourceList, limits: ResourceList): boolean {
  return QOS_RESOURCES.every((name) => {
    const limit = limits[name]
    if (limit === undefined || compareQuantities(limit, 0) <= 0) return false
    return compareQuantities(requests[name] ?? limit, limit) === 0
  })
}
