/** SPDY/3.1's framing: what stands between the bytes and the streams. */

const CONTROL_BIT = 0x8000
const VERSION = 3
const FRAME_HEAD_BYTES = 8
/** Go's client never sends more than 16 MiB - 1 (24 bits); its writes are far smaller. */
const MAX_FRAME_BYTES = 1024 * 1024

export const FRAME_TYPE = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const
export const FLAG_FIN = 0x01
export const RST_CANCEL = 5
export const RST_PROTOCOL_ERROR = 1

export type Frame =
  | { readonly kind: 'data'; readonly streamId: number; readonly fin: boolean; readonly payload: Buffer }
  | { readonly kind: 'control'; readonly type: number; readonly flags: number; readonly payload: Buffer }

/** Cuts a byte stream, however it is sliced, into frames. */
export class FrameParser {
  #rest: Buffer = Buffer.alloc(0)

  /** The frames that are complete now. Throws when the bytes are not SPDY/3. */
  push(chunk: Buffer): Frame[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const frames: Frame[] = []
    while (this.#rest.length >= FRAME_HEAD_BYTES) {
      const length = this.#rest.readUIntBE(5, 3)
      if (length > MAX_FRAME_BYTES) throw new Error(`SPDY frame of ${length} bytes is too long`)
      const end = FRAME_HEAD_BYTES + length
      if (this.#rest.length < end) break
      frames.push(parseFrame(this.#rest.subarray(0, end)))
      this.#rest = this.#rest.subarray(end)
    }
    return frames
  }
}

function parseFrame(bytes: Buffer): Frame {
  const first = bytes.readUInt16BE(0)
  const flags = bytes.readUInt8(4)
  const payload = bytes.subarray(FRAME_HEAD_BYTES)
  if ((first & CONTROL_BIT) === 0) {
    return { kind: 'data', streamId: bytes.readUInt32BE(0), fin: (flags & FLAG_FIN) !== 0, payload }
  }
  if ((first & ~CONTROL_BIT) !== VERSION) throw new Error('only SPDY version 3 is spoken here')
  return { kind: 'control', type: bytes.readUInt16BE(2), flags, payload }
}

export function dataFrame(streamId: number, payload: Buffer, fin: boolean): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES)
  head.writeUInt32BE(streamId, 0)
  head.writeUInt8(fin ? FLAG_FIN : 0, 4)
  head.writeUIntBE(payload.length, 5, 3)
  return Buffer.concat([head, payload])
}

export function controlFrame(type: number, payload: Buffer, flags = 0): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES)
  head.writeUInt16BE(CONTROL_BIT | VERSION, 0)
  head.writeUInt16BE(type, 2)
  head.writeUInt8(flags, 4)
  head.writeUIntBE(payload.length, 5, 3)
  return Buffer.concat([head, payload])
}

/** A control frame that consists of 32-bit numbers. */
export function numbersFrame(type: number, ...numbers: readonly number[]): Buffer {
  const payload = Buffer.alloc(4 * numbers.length)
  for (const [index, number] of numbers.entries()) payload.writeUInt32BE(number, 4 * index)
  return controlFrame(type, payload)
}

export function synReplyFrame(streamId: number, headerBlock: Buffer): Buffer {
  const id = Buffer.alloc(4)
  id.writeUInt32BE(streamId)
  return controlFrame(FRAME_TYPE.synReply, Buffer.concat([id, headerBlock]))
}
