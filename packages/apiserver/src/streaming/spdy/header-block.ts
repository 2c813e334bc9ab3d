import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib'
import { spdyDictionary } from './dictionary.ts'

export type SpdyHeaders = Readonly<Record<string, string>>

/** Far more than Kubernetes' few short headers need; what is longer is somebody's mischief. */
const MAX_BLOCK_BYTES = 64 * 1024
const MAX_HEADERS = 64

/** Reads header blocks. One zlib context lives as long as the connection, so blocks must come in order. */
export class HeaderDecoder {
  readonly #inflate: Inflate = createInflate({ dictionary: spdyDictionary(), ...ROOM_FOR_A_BLOCK })

  /** Rejects when the block is not what it should be. */
  async decode(block: Buffer): Promise<SpdyHeaders> {
    const bytes = await this.#inflated(block)
    if (bytes.length > MAX_BLOCK_BYTES) throw new Error('SPDY header block is too long')
    return parseHeaders(bytes)
  }

  close(): void {
    this.#inflate.on('error', () => undefined)
    this.#inflate.destroy()
  }

  #inflated(block: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => reject(new Error('SPDY header block can not be read', { cause: error }))
      this.#inflate.once('error', fail)
      this.#inflate.write(block, (error) => {
        this.#inflate.off('error', fail)
        if (error) fail(error)
        else resolve(readAll(this.#inflate))
      })
    })
  }
}

/** Writes header blocks, in order as well. */
export class HeaderEncoder {
  readonly #deflate: Deflate = createDeflate({ dictionary: spdyDictionary(), ...ROOM_FOR_A_BLOCK })

  async encode(headers: SpdyHeaders): Promise<Buffer> {
    this.#deflate.write(formatHeaders(headers))
    await new Promise<void>((resolve) => this.#deflate.flush(constants.Z_SYNC_FLUSH, () => resolve()))
    return readAll(this.#deflate)
  }

  close(): void {
    this.#deflate.destroy()
  }
}

/** zlib stops in the middle of a write when its readable side is full: room for a whole block keeps it from that. */
const ROOM_FOR_A_BLOCK: object = { readableHighWaterMark: 2 * MAX_BLOCK_BYTES }

function readAll(stream: Inflate | Deflate): Buffer {
  const chunks: Buffer[] = []
  for (let chunk = stream.read() as Buffer | null; chunk !== null; chunk = stream.read() as Buffer | null) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function parseHeaders(bytes: Buffer): SpdyHeaders {
  const headers: Record<string, string> = Object.create(null)
  let offset = 4
  const next = (): string => {
    const length = bytes.readUInt32BE(offset)
    const end = offset + 4 + length
    if (end > bytes.length) throw new RangeError('SPDY header block is cut short')
    const text = bytes.toString('utf8', offset + 4, end)
    offset = end
    return text
  }
  const count = bytes.readUInt32BE(0)
  if (count > MAX_HEADERS) throw new RangeError('SPDY header block has too many headers')
  for (let index = 0; index < count; index += 1) {
    const name = next().toLowerCase()
    headers[name] = next()
  }
  return headers
}

function formatHeaders(headers: SpdyHeaders): Buffer {
  const entries = Object.entries(headers)
  return Buffer.concat([
    uint32(entries.length),
    ...entries.flat().flatMap((text) => [uint32(Buffer.byteLength(text)), Buffer.from(text)]),
  ])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
