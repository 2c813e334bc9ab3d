import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { controlFrame, dataFrame, FLAG_FIN, FRAME_TYPE, FrameParser } from '../spdy/frames.ts'
import { HeaderEncoder } from '../spdy/header-block.ts'

/** A client's end of SPDY/3.1 over plain HTTP: what kubectl does, in small. */
export class SpdyTestClient {
  readonly #socket: Socket
  readonly #encoder = new HeaderEncoder()
  readonly #parser = new FrameParser()
  readonly #streams = new Map<number, { bytes: Buffer[]; ended: boolean; reset: boolean }>()
  readonly #waiting = new Set<() => void>()
  #nextId = 1

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('close', () => this.#wake())
  }

  /** Upgrades, or throws what was answered instead of 101. */
  static async connect(port: number, path: string, protocols: string): Promise<SpdyTestClient> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocols}\r\n\r\n`,
    )
    let head = Buffer.alloc(0)
    while (!head.includes('\r\n\r\n')) head = Buffer.concat([head, (await once(socket, 'data'))[0] as Buffer])
    const end = head.indexOf('\r\n\r\n') + 4
    if (!head.toString().startsWith('HTTP/1.1 101')) {
      socket.destroy()
      throw new Error(head.toString())
    }
    const client = new SpdyTestClient(socket)
    client.#receive(head.subarray(end))
    socket.on('data', (chunk) => client.#receive(chunk))
    return client
  }

  async open(headers: Readonly<Record<string, string>>): Promise<number> {
    const id = this.#nextId
    this.#nextId += 2
    const head = Buffer.alloc(10)
    head.writeUInt32BE(id)
    this.#streams.set(id, { bytes: [], ended: false, reset: false })
    this.#socket.write(controlFrame(FRAME_TYPE.synStream, Buffer.concat([head, await this.#encoder.encode(headers)])))
    return id
  }

  send(id: number, data: string, fin = false): void {
    this.#socket.write(dataFrame(id, Buffer.from(data), fin))
  }

  /** All bytes of a stream, once the server has ended it. */
  async read(id: number): Promise<string> {
    await this.#until(() => this.#stream(id).ended || this.#socket.destroyed)
    return Buffer.concat(this.#stream(id).bytes).toString()
  }

  async readUntil(id: number, text: string): Promise<void> {
    await this.#until(() => Buffer.concat(this.#stream(id).bytes).includes(text))
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  async closed(): Promise<void> {
    await this.#until(() => this.#socket.destroyed)
  }

  close(): void {
    this.#socket.destroy()
  }

  #stream(id: number) {
    const stream = this.#streams.get(id)
    if (stream === undefined) throw new Error(`no stream ${id}`)
    return stream
  }

  #receive(chunk: Buffer): void {
    for (const frame of this.#parser.push(chunk)) {
      if (frame.kind === 'data') {
        const stream = this.#stream(frame.streamId)
        stream.bytes.push(Buffer.from(frame.payload))
        stream.ended ||= frame.fin
      } else if (frame.type === FRAME_TYPE.synReply) {
        this.#stream(frame.payload.readUInt32BE(0)).ended ||= (frame.flags & FLAG_FIN) !== 0
      }
    }
    this.#wake()
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.add(resolve))
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}
