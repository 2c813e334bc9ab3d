/** What a pod asks for in all, in quantities as people write them. */

import { podLimits, podRequests, type ResourceTotals, sumOfContainers } from '../pods.ts'
import { formatQuantity, parseQuantity, type QuantityFormat, quantityOfMilli } from '../quantity.ts'
import type { Container, PodSpec } from '../types.ts'

const NANOS = 1_000_000_000n

type Which = 'requests' | 'limits'

/** By resource name; what isn't asked for, or asked for as 0, is left out. */
export function podAmounts(spec: PodSpec, which: Which): Record<string, string> {
  return inQuantities(which === 'requests' ? podRequests(spec) : podLimits(spec), spec, which)
}

/** As `podAmounts`, of the containers alone. */
export function amountsOfContainers({ resources: _own, ...spec }: PodSpec, which: Which): Record<string, string> {
  return inQuantities(sumOfContainers(spec, which), spec, which)
}

function inQuantities(totals: ResourceTotals, spec: PodSpec, which: Which): Record<string, string> {
  const amounts: Record<string, string> = {}
  if (totals.cpuMilli > 0) amounts.cpu = quantityOfMilli(totals.cpuMilli)
  const others = { memory: totals.memoryBytes, 'ephemeral-storage': totals.ephemeralStorageBytes, ...totals.others }
  for (const [name, amount] of Object.entries(others)) {
    if (amount > 0) amounts[name] = formatQuantity({ nanos: BigInt(amount) * NANOS, format: formatIn(spec, which, name) })
  }
  return amounts
}

/** Sums are written as their first part was, or as the pod's own amount: 200Mi stays binary, 200M decimal. */
function formatIn(spec: PodSpec, which: Which, name: string): QuantityFormat {
  for (const { resources } of [spec, ...allContainersOf(spec)]) {
    const amount = resources?.[which]?.[name]
    if (amount !== undefined) return parseQuantity(amount).format
  }
  return 'DecimalSI'
}

export function allContainersOf(spec: PodSpec): readonly Container[] {
  return [...spec.containers, ...(spec.initContainers ?? [])]
}
