import { once } from 'node:events'
import { PassThrough, type Readable } from 'node:stream'

const HEADER_BYTES = 8
const STDERR = 2

export interface OutputSinks {
  readonly stdout: PassThrough
  /** Absent with a terminal: the stream is raw. */
  readonly stderr: PassThrough | undefined
}

/**
 * Splits the engine's frames (`[1|2, 0, 0, 0, length]`) into the two outputs until the source ends, no faster than they
 * are read. Resolves when everything has been handed over; the sinks are left open.
 */
export async function demultiplex(source: Readable, sinks: OutputSinks): Promise<void> {
  if (sinks.stderr === undefined) {
    for await (const chunk of source) await write(sinks.stdout, chunk as Buffer)
    return
  }
  let header = Buffer.alloc(0)
  let remaining = 0
  let sink = sinks.stdout
  for await (const chunk of source) {
    let data = chunk as Buffer
    while (data.length > 0) {
      if (remaining === 0) {
        const missing = HEADER_BYTES - header.length
        header = Buffer.concat([header, data.subarray(0, missing)])
        data = data.subarray(missing)
        if (header.length < HEADER_BYTES) break
        sink = header[0] === STDERR ? sinks.stderr : sinks.stdout
        remaining = header.readUInt32BE(4)
        header = Buffer.alloc(0)
        continue
      }
      const piece = data.subarray(0, remaining)
      data = data.subarray(piece.length)
      remaining -= piece.length
      await write(sink, piece)
    }
  }
}

async function write(sink: PassThrough, data: Buffer): Promise<void> {
  if (sink.destroyed || sink.write(data)) return
  // A reader that went away must not hold up the other output.
  const signal = AbortSignal.any([])
  await Promise.race([once(sink, 'drain', { signal }), once(sink, 'close', { signal })])
}
