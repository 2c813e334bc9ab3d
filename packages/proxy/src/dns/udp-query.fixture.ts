import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import dnsPacket from 'dns-packet'

/** Longer than any answer waits in the socket because this machine is busy: what has not come by then was lost. */
const LOST_MS = 30_000

export interface DnsReply {
  readonly id: number
  readonly rcode: string
  readonly addresses: readonly string[]
}

/** The addresses of a name, from the server on this port of 127.0.0.1; rejects when no answer came. One at a time per socket. */
export async function queryAddresses(socket: Socket, port: number, id: number, name: string): Promise<DnsReply> {
  const answered = once(socket, 'message', { signal: AbortSignal.timeout(LOST_MS) })
  socket.send(dnsPacket.encode({ type: 'query', id, questions: [{ type: 'A', name }] }), port, '127.0.0.1')
  const reply = dnsPacket.decode((await answered)[0] as Buffer) as dnsPacket.DecodedPacket & { rcode: string }
  const addresses = (reply.answers ?? []).flatMap((answer) => (answer.type === 'A' ? [answer.data] : []))
  return { id: reply.id ?? -1, rcode: reply.rcode, addresses }
}
