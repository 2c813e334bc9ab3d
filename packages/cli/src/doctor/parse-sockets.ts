/** Listening sockets from the kernel's tables, /proc/net/tcp and its like (proc_net_tcp.txt). Pure. */
import type { Listener } from './machine-facts.ts'

export interface Socket extends Omit<Listener, 'program'> {
  /** By which a process's open files name it. */
  readonly inode: string
}

const TCP_LISTEN = '0A'
/** An unconnected UDP socket. */
const UDP_BOUND = '07'

export function parseSockets(table: string, protocol: Listener['protocol']): Socket[] {
  const wanted = protocol === 'tcp' ? TCP_LISTEN : UDP_BOUND
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([, local = '', , state, , , , , , inode = '']) => {
      const [address = '', port = ''] = local.split(':')
      return state === wanted ? [{ protocol, address: addressOf(address), port: Number.parseInt(port, 16), inode }] : []
    })
}

/** Each 32-bit word stands in the host's byte order. Of IPv6 only "every address" and the rest are told apart. */
function addressOf(hex: string): string {
  if (hex.length === 32) return /^0+$/.test(hex) ? '::' : 'ipv6'
  return [6, 4, 2, 0].map((start) => Number.parseInt(hex.slice(start, start + 2), 16)).join('.')
}
