import {
  canonicalQuantity,
  compareQuantities,
  type LimitRange,
  type QuantityLike,
  quantityToNumber,
  type ResourceAmounts,
} from '@skiff/api'

type Item = LimitRange['spec']['limits'][number]

/** What a container, a pod or a claim asks for. */
export interface Held {
  readonly requests: ResourceAmounts
  readonly limits: ResourceAmounts
}

/** How it breaks the item's minima, maxima and ratios, in upstream's words. Pure. */
export function limitProblems(item: Item, held: Held): string[] {
  const isClaim = item.type === 'PersistentVolumeClaim'
  return [
    ...sorted(item.min).flatMap(([name, min]) => minimumProblem(item.type, { name, bound: min }, held) ?? []),
    ...sorted(item.max).flatMap(
      ([name, max]) => (isClaim ? claimMaximumProblem : maximumProblem)(item.type, { name, bound: max }, held) ?? [],
    ),
    ...sorted(item.maxLimitRequestRatio).flatMap(([name, ratio]) =>
      isClaim ? [] : (ratioProblem(item.type, { name, bound: ratio }, held) ?? []),
    ),
  ]
}

interface Bound {
  readonly name: string
  readonly bound: QuantityLike
}

function sorted(list: ResourceAmounts | undefined): [string, QuantityLike][] {
  return Object.entries(list ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
}

function minimumProblem(type: string, { name, bound }: Bound, { requests, limits }: Held): string | undefined {
  const must = `minimum ${name} usage per ${type} is ${shown(bound)}`
  const request = requests[name]
  const limit = limits[name]
  if (request === undefined) return `${must}.  No request is specified`
  if (compareQuantities(request, bound) < 0) return `${must}, but request is ${shown(request)}`
  const low = limit !== undefined && compareQuantities(limit, bound) < 0
  return low ? `${must}, but limit is ${shown(limit)}` : undefined
}

function maximumProblem(type: string, { name, bound }: Bound, { requests, limits }: Held): string | undefined {
  const must = `maximum ${name} usage per ${type} is ${shown(bound)}`
  const request = requests[name]
  const limit = limits[name]
  if (limit === undefined) return `${must}.  No limit is specified`
  if (compareQuantities(limit, bound) > 0) return `${must}, but limit is ${shown(limit)}`
  const high = request !== undefined && compareQuantities(request, bound) > 0
  return high ? `${must}, but request is ${shown(request)}` : undefined
}

/** A claim has no limits: its request counts. */
function claimMaximumProblem(type: string, { name, bound }: Bound, { requests }: Held): string | undefined {
  const must = `maximum ${name} usage per ${type} is ${shown(bound)}`
  const request = requests[name]
  if (request === undefined) return `${must}.  No request is specified`
  return compareQuantities(request, bound) > 0 ? `${must}, but request is ${shown(request)}` : undefined
}

function ratioProblem(type: string, { name, bound }: Bound, { requests, limits }: Held): string | undefined {
  const must = `${name} max limit to request ratio per ${type} is ${shown(bound)}`
  const request = quantityToNumber(requests[name] ?? '0')
  const limit = quantityToNumber(limits[name] ?? '0')
  if (request === 0) return `${must}, but no request is specified or request is 0`
  if (limit === 0) return `${must}, but no limit is specified or limit is 0`
  const ratio = limit / request
  return ratio > quantityToNumber(bound) ? `${must}, but provided ratio is ${ratio.toFixed(6)}` : undefined
}

function shown(quantity: QuantityLike): string {
  return canonicalQuantity(quantity)
}
