/**
 * The two messages of `grpc.health.v1.Health/Check` in gRPC's framing: a flag for compression, the length, the message.
 * Two fields don't need a protobuf library.
 */

const FRAME_HEADER_BYTES = 5
const SERVICE_FIELD = 1
const STATUS_FIELD = 1
const VARINT = 0
const FIXED64 = 1
const LENGTH_DELIMITED = 2
const FIXED32 = 5

/** As the protocol's enum is declared: the index is the number on the wire. */
const STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const

/** `HealthCheckRequest`; an empty service asks for the server as a whole. */
export function encodeHealthRequest(service: string): Buffer {
  const name = Buffer.from(service)
  const field = name.length === 0 ? [] : [(SERVICE_FIELD << 3) | LENGTH_DELIMITED, ...varint(name.length), ...name]
  const header = Buffer.alloc(FRAME_HEADER_BYTES)
  header.writeUInt32BE(field.length, 1)
  return Buffer.concat([header, Buffer.from(field)])
}

/** The status of a `HealthCheckResponse`, a number's text if it has no name. Throws RangeError when it isn't one. */
export function decodeHealthStatus(frame: Buffer): string {
  if (frame.length < FRAME_HEADER_BYTES) throw new RangeError('the answer holds no message')
  if (frame[0] !== 0) throw new RangeError('the answer is compressed')
  const end = FRAME_HEADER_BYTES + frame.readUInt32BE(1)
  if (frame.length < end) throw new RangeError('the answer is cut off')
  const status = statusNumber(frame.subarray(FRAME_HEADER_BYTES, end))
  return STATUSES[status] ?? String(status)
}

function statusNumber(message: Buffer): number {
  let status = 0
  let at = 0
  while (at < message.length) {
    const tag = readVarint(message, at)
    const value = skipOrRead(message, tag.next, tag.value & 7)
    if (tag.value >> 3 === STATUS_FIELD && (tag.value & 7) === VARINT) status = value.value
    at = value.next
  }
  return status
}

/** Fields that later versions may add are passed over. */
function skipOrRead(message: Buffer, at: number, wireType: number): { readonly value: number; readonly next: number } {
  if (wireType === VARINT) return readVarint(message, at)
  if (wireType === FIXED64) return { value: 0, next: at + 8 }
  if (wireType === FIXED32) return { value: 0, next: at + 4 }
  if (wireType !== LENGTH_DELIMITED) throw new RangeError(`wire type ${wireType} is unknown`)
  const length = readVarint(message, at)
  return { value: 0, next: length.next + length.value }
}

function readVarint(message: Buffer, start: number): { readonly value: number; readonly next: number } {
  let value = 0
  for (let at = start, scale = 1; at < start + 10; at += 1, scale *= 128) {
    const byte = message[at]
    if (byte === undefined) throw new RangeError('the answer is cut off')
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return { value, next: at + 1 }
  }
  throw new RangeError('a number is too long')
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]
}
