import type { Duplex } from 'node:stream'
import {
  controlFrame,
  dataFrame,
  FLAG_FIN,
  FRAME_TYPE,
  type Frame,
  FrameParser,
  numbersFrame,
  RST_CANCEL,
  RST_PROTOCOL_ERROR,
  synReplyFrame,
} from './frames.ts'
import { HeaderDecoder, HeaderEncoder } from './header-block.ts'
import { SpdyStream } from './spdy-stream.ts'

/** exec has five streams; a busy port-forward two per connection. */
const MAX_STREAMS = 2048
const MAX_DATA_BYTES = 32 * 1024
const GOAWAY_OK = 0

/**
 * The server's end of SPDY/3.1 as Kubernetes clients speak it, over a socket or anything else that carries bytes.
 * Only the client opens streams. Flow control windows are not kept (Go's client doesn't either): a reader that is
 * slow holds up the transport.
 */
export class SpdyConnection {
  readonly #transport: Duplex
  readonly #onStream: (stream: SpdyStream) => void
  readonly #streams = new Map<number, SpdyStream>()
  readonly #decoder = new HeaderDecoder()
  readonly #encoder = new HeaderEncoder()
  #lastStreamId = 0

  constructor(transport: Duplex, onStream: (stream: SpdyStream) => void) {
    this.#transport = transport
    this.#onStream = onStream
  }

  /** Serves until the transport ends or breaks; never rejects. All streams are gone then. */
  async run(): Promise<void> {
    const parser = new FrameParser()
    try {
      for await (const chunk of this.#transport) {
        for (const frame of parser.push(chunk as Buffer)) await this.#receive(frame)
      }
    } catch {
      // A peer that breaks off or talks nonsense: its streams learn it below.
    } finally {
      this.#decoder.close()
      this.#encoder.close()
      for (const stream of this.#streams.values()) stream.receiveReset()
      this.#transport.destroy()
    }
  }

  /** Says goodbye and ends the transport once what was written is out. */
  close(): void {
    if (this.#transport.writable) this.#transport.end(numbersFrame(FRAME_TYPE.goAway, this.#lastStreamId, GOAWAY_OK))
  }

  destroy(): void {
    this.#transport.destroy()
  }

  async #receive(frame: Frame): Promise<void> {
    if (frame.kind === 'data') return this.#receiveData(frame.streamId, frame.payload, frame.fin)
    const { type, flags, payload } = frame
    switch (type) {
      case FRAME_TYPE.synStream:
        return this.#open(payload.readUInt32BE(0), payload.subarray(10), (flags & FLAG_FIN) !== 0)
      case FRAME_TYPE.rstStream:
        return this.#streams.get(payload.readUInt32BE(0))?.receiveReset()
      case FRAME_TYPE.headers:
        // Nobody sends them, but the compression context must see them.
        await this.#decoder.decode(payload.subarray(4))
        return
      case FRAME_TYPE.ping:
        return this.#write(controlFrame(FRAME_TYPE.ping, payload))
      default:
        // SETTINGS, GOAWAY and WINDOW_UPDATE ask nothing of us.
        return
    }
  }

  async #receiveData(streamId: number, payload: Buffer, fin: boolean): Promise<void> {
    // Frames of a stream that we have cancelled may still be under way.
    await this.#streams.get(streamId)?.receive(payload, fin)
  }

  async #open(streamId: number, headerBlock: Buffer, fin: boolean): Promise<void> {
    const headers = await this.#decoder.decode(headerBlock)
    const isNew = streamId % 2 === 1 && streamId > this.#lastStreamId
    if (!isNew || this.#streams.size >= MAX_STREAMS)
      return this.#write(numbersFrame(FRAME_TYPE.rstStream, streamId, RST_PROTOCOL_ERROR))
    this.#lastStreamId = streamId
    const stream = new SpdyStream(streamId, headers, {
      send: (id, data, last) => this.#send(id, data, last),
      reset: (id) => void this.#write(numbersFrame(FRAME_TYPE.rstStream, id, RST_CANCEL)).catch(() => undefined),
      closed: (id) => this.#streams.delete(id),
    })
    // Whoever uses the stream adds a listener of its own; without one a broken connection must not end the process.
    stream.on('error', () => undefined)
    this.#streams.set(streamId, stream)
    await this.#write(synReplyFrame(streamId, await this.#encoder.encode({})))
    this.#onStream(stream)
    if (fin) await stream.receive(Buffer.alloc(0), true)
  }

  async #send(streamId: number, data: Buffer, fin: boolean): Promise<void> {
    for (let offset = 0; offset < data.length; offset += MAX_DATA_BYTES) {
      const part = data.subarray(offset, offset + MAX_DATA_BYTES)
      await this.#write(dataFrame(streamId, part, fin && offset + MAX_DATA_BYTES >= data.length))
    }
    if (data.length === 0) await this.#write(dataFrame(streamId, data, fin))
  }

  #write(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.#transport.writable) return resolve()
      this.#transport.write(bytes, (error) => (error ? reject(error) : resolve()))
    })
  }
}
