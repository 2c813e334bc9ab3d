import {
  allocatedSpec,
  findCondition,
  type Pod,
  type PodSpec,
  podRequests,
  quantityOfBytes,
  quantityOfMilli,
  type ResourceTotals,
  resourceTotals,
} from '@skiff/api'

/** Amounts by resource name: cpu in thousandths, memory and storage in bytes, everything else counted. */
export type ResourceAmounts = ReadonlyMap<string, number>

/** What a container is taken to use when it asks for nothing: only to spread such pods, never to refuse one. */
const ASSUMED_CPU_MILLI = 100
const ASSUMED_MEMORY_BYTES = 200 * 1024 * 1024

/** Only what the pod asks for: a request of 0 fits everywhere. */
export function podResources(spec: PodSpec): ResourceAmounts {
  return new Map([...amountsOfTotals(podRequests(spec))].filter(([, amount]) => amount > 0))
}

/**
 * What a pod takes of its node: the larger of what it asks for and what it has as long as a resize is under way, what it has where
 * the node can never give it more (upstream's PodRequests, of bound pods).
 */
export function takenResources(pod: Pod): ResourceAmounts {
  const allocated = allocatedSpec(pod)
  if (allocated === pod.spec) return podResources(pod.spec)
  const [asks, has] = [podResources(pod.spec), podResources(allocated)]
  if (findCondition(pod.status?.conditions, 'PodResizePending')?.reason === 'Infeasible') return has
  const names = new Set([...asks.keys(), ...has.keys()])
  return new Map([...names].map((name) => [name, Math.max(asks.get(name) ?? 0, has.get(name) ?? 0)]))
}

/** As `podResources`, with an assumed amount for each container that requests no cpu or no memory, where the pod itself says none. */
export function scoringResources(spec: PodSpec): ResourceAmounts {
  const { cpuMilli, memoryBytes } = podRequests(spec)
  const without = (resource: string) =>
    spec.resources?.requests?.[resource] === undefined
      ? spec.containers.filter(({ resources }) => !resources?.requests?.[resource]).length
      : 0
  return new Map([
    ['cpu', cpuMilli + without('cpu') * ASSUMED_CPU_MILLI],
    ['memory', memoryBytes + without('memory') * ASSUMED_MEMORY_BYTES],
  ])
}

/** A node's allocatable. */
export function amountsOf(list: Readonly<Record<string, string | number>> | undefined): ResourceAmounts {
  return amountsOfTotals(resourceTotals(list))
}

function amountsOfTotals({ cpuMilli, memoryBytes, ephemeralStorageBytes, others }: ResourceTotals): ResourceAmounts {
  return new Map(Object.entries({ cpu: cpuMilli, memory: memoryBytes, 'ephemeral-storage': ephemeralStorageBytes, ...others }))
}

/** For messages: `1500m`, `2Gi`, `3`. From a gibibyte on bytes are rounded down to what people can read. */
export function formatAmount(resource: string, amount: number): string {
  if (resource === 'cpu') return quantityOfMilli(amount)
  if (resource !== 'memory' && resource !== 'ephemeral-storage') return String(amount)
  return quantityOfBytes(amount < GIBIBYTE ? amount : amount - (amount % MEBIBYTE))
}

const MEBIBYTE = 2 ** 20
const GIBIBYTE = 2 ** 30
