/** Writes a protobuf message field by field; fields that are empty are left out, as proto3 does. */
export class ProtobufMessage {
  private readonly pieces: Buffer[] = []

  string(number: number, value: unknown): this {
    if (typeof value === 'string' && value !== '') this.bytes(number, Buffer.from(value))
    return this
  }

  strings(number: number, values: unknown): this {
    if (Array.isArray(values)) for (const value of values) this.string(number, value)
    return this
  }

  bool(number: number, value: unknown): this {
    if (value === true) this.pieces.push(varint(number << 3), varint(1))
    return this
  }

  /** Written even when it is empty: that it is there can mean something. */
  message(number: number, value: ProtobufMessage | undefined): this {
    if (value !== undefined) this.bytes(number, value.finish())
    return this
  }

  finish(): Buffer {
    return Buffer.concat(this.pieces)
  }

  private bytes(number: number, value: Buffer): void {
    this.pieces.push(varint((number << 3) | LENGTH_DELIMITED), varint(value.length), value)
  }
}

const LENGTH_DELIMITED = 2

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  return Buffer.from([...bytes, rest])
}
