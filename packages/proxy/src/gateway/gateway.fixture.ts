/** A gateway on a free port in front of real servers, for tests. */
import { once } from 'node:events'
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { EndpointSlice, Service } from '@skiff/api'
import pino from 'pino'
import { metadata } from '../testing/objects.ts'
import { createForwarder, type Forwarder } from './forwarder.ts'
import { createGateway, type GatewayCluster } from './gateway.ts'

/** Pods are servers on 127.0.0.2, 127.0.0.3, ... that share a port number. */
export class TestCluster implements GatewayCluster, AsyncDisposable {
  readonly domain = 'cluster.local'
  readonly nodeName = 'here'
  readonly slicesOf = (_: string, service: string) => this.#slices.get(service) ?? []
  readonly services = {
    get: (key: string) => this.#services.get(key),
    list: () => [...this.#services.values()],
  }
  readonly #services = new Map<string, Service>()
  readonly #slices = new Map<string, EndpointSlice[]>()
  readonly #servers: Server[] = []
  readonly #sockets = new Set<Socket>()
  #port = 0

  /** Starts a pod and gives its address; it does not serve any Service yet. */
  async startPod(
    answer: (request: IncomingMessage, response: ServerResponse) => void,
    prepare: (server: Server) => void = () => {},
  ): Promise<string> {
    const server = createServer(answer)
    prepare(server)
    server.on('connection', (socket) => this.#sockets.add(socket))
    const ip = `127.0.0.${this.#servers.length + 2}`
    server.listen(this.#port, ip)
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
    this.#servers.push(server)
    return ip
  }

  setService(name: string, ips: readonly string[], spec: Partial<Service['spec']> = {}): void {
    this.#services.set(`default/${name}`, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata(name),
      spec: { clusterIP: '10.96.0.7', ports: [{ port: 80 }], ...spec },
    })
    const endpoints = ips.map((ip) => ({ addresses: [ip], conditions: { ready: true } }))
    this.#slices.set(name, [
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: metadata(name),
        addressType: 'IPv4',
        ports: [{ name: '', port: this.#port }],
        endpoints,
      },
    ])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))))
  }
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export class TestGateway implements AsyncDisposable {
  readonly port: number
  readonly #server: Server
  readonly #forwarder: Forwarder
  readonly #agent = new Agent({ keepAlive: true })
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server, forwarder: Forwarder) {
    this.#server = server
    this.#forwarder = forwarder
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (socket) => this.#sockets.add(socket))
  }

  static async start(cluster: GatewayCluster): Promise<TestGateway> {
    const forwarder = createForwarder()
    const server = createGateway({ port: 8080, cluster, logger: pino({ level: 'silent' }) }, forwarder)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new TestGateway(server, forwarder)
  }

  get(host: string, options: RequestOptions = {}, body = ''): Promise<Answer> {
    return ask({ port: this.port, agent: this.#agent, ...options, headers: { host, ...options.headers } }, body)
  }

  /** A connection on which the test writes what it likes. */
  async connect(...lines: readonly string[]): Promise<Socket> {
    const socket = connect(this.port, '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    socket.write(`${lines.join('\r\n')}\r\n\r\n`)
    return socket
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy()
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
    this.#forwarder.close()
  }
}

export async function ask(options: RequestOptions, body = ''): Promise<Answer> {
  const outgoing = request({ host: '127.0.0.1', ...options })
  outgoing.end(body)
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of response) text += chunk
  return { status: response.statusCode ?? 0, headers: response.headers, body: text }
}

/** Everything that comes until the other side ends the connection. */
export async function readAll(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += chunk
  return text
}
