import { closeSync, constants, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'

/** Long enough for any revision. Every record has this size, so that overwriting it needs no space on the disk. */
const RECORD_LENGTH = 20

/**
 * The last acknowledged revision in a file of its own. SQLite silently drops everything behind a damaged spot of its
 * write-ahead log; this record tells that something is missing. It is written without fsync after each commit: it
 * survives the death of the process, and after a power loss it is at worst older than the database.
 */
export class AcknowledgedRecord {
  readonly #file: number

  constructor(path: string) {
    this.#file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)
  }

  write(revision: number): void {
    writeSync(this.#file, `${String(revision).padEnd(RECORD_LENGTH - 1)}\n`, 0)
  }

  /** Once, for a new file: what overwrites it later may get lost, the file may not. */
  sync(): void {
    fsyncSync(this.#file)
  }

  close(): void {
    closeSync(this.#file)
  }
}

/** Undefined when there is none, or only what a power loss left of it. */
export function readAcknowledged(path: string): number | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim()
    return /^\d+$/.test(text) ? Number(text) : undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
