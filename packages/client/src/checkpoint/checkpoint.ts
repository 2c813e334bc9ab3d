import { createHash } from 'node:crypto'
import { chmod, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../log.ts'
import { makeDirectories } from '../make-directories.ts'

export interface CheckpointOptions {
  readonly directory: string
  /** Whose it is: what another cluster or another node has left here is not believed. */
  readonly cluster: string
  readonly node: string
  readonly logger: Log
}

/** Changes that come within this time of one another are one write. */
const COALESCE_MS = 1_000
/** Large contents are written less often, so that they cost at most a fiftieth of the time. */
const LONGEST_SHARE = 50
/** A disk that is full is not asked every second. */
const AFTER_FAILURE_MS = 60_000
const FORMAT = 1

interface Kept {
  readonly format: number
  readonly cluster: string
  readonly node: string
  readonly content: unknown
}

/**
 * What a component last knew of the API, a file for each kind, for its next start, should the master be away by then. Only
 * root may read it: Secrets may be among it. Nothing is written while nothing changes.
 */
export class Checkpoint {
  readonly #options: CheckpointOptions
  readonly #pending = new Map<string, () => unknown>()
  /** The digest of what lies on the disk, by name. */
  readonly #written = new Map<string, string>()
  #working: Promise<void> | undefined
  #pauseMs = COALESCE_MS
  #hurry = new AbortController()

  constructor(options: CheckpointOptions) {
    this.#options = options
  }

  /** What was kept under this name; undefined: nothing, or nothing that can be believed, which the log says. */
  async load<T>(name: string): Promise<T | undefined> {
    const file = this.#file(name)
    const text = await readFile(file, 'utf8').catch(() => undefined)
    if (text === undefined) return undefined
    const { cluster, node, logger } = this.#options
    const kept = parse(text)
    if (kept === undefined) logger.warn({ file }, 'checkpoint is damaged, it is ignored')
    else if (kept.cluster === cluster && kept.node === node) return kept.content as T
    else logger.warn({ file, cluster: kept.cluster, node: kept.node }, 'checkpoint is of another cluster or node, it is ignored')
    return undefined
  }

  /** Has it written soon. `content` is asked when that is done, and gives anything that JSON can say. */
  save(name: string, content: () => unknown): void {
    this.#pending.set(name, content)
    this.#working ??= this.#work()
  }

  /** Resolves when everything that was given so far is written, or can't be. */
  async flush(): Promise<void> {
    this.#hurry.abort()
    await this.#working
    this.#hurry = new AbortController()
  }

  async #work(): Promise<void> {
    while (this.#pending.size > 0) {
      await delay(this.#pauseMs, undefined, { ref: false, signal: this.#hurry.signal }).catch(() => undefined)
      this.#pauseMs = COALESCE_MS
      const due = [...this.#pending]
      this.#pending.clear()
      for (const [name, content] of due) await this.#writeOrKeep(name, content)
    }
    // In the same turn as the last look at what is pending: nothing that comes now is left lying.
    this.#working = undefined
  }

  /** What can't be written stays pending, for what it tells of may not change again for days; not at the end, which waits for nobody. */
  async #writeOrKeep(name: string, content: () => unknown): Promise<void> {
    try {
      await this.#write(name, content)
    } catch (error) {
      this.#pauseMs = AFTER_FAILURE_MS
      this.#options.logger.warn({ err: error, file: this.#file(name) }, 'checkpoint was not written')
      if (!this.#hurry.signal.aborted && !this.#pending.has(name)) this.#pending.set(name, content)
    }
  }

  async #write(name: string, content: () => unknown): Promise<void> {
    const { cluster, node, directory } = this.#options
    const begin = performance.now()
    const text = JSON.stringify({ format: FORMAT, cluster, node, content: content() } satisfies Kept)
    const digest = digestOf(text)
    this.#pauseMs = Math.max(this.#pauseMs, (performance.now() - begin) * LONGEST_SHARE)
    if (this.#written.get(name) === digest) return
    await makeDirectories(directory, 0o700)
    await writeWhole(this.#file(name), `${digest}\n${text}\n`)
    this.#written.set(name, digest)
  }

  #file(name: string): string {
    return join(this.#options.directory, `${name}.json`)
  }
}

/** The first line is the digest of the second: a file that is cut off, or that a disk has changed, is known by it. */
function parse(text: string): Kept | undefined {
  const [digest = '', json = ''] = text.split('\n')
  if (digest !== digestOf(json)) return undefined
  const kept = JSON.parse(json) as Kept
  return kept.format === FORMAT ? kept : undefined
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Whole or not at all, also when the power fails. */
async function writeWhole(file: string, text: string): Promise<void> {
  const temporary = `${file}.new`
  const handle = await open(temporary, 'w', 0o600)
  try {
    await handle.writeFile(text)
    await handle.datasync()
  } finally {
    await handle.close()
  }
  await chmod(temporary, 0o600)
  await rename(temporary, file)
}
