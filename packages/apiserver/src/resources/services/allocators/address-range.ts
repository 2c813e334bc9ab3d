import ipaddr from 'ipaddr.js'

/** The IPv4 addresses of a CIDR that a service may have: all but the network's own and the broadcast address. */
export interface AddressRange {
  readonly cidr: string
  readonly first: number
  readonly size: number
  /** Offset from which addresses are given out; those below are for services that ask for one (KEP-3070). */
  readonly dynamicOffset: number
}

const MIN_STATIC = 16
const MAX_STATIC = 256

export function addressRange(cidr: string): AddressRange {
  const [network, bits] = ipaddr.IPv4.parseCIDR(cidr)
  const size = 2 ** (32 - bits)
  const usable = Math.max(0, size - 2)
  const reserved = Math.min(Math.max(MIN_STATIC, Math.floor(size / 16)), MAX_STATIC)
  return { cidr, first: toNumber(network) + 1, size: usable, dynamicOffset: reserved < usable ? reserved : 0 }
}

export function addressAt(range: AddressRange, offset: number): string {
  const address = range.first + offset
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.')
}

export function isInRange(range: AddressRange, address: string): boolean {
  if (!ipaddr.IPv4.isValidFourPartDecimal(address)) return false
  const offset = toNumber(ipaddr.IPv4.parse(address)) - range.first
  return offset >= 0 && offset < range.size
}

function toNumber(address: ipaddr.IPv4): number {
  return address.octets.reduce((sum, octet) => sum * 256 + octet, 0)
}
