import ipaddr from 'ipaddr.js'

const NODE_MASK_BITS = 24

/** The lowest free /24 of the cluster's range; undefined when all are taken. A range smaller than a /24 is given whole. */
export function nextPodCidr(clusterCidr: string, taken: ReadonlySet<string>): string | undefined {
  const [address, clusterBits] = ipaddr.IPv4.parseCIDR(clusterCidr)
  const bits = Math.max(NODE_MASK_BITS, clusterBits)
  const first = toNumber(ipaddr.IPv4.networkAddressFromCIDR(`${address}/${clusterBits}`))
  const count = 2 ** (bits - clusterBits)
  for (let i = 0; i < count; i += 1) {
    const cidr = `${toText(first + i * 2 ** (32 - bits))}/${bits}`
    if (!taken.has(cidr)) return cidr
  }
  return undefined
}

function toNumber(address: ipaddr.IPv4): number {
  return address.octets.reduce((number, octet) => number * 256 + octet, 0)
}

function toText(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.')
}
