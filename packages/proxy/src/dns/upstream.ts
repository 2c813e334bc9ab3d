/** Names that are not ours go to the host's own resolvers. */
import { createSocket } from 'node:dgram'
import { readFile } from 'node:fs/promises'
import { connect, isIP, isIPv6 } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const UPSTREAM_TIMEOUT_MS = 4_000
/** A server that hasn't answered by then is given company by the next: its death is not noticed by who asks. */
const NEXT_SERVER_MS = 300
const REREAD_MS = 1_000
const HEADER_BYTES = 12

/** The host's name servers, without ourselves: asking us would go round in circles. */
export async function hostNameServers(path: string, own: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text
    .split('\n')
    .flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? [])
    .filter((server) => server !== own && isIP(server) !== 0)
}

/** As `hostNameServers`, reading the file at most once a second. */
export function createNameServerList(path: string, own: string): () => Promise<readonly string[]> {
  let servers: Promise<readonly string[]> | undefined
  return () => {
    if (servers === undefined) {
      servers = hostNameServers(path, own)
      setTimeout(() => (servers = undefined), REREAD_MS).unref()
    }
    return servers
  }
}

/**
 * The first answer that says something; a refusal or failure only when no server has better; undefined when none
 * answers in time.
 */
export async function askUpstream(
  servers: readonly string[],
  message: Buffer,
  transport: 'udp' | 'tcp',
  port = 53,
): Promise<Buffer | undefined> {
  const ask = transport === 'udp' ? askOverUdp : askOverTcp
  const done = new AbortController()
  const giveUp = AbortSignal.any([done.signal, AbortSignal.timeout(UPSTREAM_TIMEOUT_MS)])
  let failure: Buffer | undefined
  const attempts = servers.map(async (server, place) => {
    await sleep(place * NEXT_SERVER_MS, undefined, { signal: giveUp })
    const reply = await ask({ server, port }, message, giveUp)
    if (!saysSomething(reply)) {
      failure ??= reply
      throw new Error(`${server} could not say`)
    }
    return reply
  })
  try {
    return await Promise.any(attempts)
  } catch {
    return failure
  } finally {
    done.abort()
  }
}

interface Server {
  readonly server: string
  readonly port: number
}

/** NOERROR or NXDOMAIN. */
function saysSomething(reply: Buffer): boolean {
  const code = reply.readUInt16BE(2) & 0xf
  return code === 0 || code === 3
}

/** The connected socket takes packets from that server only; the identifier tells our reply from an older one. */
function isReplyTo(message: Buffer, reply: Buffer): boolean {
  return (
    reply.length >= HEADER_BYTES && reply.readUInt16BE(0) === message.readUInt16BE(0) && (reply.readUInt16BE(2) & 0x8000) !== 0
  )
}

async function askOverUdp({ server, port }: Server, message: Buffer, signal: AbortSignal): Promise<Buffer> {
  const socket = createSocket({ type: isIPv6(server) ? 'udp6' : 'udp4' })
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      onAbort(signal, reject)
      socket.on('error', reject)
      socket.on('message', (reply) => {
        if (isReplyTo(message, reply)) resolve(reply)
      })
      socket.once('connect', () => socket.send(message))
      socket.connect(port, server)
    })
  } finally {
    socket.close()
  }
}

async function askOverTcp({ server, port }: Server, message: Buffer, signal: AbortSignal): Promise<Buffer> {
  const socket = connect({ host: server, port })
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      let received = Buffer.alloc(0)
      onAbort(signal, reject)
      socket.on('error', reject)
      socket.once('close', () => reject(new Error(`${server} closed the connection`)))
      socket.on('data', (chunk) => {
        received = Buffer.concat([received, chunk])
        const length = received.length >= 2 ? received.readUInt16BE(0) : Number.POSITIVE_INFINITY
        const reply = received.subarray(2, length + 2)
        if (received.length >= length + 2 && isReplyTo(message, reply)) resolve(reply)
      })
      socket.write(withLength(message))
    })
  } finally {
    socket.destroy()
  }
}

function onAbort(signal: AbortSignal, reject: (reason: unknown) => void): void {
  if (signal.aborted) reject(signal.reason)
  signal.addEventListener('abort', () => reject(signal.reason), { once: true })
}

/** DNS over TCP puts each message's length before it. */
export function withLength(message: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}
