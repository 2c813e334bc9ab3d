import type { WebSocket } from 'ws'

interface Pausable {
  pause(): unknown
  resume(): unknown
}

const MAX_BUFFERED_BYTES = 1024 * 1024

/** Sends to a WebSocket no faster than its other end reads: the source rests meanwhile. */
export class BackPressure {
  readonly #socket: WebSocket
  readonly #source: Pausable

  constructor(socket: WebSocket, source: Pausable) {
    this.#socket = socket
    this.#source = source
  }

  send(chunk: Buffer): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    if (this.#socket.bufferedAmount + chunk.length > MAX_BUFFERED_BYTES) this.#source.pause()
    this.#socket.send(chunk, () => {
      if (this.#socket.bufferedAmount < MAX_BUFFERED_BYTES) this.#source.resume()
    })
  }
}
