import { Duplex } from 'node:stream'
import type { SpdyHeaders } from './header-block.ts'

/** What a stream needs of its connection. */
export interface StreamOwner {
  /** Resolves when the transport takes more. */
  send(streamId: number, data: Buffer, fin: boolean): Promise<void>
  reset(streamId: number): void
  closed(streamId: number): void
}

/** Bytes of one stream that wait for their reader before the whole connection is held up. */
const BUFFER_BYTES = 256 * 1024

/** One stream that the client opened. Ending it sends FIN, destroying it before that sends RST_STREAM. */
export class SpdyStream extends Duplex {
  readonly id: number
  readonly headers: SpdyHeaders
  readonly #owner: StreamOwner
  #wantsMore: (() => void) | undefined
  #wasReset = false

  constructor(id: number, headers: SpdyHeaders, owner: StreamOwner) {
    super({ readableHighWaterMark: BUFFER_BYTES, allowHalfOpen: true })
    this.id = id
    this.headers = headers
    this.#owner = owner
  }

  /** Called by the connection with what arrived; resolves when the reader keeps up. */
  receive(data: Buffer, fin: boolean): Promise<void> | undefined {
    if (this.destroyed || this.readableEnded) return undefined
    const hasRoom = data.length === 0 || this.push(data)
    if (fin) this.push(null)
    if (hasRoom || fin) return undefined
    return new Promise((resolve) => {
      this.#wantsMore = resolve
    })
  }

  /** The other side cancelled: nothing is sent any more. */
  receiveReset(): void {
    this.#wasReset = true
    this.destroy()
  }

  override _read(): void {
    this.#release()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#owner.send(this.id, chunk, false).then(() => done(), done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#owner.send(this.id, Buffer.alloc(0), true).then(() => done(), done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#wasReset && !(this.writableFinished && this.readableEnded)) this.#owner.reset(this.id)
    this.#owner.closed(this.id)
    this.#release()
    done(error)
  }

  #release(): void {
    this.#wantsMore?.()
    this.#wantsMore = undefined
  }
}
