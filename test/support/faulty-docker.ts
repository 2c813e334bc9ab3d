/** A proxy in front of a Docker socket that does to some of the requests what a bad day does to them. */
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'

export interface DockerRequest {
  readonly method: string
  /** Without the API version. */
  readonly path: string
}

export type Fault =
  /** It is never answered. */
  | 'hang'
  /** It is done, but the answer is lost with the connection. */
  | 'lose the answer'
  /** Somebody else answers. */
  | { readonly status: number; readonly body: object }

export class FaultyDocker implements AsyncDisposable {
  /** What happens to a request; undefined: what it asked for. */
  fault: (asked: DockerRequest) => Fault | undefined = () => undefined
  readonly dockerHost: string
  readonly #target: string
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(socketPath: string, target: string) {
    this.dockerHost = `unix://${socketPath}`
    this.#target = target
    this.#server = createServer((asked, answer) => this.#serve(asked, answer))
    this.#server.on('upgrade', (asked: IncomingMessage, socket: Socket, head: Buffer) => this.#splice(asked, socket, head))
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  /** @param dockerHost `unix:///path` of the daemon itself */
  static async start(socketPath: string, dockerHost: string): Promise<FaultyDocker> {
    const proxy = new FaultyDocker(socketPath, dockerHost.slice('unix://'.length))
    await new Promise<void>((resolve) => proxy.#server.listen(socketPath, resolve))
    return proxy
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #serve(asked: IncomingMessage, answer: ServerResponse): void {
    const fault = this.fault(describe(asked))
    if (fault === 'hang') return
    if (typeof fault === 'object') {
      asked.resume()
      answer.writeHead(fault.status, { 'content-type': 'application/json' }).end(JSON.stringify(fault.body))
      return
    }
    const { method, url: path, headers } = asked
    const passed = request({ socketPath: this.#target, method, path, headers }, (real) => {
      if (fault === 'lose the answer') {
        real.resume()
        real.once('end', () => answer.destroy())
        return
      }
      answer.writeHead(real.statusCode ?? 500, real.headers)
      real.pipe(answer)
      real.once('error', () => answer.destroy())
      answer.once('close', () => real.destroy())
    })
    passed.once('error', () => answer.destroy())
    asked.pipe(passed)
  }

  /** `exec` and `attach` take the whole connection. */
  #splice(asked: IncomingMessage, socket: Socket, head: Buffer): void {
    const real = connect(this.#target)
    const headers = asked.rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${asked.rawHeaders[i + 1]}`] : []))
    real.write([`${asked.method} ${asked.url} HTTP/1.1`, ...headers, '', ''].join('\r\n'))
    real.write(head)
    real.pipe(socket).pipe(real)
    for (const end of [real, socket]) end.on('error', () => undefined)
  }
}

function describe({ method = 'GET', url = '/' }: IncomingMessage): DockerRequest {
  return { method, path: url.replace(/^\/v[\d.]+/, '').replace(/\?.*$/, '') }
}
