import type { Writable } from 'node:stream'

/** Writes and resolves when the stream takes more; at once when it has gone, for then it takes everything and forgets it. */
export function writeTo(stream: Writable, chunk: unknown): Promise<void> {
  if (!stream.writable || stream.write(chunk)) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done)
      stream.off('close', done)
      resolve()
    }
    stream.on('drain', done)
    stream.on('close', done)
  })
}
