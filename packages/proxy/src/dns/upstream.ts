/** Names that are not ours go to the host's own resolvers, in order. */
import { createSocket } from 'node:dgram'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'

const UPSTREAM_TIMEOUT_MS = 2_000

/** The host's name servers, without ourselves and without loopback stubs that are us. */
export async function hostNameServers(path: string, own: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text
    .split('\n')
    .flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? [])
    .filter((server) => server !== own && server.includes('.'))
}

/** The first server's answer, or undefined when none gave one in time. */
export async function askUpstream(servers: readonly string[], message: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer | undefined> {
  const ask = transport === 'udp' ? askOverUdp : askOverTcp
  for (const server of servers) {
    const reply = await ask(server, message)
    if (reply) return reply
  }
  return undefined
}

function askOverUdp(server: string, message: Buffer): Promise<Buffer | undefined> {
  const socket = createSocket('udp4')
  return new Promise<Buffer | undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), UPSTREAM_TIMEOUT_MS)
    socket.once('error', () => resolve(undefined))
    // The identifier tells our reply from somebody else's packet.
    socket.on('message', (reply) => {
      if (reply.length >= 12 && reply.readUInt16BE(0) === message.readUInt16BE(0)) resolve(reply)
    })
    socket.connect(53, server, () => socket.send(message))
    socket.once('close', () => clearTimeout(timer))
  }).finally(() => socket.close())
}

function askOverTcp(server: string, message: Buffer): Promise<Buffer | undefined> {
  const socket = connect({ host: server, port: 53, timeout: UPSTREAM_TIMEOUT_MS })
  return new Promise<Buffer | undefined>((resolve) => {
    let received = Buffer.alloc(0)
    socket.once('error', () => resolve(undefined))
    socket.once('timeout', () => resolve(undefined))
    socket.once('end', () => resolve(undefined))
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      const length = received.length >= 2 ? received.readUInt16BE(0) : Number.POSITIVE_INFINITY
      if (received.length >= length + 2) resolve(received.subarray(2, length + 2))
    })
    socket.write(withLength(message))
  }).finally(() => socket.destroy())
}

/** DNS over TCP puts each message's length before it. */
export function withLength(message: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}
