import type { IncomingMessage, RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import type { TestAuthority } from './test-certificates.ts'

export interface TestAgent extends AsyncDisposable {
  readonly port: number
  /** Paths that were asked for, in order. */
  readonly asked: string[]
}

export interface TestAgentOptions {
  readonly authority: TestAuthority
  /** The node that its certificate names. */
  readonly node: string
  readonly onRequest?: RequestListener
  /** Undefined answers 404 instead of 101. */
  readonly onWebSocket?: (url: URL) => ((socket: WebSocket) => void) | undefined
}

/** The protocol of an agent's server, real HTTPS with client certificates included, with made-up containers behind it. */
export async function startTestAgent({ authority, node, onRequest, onWebSocket }: TestAgentOptions): Promise<TestAgent> {
  const own = await authority.issue({ commonName: `system:node:${node}`, organizations: ['system:nodes'], usage: 'server' })
  const tls = {
    cert: own.certificatePem,
    key: own.keyPem,
    ca: authority.certificatePem,
    requestCert: true,
    rejectUnauthorized: true,
  }
  const asked: string[] = []
  const server = createServer(tls, (request, response) => {
    asked.push(request.url ?? '')
    if (onRequest === undefined) response.writeHead(404).end()
    else onRequest(request, response)
  })
  const webSockets = new WebSocketServer({ noServer: true, handleProtocols: (protocols) => [...protocols][0] ?? false })
  server.on('upgrade', (request: IncomingMessage, socket, head) => {
    asked.push(request.url ?? '')
    const serve = onWebSocket?.(new URL(request.url ?? '', 'https://agent'))
    if (serve === undefined)
      return void socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 25\r\n\r\ncontainer not found ("c")')
    webSockets.handleUpgrade(request, socket, head, serve)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of webSockets.clients) socket.terminate()
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** A container whose command gives back its stdin, and ends with `code` when stdin ends or says `exit <code>`. */
export function echoCommand(socket: WebSocket): void {
  const finish = (code: number): void => {
    const status =
      code === 0
        ? { metadata: {}, status: 'Success' }
        : {
            metadata: {},
            status: 'Failure',
            message: `command terminated with exit code ${code}`,
            reason: 'NonZeroExitCode',
            details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
          }
    socket.send(Buffer.concat([Buffer.of(3), Buffer.from(JSON.stringify(status))]))
    socket.close(1000)
  }
  socket.on('message', (message: Buffer) => {
    const text = message.subarray(1).toString()
    const exit = /^exit (\d+)/.exec(text)
    if (message[0] === 255) finish(0)
    else if (message[0] === 4) socket.send(Buffer.concat([Buffer.of(2), Buffer.from(`resized ${text.trim()}`)]))
    else if (exit !== null) finish(Number(exit[1]))
    else socket.send(Buffer.concat([Buffer.of(1), message.subarray(1)]))
  })
}
