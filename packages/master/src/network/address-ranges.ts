import ipaddr from 'ipaddr.js'

/** A line of `ip -j route`: what matters of it. */
export interface HostRoute {
  /** `default`, an address or a range. */
  readonly dst: string
  readonly dev?: string
}

export interface AddressRange {
  /** The option that sets it, for the cure. */
  readonly option: string
  readonly what: string
  readonly cidr: string
}

/** /16 ranges to propose, the usual ones first. */
const CANDIDATES: readonly string[] = [
  ...sequence(97, 127).map((n) => `10.${n}.0.0/16`),
  ...sequence(245, 254).map((n) => `10.${n}.0.0/16`),
  ...sequence(20, 31).map((n) => `172.${n}.0.0/16`),
  ...sequence(64, 127).map((n) => `100.${n}.0.0/16`),
  '192.168.0.0/16',
]

const MIN_SERVICE_BITS = 12
const MAX_RANGE_PREFIX = 24

/**
 * What is wrong with the ranges on a host with these routes, one line each with a free range to use instead.
 * Empty when nothing is.
 */
export function addressRangeProblems(ranges: readonly AddressRange[], routes: readonly HostRoute[]): string[] {
  const unreadable = ranges.flatMap((range) => formProblem(range) ?? [])
  if (unreadable.length > 0) return unreadable
  const taken = routes.filter(({ dst }) => dst !== 'default').flatMap((route) => takenBy(route))
  const problems: string[] = []
  for (const [position, range] of ranges.entries()) {
    const others = ranges.slice(0, position).map(({ cidr, what }) => ({ cidr, text: `the ${what} range ${cidr}` }))
    const collision = [...taken, ...others].find(({ cidr }) => rangesOverlap(cidr, range.cidr))
    if (collision === undefined) continue
    const free = freeRange([...taken.map(({ cidr }) => cidr), ...ranges.map(({ cidr }) => cidr)])
    const cure = free === undefined ? `choose a free range with ${range.option}` : `use ${range.option} ${free}`
    problems.push(`the ${range.what} range ${range.cidr} collides with ${collision.text}: ${cure}`)
  }
  return problems
}

function formProblem({ option, what, cidr }: AddressRange): string | undefined {
  const say = (problem: string) => `the ${what} range ${cidr} ${problem}: use ${option} with a range such as 10.96.0.0/16`
  if (!ipaddr.IPv4.isValidCIDR(cidr)) return say('is not an IPv4 range')
  const [address, prefix] = ipaddr.IPv4.parseCIDR(cidr)
  if (prefix > MAX_RANGE_PREFIX || prefix < 32 - MIN_SERVICE_BITS - 12) return say(`must be between /8 and /${MAX_RANGE_PREFIX}`)
  if (ipaddr.IPv4.networkAddressFromCIDR(cidr).toString() !== address.toString())
    return say('does not begin at its first address')
  return undefined
}

function takenBy(route: HostRoute): { cidr: string; text: string }[] {
  const cidr = route.dst.includes('/') ? route.dst : `${route.dst}/32`
  if (!ipaddr.IPv4.isValidCIDR(cidr)) return []
  return [{ cidr, text: `this host's route to ${route.dst}${route.dev === undefined ? '' : ` (${route.dev})`}` }]
}

function freeRange(taken: readonly string[]): string | undefined {
  return CANDIDATES.find((candidate) => !taken.some((cidr) => rangesOverlap(cidr, candidate)))
}

/** Two ranges overlap when the shorter prefix contains the other's first address. */
export function rangesOverlap(one: string, other: string): boolean {
  const [oneAddress, onePrefix] = ipaddr.IPv4.parseCIDR(one)
  const [otherAddress, otherPrefix] = ipaddr.IPv4.parseCIDR(other)
  const prefix = Math.min(onePrefix, otherPrefix)
  return oneAddress.match(otherAddress, prefix)
}

/** The n-th address of a range: 1 is the API server's in the service range. */
export function addressInRange(cidr: string, index: number): string {
  const [address] = ipaddr.IPv4.parseCIDR(cidr)
  const number = address.toByteArray().reduce((sum, octet) => sum * 256 + octet, 0) + index
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.')
}

function sequence(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}
