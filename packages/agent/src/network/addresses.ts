/** Hands out a node's pod addresses. The labels on the sandboxes hold the truth; after a restart they are adopted. */
export class AddressAllocator {
  /** The node's own pod address: the first of the range. */
  readonly nodeAddress: string
  readonly #first: number
  readonly #last: number
  readonly #byPod = new Map<string, number>()
  readonly #taken = new Map<number, string>()
  #next: number

  constructor(podCidr: string) {
    const { network, prefix } = parseCidr(podCidr)
    if (prefix > 30) throw new Error(`the pod range ${podCidr} is too small: at least a /30 is needed`)
    this.nodeAddress = formatAddress(network + 1)
    this.#first = network + 2
    this.#last = network + 2 ** (32 - prefix) - 2
    this.#next = this.#first
  }

  /** The pod's address; the same one again when it has one. A released address is the last to be handed out again. */
  allocate(podUid: string): string {
    const known = this.#byPod.get(podUid)
    if (known !== undefined) return formatAddress(known)
    const size = this.#last - this.#first + 1
    for (let tried = 0; tried < size; tried++) {
      const address = this.#first + ((this.#next - this.#first + tried) % size)
      if (this.#taken.has(address)) continue
      this.#next = address + 1
      this.#take(podUid, address)
      return formatAddress(address)
    }
    throw new Error(`all ${size} pod addresses of this node are in use`)
  }

  /** Notes an address that a running pod already has. One outside the range (the node's range changed) is only remembered. */
  adopt(podUid: string, ip: string): void {
    this.release(podUid)
    this.#take(podUid, parseAddress(ip))
  }

  /** Keeps the address that a pod had before its sandbox ended, unless it has another one, or somebody else has that. */
  reserve(podUid: string, ip: string): void {
    const address = parseAddress(ip)
    const isOurs = address >= this.#first && address <= this.#last
    if (isOurs && !this.#byPod.has(podUid) && !this.#taken.has(address)) this.#take(podUid, address)
  }

  addressOf(podUid: string): string | undefined {
    const address = this.#byPod.get(podUid)
    return address === undefined ? undefined : formatAddress(address)
  }

  release(podUid: string): void {
    const address = this.#byPod.get(podUid)
    if (address === undefined) return
    this.#byPod.delete(podUid)
    if (this.#taken.get(address) === podUid) this.#taken.delete(address)
  }

  #take(podUid: string, address: number): void {
    this.#byPod.set(podUid, address)
    this.#taken.set(address, podUid)
  }
}

/** `10.244.1.0/24` as numbers; the host bits are cut off. */
export function parseCidr(cidr: string): { readonly network: number; readonly prefix: number } {
  const [address = '', length = ''] = cidr.split('/')
  const prefix = Number(length)
  if (length === '' || !Number.isInteger(prefix) || prefix < 0 || prefix > 32) throw new Error(`not an IPv4 range: ${cidr}`)
  const size = 2 ** (32 - prefix)
  return { network: Math.floor(parseAddress(address) / size) * size, prefix }
}

/** Whether the range holds the address, or the whole of another range. */
export function cidrContains(cidr: string, other: string): boolean {
  const outer = parseCidr(cidr)
  const inner = parseCidr(other.includes('/') ? other : `${other}/32`)
  if (inner.prefix < outer.prefix) return false
  return inner.network >= outer.network && inner.network < outer.network + 2 ** (32 - outer.prefix)
}

function parseAddress(ip: string): number {
  const parts = ip.split('.').map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256))
  if (parts.length !== 4 || parts.some((part) => part > 255)) throw new Error(`not an IPv4 address: ${ip}`)
  return parts.reduce((sum, part) => sum * 256 + part, 0)
}

function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')
}
