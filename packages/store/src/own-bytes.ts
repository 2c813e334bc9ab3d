/**
 * The same bytes in memory of their own. A small Buffer is a view into a slab that it shares with strangers: kept for
 * long it would keep them all.
 */
export function ownBytes(value: Buffer): Buffer {
  if (value.buffer.byteLength === value.length) return value
  const own = Buffer.allocUnsafeSlow(value.length)
  value.copy(own)
  return own
}
