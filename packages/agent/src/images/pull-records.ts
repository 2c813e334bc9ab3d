import { readFile } from 'node:fs/promises'
import { writePrivate } from '../bootstrap/agent-files.ts'

/** Who may use an image under a name that it was fetched by (KEP-2535). */
export interface ImageAccess {
  /** No credentials were needed. */
  readonly anyone: boolean
  /** The host's own credentials were good for it: every pod of this node may have it, other nodes not for that. */
  readonly node: boolean
  /** Hashes of the credentials that were good for it. */
  readonly credentials: readonly string[]
}

/** An image that this agent brought here. */
interface PullRecord {
  /** Whether it came from a registry in the end, if perhaps by way of another node. */
  readonly pulled: boolean
  /** By repository: `docker.io/library/nginx`. */
  readonly repositories: Readonly<Record<string, ImageAccess>>
}

/** A fetch that is under way: what it leaves behind when the agent dies just then is nobody's before it was verified. */
interface Intent {
  readonly repository: string
  /** The ids of all images that were here before. */
  readonly before: readonly string[]
}

interface Kept {
  readonly images: Readonly<Record<string, PullRecord>>
  readonly fetching: Readonly<Record<string, Intent>>
}

const EMPTY: Kept = { images: {}, fetching: {} }
export const NOBODY: ImageAccess = { anyone: false, node: false, credentials: [] }

/**
 * Which images this agent fetched, by id, and who has shown that he may have them. In a file, for an image outlives the agent.
 * An image without a record was there already, or was built or loaded by somebody else: it is free for all, and never removed.
 */
export class PullRecords {
  readonly #file: string
  /** Fetches of this agent that are under way, by the image's name. */
  readonly #underWay = new Map<string, number>()
  #kept: Promise<Kept> | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(file: string) {
    this.#file = file
  }

  /** Undefined: the image, or its name, is not of this agent's making. What is just arriving is nobody's. */
  async access(imageId: string, repository: string): Promise<ImageAccess | undefined> {
    const { images, fetching } = await this.#read()
    const record = images[imageId]
    if (record !== undefined) return record.repositories[repository]
    const isArriving = Object.values(fetching).some((one) => one.repository === repository && !one.before.includes(imageId))
    return isArriving ? NOBODY : undefined
  }

  async find(imageId: string): Promise<PullRecord | undefined> {
    return (await this.#read()).images[imageId]
  }

  /** Fetches that an earlier agent began and didn't end, by the image's name. */
  async interrupted(): Promise<readonly (Intent & { readonly name: string })[]> {
    const { fetching } = await this.#read()
    return Object.entries(fetching).map(([name, intent]) => ({ name, ...intent }))
  }

  async begin(name: string, intent: Intent): Promise<void> {
    const others = this.#underWay.get(name) ?? 0
    this.#underWay.set(name, others + 1)
    if (others > 0) return
    await this.#change((kept) => ({ ...kept, fetching: { ...kept.fetching, [name]: intent } }))
  }

  /** `access`: what the fetch has shown, beside what is known already; absent: it brought nothing of which a record is kept. */
  async end(name: string, fetched?: Fetched): Promise<void> {
    const others = Math.max(0, (this.#underWay.get(name) ?? 0) - 1)
    if (others > 0) this.#underWay.set(name, others)
    else this.#underWay.delete(name)
    await this.#change(({ images, fetching }) => ({
      images: fetched === undefined ? images : { ...images, [fetched.imageId]: extended(images[fetched.imageId], fetched) },
      fetching: others > 0 ? fetching : without(fetching, name),
    }))
  }

  /** Forgets images that are not there any more. */
  async keepOnly(imageIds: ReadonlySet<string>): Promise<void> {
    const { images } = await this.#read()
    if (Object.keys(images).every((id) => imageIds.has(id))) return
    await this.#change((kept) => ({
      ...kept,
      images: Object.fromEntries(Object.entries(kept.images).filter(([id]) => imageIds.has(id))),
    }))
  }

  #read(): Promise<Kept> {
    this.#kept ??= readFile(this.#file, 'utf8').then(parse, () => EMPTY)
    return this.#kept
  }

  /** One after the other: the file always holds what the memory does. */
  async #change(change: (kept: Kept) => Kept): Promise<void> {
    const written = this.#writing.then(async () => {
      const next = change(await this.#read())
      await writePrivate(this.#file, `${JSON.stringify(next)}\n`)
      this.#kept = Promise.resolve(next)
    })
    this.#writing = written.catch(() => undefined)
    await written
  }
}

export interface Fetched {
  readonly imageId: string
  readonly repository: string
  readonly pulled: boolean
  readonly access: ImageAccess
}

function extended(known: PullRecord | undefined, { repository, pulled, access }: Fetched): PullRecord {
  const before = known?.repositories[repository] ?? NOBODY
  const both: ImageAccess = {
    anyone: before.anyone || access.anyone,
    node: before.node || access.node,
    credentials: [...new Set([...before.credentials, ...access.credentials])],
  }
  return { pulled: pulled || (known?.pulled ?? false), repositories: { ...known?.repositories, [repository]: both } }
}

function without<T>(record: Readonly<Record<string, T>>, key: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key))
}

/** A file that can't be read says nothing of who may have what; all images count as others' then. */
function parse(text: string): Kept {
  try {
    return { ...EMPTY, ...(JSON.parse(text) as Partial<Kept>) }
  } catch {
    return EMPTY
  }
}
