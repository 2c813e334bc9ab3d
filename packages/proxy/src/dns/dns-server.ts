/** The cluster's DNS on this host, over UDP and TCP. It answers from memory, also while the master is away. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { createServer, type Server, type Socket } from 'node:net'
import type { Logger } from 'pino'
import { answerQuery, serverFailure } from './answer.ts'
import { askUpstream, withLength } from './upstream.ts'
import type { ZoneData } from './zone.ts'

const TCP_IDLE_MS = 10_000
const MAX_TCP_CONNECTIONS = 256
/** Queries under way to upstream; more are answered with a failure instead of being queued without end. */
const MAX_UPSTREAM_QUERIES = 1_000

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

export async function startDnsServer(options: DnsServerOptions): Promise<DnsServer> {
  const respond = createResponder(options)
  const udp = await listenUdp(options, respond)
  const tcp = await listenTcp(options, respond)
  const connections = new Set<Socket>()
  tcp.on('connection', (socket) => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
  })
  return {
    async close() {
      for (const socket of connections) socket.destroy()
      await Promise.all([new Promise<void>((resolve) => udp.close(resolve)), new Promise<void>((resolve) => tcp.close(() => resolve()))])
    },
  }
}

type Responder = (message: Buffer, transport: 'udp' | 'tcp') => Promise<Buffer | undefined>

function createResponder({ zone, upstream, logger }: DnsServerOptions): Responder {
  let underWay = 0
  return async (message, transport) => {
    const local = answerQuery(zone, message, transport)
    if (local.kind === 'answered') return local.packet
    if (local.kind === 'ignored' || underWay >= MAX_UPSTREAM_QUERIES) return serverFailure(message)
    underWay++
    try {
      return (await askUpstream(await upstream(), message, transport)) ?? serverFailure(message)
    } catch (err) {
      logger.debug({ err }, 'a name server could not be asked')
      return serverFailure(message)
    } finally {
      underWay--
    }
  }
}

function listenUdp({ address, port, logger }: DnsServerOptions, respond: Responder): Promise<UdpSocket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  socket.on('message', (message, sender) => {
    void respond(message, 'udp').then((reply) => {
      if (reply) socket.send(reply, sender.port, sender.address)
    })
  })
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(port, address, () => {
      socket.removeListener('error', reject)
      socket.on('error', (err) => logger.warn({ err }, 'DNS socket failed'))
      resolve(socket)
    })
  })
}

function listenTcp({ address, port }: DnsServerOptions, respond: Responder): Promise<Server> {
  const server = createServer((socket) => serveConnection(socket, respond))
  server.maxConnections = MAX_TCP_CONNECTIONS
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, () => {
      server.removeListener('error', reject)
      resolve(server)
    })
  })
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
      })
    }
  })
}
