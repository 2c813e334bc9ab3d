/** The cluster's DNS on this host, over UDP and TCP. It answers from memory, also while the master is away. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import type { Logger } from 'pino'
import { answerQuery, serverFailure, type Transport } from './answer.ts'
import { askUpstream, withLength } from './upstream.ts'
import type { ZoneData } from './zone.ts'

const TCP_IDLE_MS = 10_000
const MAX_TCP_CONNECTIONS = 256
/** Who asks over TCP without reading the answers is cut off. */
const MAX_UNREAD_BYTES = 1024 * 1024
/** Queries under way to upstream; more are answered with a failure instead of being queued without end. */
const MAX_UPSTREAM_QUERIES = 1_000
/** An alias that leads to an alias that leads to ... */
const MAX_ALIASES = 8

export interface DnsServerOptions {
  readonly address: string
  readonly port: number
  readonly zone: ZoneData
  readonly upstream: () => Promise<readonly string[]>
  readonly logger: Logger
}

export interface DnsServer {
  close(): Promise<void>
}

/** Rejects when the address can't be had. */
export async function startDnsServer(options: DnsServerOptions): Promise<DnsServer> {
  const respond = createResponder(options)
  const udp = await listenUdp(options, respond)
  const connections = new Set<Socket>()
  const tcp = await listenTcp(options, (socket) => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
    serveConnection(socket, respond)
  }).catch((err) => {
    udp.close()
    throw err
  })
  return {
    async close() {
      for (const socket of connections) socket.destroy()
      await Promise.all([
        new Promise<void>((resolve) => udp.close(resolve)),
        new Promise<void>((resolve) => tcp.close(() => resolve())),
      ])
    },
  }
}

/** Never rejects; undefined where no answer is due. */
type Responder = (message: Buffer, transport: Transport) => Promise<Buffer | undefined>

function createResponder({ zone, upstream, logger }: DnsServerOptions): Responder {
  let underWay = 0
  return async (message, transport) => {
    try {
      return await respond(message, transport, 0)
    } catch (err) {
      logger.debug({ err }, 'a DNS query could not be answered')
      return serverFailure(message)
    }
  }

  async function respond(message: Buffer, transport: Transport, aliases: number): Promise<Buffer | undefined> {
    const local = answerQuery(zone, message, transport)
    switch (local.kind) {
      case 'answered':
        return local.packet
      case 'ignored':
        return undefined
      case 'alias':
        return local.finish(aliases < MAX_ALIASES ? await respond(local.question, transport, aliases + 1) : undefined)
      case 'elsewhere':
        return (await forward(message, transport)) ?? serverFailure(message)
    }
  }

  async function forward(message: Buffer, transport: Transport): Promise<Buffer | undefined> {
    if (underWay >= MAX_UPSTREAM_QUERIES) return undefined
    underWay++
    try {
      return await askUpstream(await upstream(), message, transport)
    } finally {
      underWay--
    }
  }
}

async function listenUdp({ address, port, logger }: DnsServerOptions, respond: Responder): Promise<UdpSocket> {
  const socket = createSocket('udp4')
  let isOpen = true
  socket.once('close', () => (isOpen = false))
  socket.on('message', (message, sender) => {
    void respond(message, 'udp').then((reply) => {
      if (reply && isOpen) socket.send(reply, sender.port, sender.address)
    })
  })
  socket.bind(port, address)
  await once(socket, 'listening').catch((err) => {
    socket.close()
    throw err
  })
  socket.on('error', (err) => logger.warn({ err }, 'DNS socket failed'))
  return socket
}

async function listenTcp({ address, port, logger }: DnsServerOptions, serve: (socket: Socket) => void): Promise<Server> {
  const server = createServer(serve)
  server.maxConnections = MAX_TCP_CONNECTIONS
  server.listen(port, address)
  await once(server, 'listening')
  server.on('error', (err) => logger.warn({ err }, 'DNS connection could not be accepted'))
  return server
}

function serveConnection(socket: Socket, respond: Responder): void {
  let received = Buffer.alloc(0)
  socket.setTimeout(TCP_IDLE_MS, () => socket.destroy())
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk])
    while (received.length >= 2 && received.length >= received.readUInt16BE(0) + 2) {
      const end = received.readUInt16BE(0) + 2
      const message = Buffer.from(received.subarray(2, end))
      received = received.subarray(end)
      void respond(message, 'tcp').then((reply) => {
        if (reply && socket.writable) socket.write(withLength(reply))
        if (socket.writableLength > MAX_UNREAD_BYTES) socket.destroy()
      })
    }
  })
}
