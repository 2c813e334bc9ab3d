const NEWLINE = 0x0a

/**
 * The lines of a byte stream as text, without their newline. Splits bytes, not text, so a character that is cut by a
 * chunk's end arrives whole.
 */
export class LineSplitter {
  #unfinished: Buffer[] = []

  /** The lines that this chunk ends. */
  push(chunk: Buffer): string[] {
    const lines: string[] = []
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = this.#finish(chunk.subarray(start, end))
      start = end + 1
      if (line !== '') lines.push(line)
    }
    if (start < chunk.length) this.#unfinished.push(chunk.subarray(start))
    return lines
  }

  /** What came after the last newline; '' for nothing. */
  rest(): string {
    return this.#finish(Buffer.alloc(0))
  }

  #finish(piece: Buffer): string {
    if (this.#unfinished.length === 0) return piece.toString('utf8')
    const line = Buffer.concat([...this.#unfinished, piece]).toString('utf8')
    this.#unfinished = []
    return line
  }
}
