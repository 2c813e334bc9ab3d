import { AddressAllocator } from '../../network/addresses.ts'
import type { PodNetwork } from '../runtime.ts'

type Peers = Parameters<PodNetwork['setPeers']>[0]
type Plumbing = Parameters<PodNetwork['plumb']>[0]

/** A pod network that only hands out addresses and remembers what it was asked. */
export class FakePodNetwork implements PodNetwork {
  readonly plumbed = new Map<string, Plumbing>()
  peers: Peers = []
  timesPeersWereSet = 0
  #addresses: AddressAllocator | undefined

  async configure(options: { readonly podCidr: string }): Promise<void> {
    this.#addresses ??= new AddressAllocator(options.podCidr)
  }

  async setPeers(peers: Peers): Promise<void> {
    this.peers = peers
    this.timesPeersWereSet++
  }

  /** Nobody takes anything away here. */
  watchPeers(_onLost: () => void, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  }

  allocate(podUid: string): string {
    return this.#allocator().allocate(podUid)
  }

  adopt(podUid: string, ip: string): void {
    this.#allocator().adopt(podUid, ip)
  }

  reserve(podUid: string, ip: string): void {
    this.#allocator().reserve(podUid, ip)
  }

  release(podUid: string): void {
    this.#allocator().release(podUid)
  }

  async plumb(options: Plumbing): Promise<void> {
    this.plumbed.set(options.podUid, options)
  }

  async unplumb(podUid: string): Promise<void> {
    this.plumbed.delete(podUid)
  }

  async cleanup(): Promise<void> {
    this.plumbed.clear()
  }

  #allocator(): AddressAllocator {
    if (this.#addresses === undefined) throw new Error('the pod network is not configured yet')
    return this.#addresses
  }
}
