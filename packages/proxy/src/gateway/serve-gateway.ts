import { once } from 'node:events'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createForwarder } from './forwarder.ts'
import { createGateway, type GatewayOptions } from './gateway.ts'

const RETRY_DELAY_MS = 2_000
/** Requests under way may take so long when the proxy ends. */
const GRACE_MS = 3_000
/** This host's own: a Service without a NodePort is nobody else's business. A host without IPv6 has the first only. */
const ADDRESSES = ['127.0.0.1', '::1']

/** Serves until the signal ends it. While another program has the port it says so once and goes on trying. */
export async function serveGateway(options: GatewayOptions & { readonly signal: AbortSignal }): Promise<void> {
  const { signal, logger, port } = options
  const forwarder = createForwarder()
  const sockets = new Set<Socket>()
  const servers: Server[] = []
  for (let attempt = 1; !signal.aborted && servers.length === 0; attempt++) {
    try {
      servers.push(...(await listenEverywhere()))
      logger.info({ port }, 'gateway started')
    } catch (err) {
      if (attempt === 1) logger.warn({ err, port }, 'the gateway can not have its port yet; going on without, and trying again')
      await sleep(RETRY_DELAY_MS, undefined, { signal }).catch(() => undefined)
    }
  }
  if (!signal.aborted) await once(signal, 'abort')
  await closeGracefully(servers, sockets)
  forwarder.close()

  async function listenEverywhere(): Promise<Server[]> {
    const listening: Server[] = []
    try {
      for (const address of ADDRESSES) listening.push(...(await listen(address)))
      return listening
    } catch (err) {
      for (const server of listening) server.close()
      throw err
    }
  }

  async function listen(address: string): Promise<Server[]> {
    const server = createGateway(options, forwarder)
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    try {
      server.listen(port, address)
      await once(server, 'listening')
    } catch (err) {
      if (isMissingFamily(err)) return []
      throw err
    }
    server.on('error', (err) => logger.warn({ err }, 'a connection to the gateway could not be accepted'))
    return [server]
  }
}

function isMissingFamily(err: unknown): boolean {
  const { code } = err as NodeJS.ErrnoException
  return code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL'
}

/** Takes no new requests, and lets those under way finish. WebSockets end with the time of grace. */
async function closeGracefully(servers: readonly Server[], sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())))
  const timer = setTimeout(() => {
    for (const socket of sockets) socket.destroy()
  }, GRACE_MS)
  await Promise.all(closed)
  clearTimeout(timer)
}
