import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Credentials } from './request-context.ts'

/** How a connection came in: the same app serves all of them. */
export type ListenerKind = 'tls' | 'unix' | 'plain' | 'insecure'

/** Remembers which listener accepted a socket, and its certificate. */
export class Connections {
  private readonly kinds = new WeakMap<Socket, ListenerKind>()
  private readonly certificates = new WeakMap<Socket, Buffer | undefined>()

  accepted(socket: Socket, kind: ListenerKind): void {
    this.kinds.set(socket, kind)
  }

  kindOf(socket: Socket): ListenerKind {
    return this.kinds.get(socket) ?? 'plain'
  }

  credentialsOf(request: IncomingMessage): Credentials {
    const { socket } = request
    return {
      headers: request.headers,
      peerCertificate: this.certificateOf(socket),
      trustedPeer: this.kindOf(socket) === 'unix',
      remoteAddress: socket.remoteAddress ?? '',
    }
  }

  private certificateOf(socket: Socket): Buffer | undefined {
    if (!(socket instanceof TLSSocket)) return undefined
    if (this.certificates.has(socket)) return this.certificates.get(socket)
    const raw = socket.getPeerX509Certificate()?.raw
    this.certificates.set(socket, raw)
    return raw
  }
}
