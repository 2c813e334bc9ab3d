const NEWLINE = 0x0a

/**
 * The lines of a byte stream as text, without their newline. Splits bytes, not text, so a character that is cut by a
 * chunk's end arrives whole. Reads no further than it is asked to: a slow reader slows the sender down.
 */
export async function* readLines(stream: AsyncIterable<Buffer>): AsyncGenerator<string, void, void> {
  let unfinished: Buffer[] = []
  for await (const chunk of stream) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const piece = chunk.subarray(start, end)
      const line = unfinished.length === 0 ? piece : Buffer.concat([...unfinished, piece])
      unfinished = []
      start = end + 1
      if (line.length > 0) yield line.toString('utf8')
    }
    if (start < chunk.length) unfinished.push(chunk.subarray(start))
  }
  if (unfinished.length > 0) yield Buffer.concat(unfinished).toString('utf8')
}
