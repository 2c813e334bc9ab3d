/** Protobuf's wire format: tags, varints and lengths, within bounds. */

import { badRequest } from '../errors.ts'

export const WIRE_VARINT = 0
export const WIRE_64_BIT = 1
export const WIRE_BYTES = 2
export const WIRE_32_BIT = 5

export class WireReader {
  readonly #bytes: Buffer
  #at: number
  readonly #end: number

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
  }

  get done(): boolean {
    return this.#at >= this.#end
  }

  /** Field number and wire type of the next field. */
  tag(): { readonly number: number; readonly wireType: number } {
    const tag = this.varint()
    return { number: Math.floor(tag / 8), wireType: tag % 8 }
  }

  /** As a signed 64-bit number; exact up to 2^53. */
  varint(): number {
    let value = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    return this.#longVarint(BigInt(value))
  }

  /** The bytes of a length-delimited field, not copied. */
  bytes(): Buffer {
    const start = this.#skipLength()
    return this.#bytes.subarray(start, this.#at)
  }

  string(): string {
    const start = this.#skipLength()
    return this.#bytes.toString('utf8', start, this.#at)
  }

  /** A reader of the message in a length-delimited field. */
  message(): WireReader {
    const start = this.#skipLength()
    return new WireReader(this.#bytes, start, this.#at)
  }

  double(): number {
    const start = this.#advance(8)
    return this.#bytes.readDoubleLE(start)
  }

  skip(wireType: number): void {
    switch (wireType) {
      case WIRE_VARINT:
        this.varint()
        return
      case WIRE_64_BIT:
        this.#advance(8)
        return
      case WIRE_BYTES:
        this.#skipLength()
        return
      case WIRE_32_BIT:
        this.#advance(4)
        return
      default:
        throw badRequest(`proto: illegal wireType ${wireType}`)
    }
  }

  #byte(): number {
    const at = this.#advance(1)
    return this.#bytes[at] ?? 0
  }

  #longVarint(low: bigint): number {
    let value = low
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.#byte()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return Number(BigInt.asIntN(64, value))
    }
    throw badRequest('proto: integer overflow')
  }

  #skipLength(): number {
    const length = this.varint()
    return this.#advance(length)
  }

  /** Moves past `length` bytes and says where they start. */
  #advance(length: number): number {
    const start = this.#at
    if (length < 0) throw badRequest('proto: negative length found during unmarshaling')
    if (start + length > this.#end) throw badRequest('unexpected EOF')
    this.#at = start + length
    return start
  }
}
