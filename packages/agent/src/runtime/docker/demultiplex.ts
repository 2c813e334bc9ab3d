import type { Readable, Writable } from 'node:stream'

const HEADER_BYTES = 8
const STDERR = 2

export type Output = (data: Buffer) => Promise<void>

export interface Outputs {
  readonly stdout: Output
  /** Absent with a terminal: the stream is raw. */
  readonly stderr: Output | undefined
}

/**
 * Splits the engine's frames (`[1|2, 0, 0, 0, length]`) into the two outputs until the source ends, no faster than the
 * outputs take them.
 */
export async function demultiplex(source: Readable, outputs: Outputs): Promise<void> {
  const { stdout, stderr } = outputs
  if (stderr === undefined) {
    for await (const chunk of source) await stdout(chunk as Buffer)
    return
  }
  let header = Buffer.alloc(0)
  let remaining = 0
  let output = stdout
  for await (const chunk of source) {
    let data = chunk as Buffer
    while (data.length > 0) {
      if (remaining === 0) {
        const missing = HEADER_BYTES - header.length
        header = Buffer.concat([header, data.subarray(0, missing)])
        data = data.subarray(missing)
        if (header.length < HEADER_BYTES) break
        output = header[0] === STDERR ? stderr : stdout
        remaining = header.readUInt32BE(4)
        header = Buffer.alloc(0)
        continue
      }
      const piece = data.subarray(0, remaining)
      data = data.subarray(piece.length)
      remaining -= piece.length
      await output(piece)
    }
  }
}

/** An output that feeds a stream and waits for its reader. A reader that went away doesn't hold up the other output. */
export function outputTo(stream: Writable): Output {
  return (data) =>
    new Promise((resolve) => {
      if (stream.destroyed || stream.write(data)) return resolve()
      const goOn = () => {
        stream.off('drain', goOn)
        stream.off('close', goOn)
        resolve()
      }
      stream.on('drain', goOn)
      stream.on('close', goOn)
    })
}
