/** One line of a json-file: what a container wrote at once, at most 16 KiB of it. */
export interface LogEntry {
  readonly log: string
  readonly stream: string
  readonly time: string
}

/** The engine splits what is longer. */
const PIECE_BYTES = 16_384

/** Undefined: it is corrupt, or not written to its end yet. */
export function parseEntry(json: string): LogEntry | undefined {
  try {
    const { log, stream, time } = JSON.parse(json) as { log?: unknown; stream?: unknown; time?: unknown }
    if (typeof log !== 'string' || typeof time !== 'string') return undefined
    return { log, stream: String(stream), time }
  } catch {
    return undefined
  }
}

/** Whether the line goes on in the next entry of its stream. */
export function isPiece({ log }: LogEntry): boolean {
  return log.length > 0 && !log.endsWith('\n') && Buffer.byteLength(log) >= PIECE_BYTES
}
