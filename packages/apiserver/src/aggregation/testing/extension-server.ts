import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws'
import type { TestAuthority } from '../../streaming/testing/test-certificates.ts'

export interface ExtensionServer extends AsyncDisposable {
  readonly port: number
  readonly asked: { readonly url: string; readonly client: string; readonly headers: IncomingHttpHeaders }[]
  /** Fails so many more times to say what it serves. */
  failing: number
}

const DISCOVERY = '/apis/wardle.example.com/v1'

const RESOURCES = {
  kind: 'APIResourceList',
  groupVersion: 'wardle.example.com/v1',
  resources: [
    {
      name: 'flunders',
      singularName: 'flunder',
      namespaced: true,
      kind: 'Flunder',
      verbs: ['create', 'get', 'list'],
      shortNames: ['fl'],
    },
    { name: 'flunders/shout', namespaced: true, kind: 'Flunder', verbs: ['get'] },
  ],
}
const OPEN_API = {
  paths: { 'apis/wardle.example.com/v1': { serverRelativeURL: '/openapi/v3/apis/wardle.example.com/v1?hash=1' } },
}

/** A small API server of the group wardle.example.com, which believes only whoever shows a certificate of the authority. */
export async function startExtensionServer(authority: TestAuthority): Promise<ExtensionServer> {
  const own = await authority.issue({ commonName: 'extension', usage: 'server', dnsNames: ['api.default.svc'] })
  const tls = {
    cert: own.certificatePem,
    key: own.keyPem,
    ca: authority.certificatePem,
    requestCert: true,
    rejectUnauthorized: true,
  }
  const asked: ExtensionServer['asked'] = []
  const server = createServer(tls, async (request, response) => {
    note(asked, request)
    if (request.url === DISCOVERY && extension.failing > 0) {
      extension.failing -= 1
      response.writeHead(500).end()
    } else await answer(request, response)
  })
  const shouting = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request: IncomingMessage, socket, head) => {
    note(asked, request)
    shouting.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('message', (message) => webSocket.send(String(message).toUpperCase()))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const extension: ExtensionServer = {
    port: (server.address() as AddressInfo).port,
    asked,
    failing: 0,
    async [Symbol.asyncDispose]() {
      for (const webSocket of shouting.clients) webSocket.terminate()
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
  return extension
}

function note(asked: ExtensionServer['asked'], request: IncomingMessage): void {
  const { subject } = (request.socket as TLSSocket).getPeerCertificate()
  asked.push({ url: request.url ?? '', client: String(subject?.CN ?? ''), headers: request.headers })
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = new URL(request.url ?? '/', 'https://x').pathname
  const send = (status: number, body: object, headers: Record<string, string> = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }
  if (path === DISCOVERY) return send(200, RESOURCES)
  if (path === '/openapi/v3') return send(200, OPEN_API)
  if (path.endsWith('/moved')) return send(302, {}, { location: 'http://169.254.169.254/' })
  if (request.method !== 'POST') return send(200, { kind: 'FlunderList', items: [] })
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  send(201, { echo: Buffer.concat(chunks).toString('utf8') })
}

/** What an agent does with a port-forward: joins the stream with the port. */
export function dialLocally(socket: WebSocket, port: number): void {
  const stream = createWebSocketStream(socket)
  const connection = connect(port, '127.0.0.1')
  stream.on('error', () => connection.destroy())
  connection.on('error', () => socket.terminate())
  stream.pipe(connection).pipe(stream)
}
