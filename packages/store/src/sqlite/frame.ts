/**
 * Writes as they cross the thread boundary and are kept in the log: packed into one ArrayBuffer that is handed over
 * without being copied, however many they are.
 *
 * Each record: revision f64, create revision f64, key length u32, value length u32 (DELETED: a deletion), key, value.
 */

export interface LogRecord {
  readonly revision: number
  readonly createRevision: number
  readonly key: string
  /** Undefined: the key was deleted. */
  readonly value: Uint8Array | undefined
}

/** A record whose value is a view into its frame. */
export interface PackedRecord extends LogRecord {
  readonly value: Buffer | undefined
}

const HEADER_BYTES = 24
const DELETED = 0xffffffff

export function packRecords(records: readonly LogRecord[]): ArrayBuffer {
  const keys = records.map((record) => Buffer.byteLength(record.key))
  const size = records.reduce((sum, record, index) => sum + HEADER_BYTES + (keys[index] ?? 0) + (record.value?.length ?? 0), 0)
  const frame = Buffer.from(new ArrayBuffer(size))
  let offset = 0
  for (const [index, { revision, createRevision, key, value }] of records.entries()) {
    const keyLength = keys[index] ?? 0
    frame.writeDoubleLE(revision, offset)
    frame.writeDoubleLE(createRevision, offset + 8)
    frame.writeUInt32LE(keyLength, offset + 16)
    frame.writeUInt32LE(value?.length ?? DELETED, offset + 20)
    offset += HEADER_BYTES
    frame.write(key, offset)
    offset += keyLength
    if (value === undefined) continue
    frame.set(value, offset)
    offset += value.length
  }
  return frame.buffer as ArrayBuffer
}

export function* unpackRecords(buffer: ArrayBuffer): Generator<PackedRecord, void, void> {
  const frame = Buffer.from(buffer)
  let offset = 0
  while (offset < frame.length) {
    const revision = frame.readDoubleLE(offset)
    const createRevision = frame.readDoubleLE(offset + 8)
    const keyEnd = offset + HEADER_BYTES + frame.readUInt32LE(offset + 16)
    const valueLength = frame.readUInt32LE(offset + 20)
    const key = frame.toString('utf8', offset + HEADER_BYTES, keyEnd)
    const value = valueLength === DELETED ? undefined : frame.subarray(keyEnd, keyEnd + valueLength)
    yield { revision, createRevision, key, value }
    offset = keyEnd + (value?.length ?? 0)
  }
}
