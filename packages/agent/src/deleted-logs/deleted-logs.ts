import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '@skiff/client'
import type { ContainerState, PodContainers, PodRef } from '../runtime/runtime.ts'
import { keepFile } from './keep-file.ts'

export interface DeletedLogsOptions {
  readonly dataDir: string
  readonly now: () => Date
  readonly logger: Log
  /** Tests keep less. */
  readonly most?: { readonly bytes: number; readonly ageMs: number }
}

/** A deleted pod of which logs are kept. */
export interface DeletedPod {
  readonly uid: string
  readonly deletedAt: Date
  readonly containers: readonly { readonly name: string; readonly attempts: readonly number[] }[]
}

interface Kept {
  readonly at: number
  readonly bytes: number
}

const MOST_KEPT = { bytes: 256 * 2 ** 20, ageMs: 24 * 3_600_000 }
const LOOK_MS = 600_000
const SUFFIX = '-json.log'

/** The logs of pods that were deleted, for a day, and within a bound for the whole node: the oldest go first. */
export class DeletedLogs {
  readonly #options: DeletedLogsOptions
  readonly #directory: string
  /** By the pod's folder. */
  #kept: Promise<Map<string, Kept>> | undefined

  constructor(options: DeletedLogsOptions) {
    this.#options = options
    this.#directory = join(options.dataDir, 'deleted-logs')
  }

  /** Takes what a pod's containers said, before the engine removes it with them. Never throws: a log is not worth a pod. */
  async keep({ pod, containers }: PodContainers): Promise<void> {
    const logged = containers.filter(({ logPath }) => logPath !== '')
    if (logged.length === 0 || pod.name === '') return
    try {
      const folder = folderOf(pod)
      await mkdir(join(this.#directory, folder), { recursive: true, mode: 0o700 })
      await Promise.all(logged.map((container) => this.#keepLog(container, join(this.#directory, folder))))
      await this.#note(folder)
    } catch (error) {
      this.#options.logger.warn({ err: error, pod: pod.name }, 'the log of a deleted pod was not kept')
    }
  }

  /** The pods of that name, the one that was deleted last first. */
  async find(namespace: string, name: string): Promise<readonly DeletedPod[]> {
    const found = [...(await this.#all())].filter(([folder]) => folder.startsWith(`${namespace}_${name}_`))
    return await Promise.all(found.toSorted(newestFirst).map(([folder, { at }]) => this.#deletedPod(folder, at)))
  }

  /** Where the log of a container lies that `find` told of. */
  pathOf(pod: PodRef, container: string, attempt: number): string {
    return join(this.#directory, folderOf(pod), `${container}_${attempt}${SUFFIX}`)
  }

  /** Lets go of what has become too old, until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#prune().catch((error: unknown) => this.#options.logger.warn({ err: error }, 'old logs were not removed'))
      await delay(LOOK_MS, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Lets go of all of them: the disk is needed for what runs. */
  async drop(): Promise<void> {
    const kept = await this.#all()
    const folders = [...kept.keys()]
    kept.clear()
    for (const folder of folders) await rm(join(this.#directory, folder), { recursive: true, force: true })
  }

  async #keepLog({ logPath, name, attempt }: ContainerState, folder: string): Promise<void> {
    const files = (await readdir(dirname(logPath)).catch(() => [])).filter((file) => file.startsWith(basename(logPath)))
    for (const file of files) {
      const target = join(folder, `${name}_${attempt}${SUFFIX}${file.slice(basename(logPath).length)}`)
      await keepFile(join(dirname(logPath), file), target)
    }
  }

  async #note(folder: string): Promise<void> {
    const [kept, bytes] = [await this.#all(), await this.#bytesOf(folder)]
    kept.set(folder, { at: this.#options.now().getTime(), bytes })
    await this.#prune()
  }

  async #prune(): Promise<void> {
    const { bytes: mostBytes, ageMs } = this.#options.most ?? MOST_KEPT
    const kept = await this.#all()
    const oldest = this.#options.now().getTime() - ageMs
    let sum = 0
    const gone: string[] = []
    for (const [folder, { at, bytes }] of [...kept].toSorted(newestFirst)) {
      sum += bytes
      if (at >= oldest && sum <= mostBytes) continue
      kept.delete(folder)
      gone.push(folder)
    }
    for (const folder of gone) await rm(join(this.#directory, folder), { recursive: true, force: true })
  }

  #all(): Promise<Map<string, Kept>> {
    this.#kept ??= this.#found()
    return this.#kept
  }

  /** What an earlier agent kept. */
  async #found(): Promise<Map<string, Kept>> {
    const folders = await readdir(this.#directory).catch(() => [])
    const found = folders.map(async (folder): Promise<[string, Kept]> => {
      const at = (await stat(join(this.#directory, folder))).mtimeMs
      return [folder, { at, bytes: await this.#bytesOf(folder) }]
    })
    return new Map((await Promise.allSettled(found)).flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])))
  }

  async #bytesOf(folder: string): Promise<number> {
    const files = await readdir(join(this.#directory, folder))
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(this.#directory, folder, file))).size))
    return sizes.reduce((sum, size) => sum + size, 0)
  }

  async #deletedPod(folder: string, at: number): Promise<DeletedPod> {
    const files = (await readdir(join(this.#directory, folder)).catch(() => [])).filter((file) => file.endsWith(SUFFIX))
    const logs = files.map((file) => {
      const [name = '', attempt = ''] = file.slice(0, -SUFFIX.length).split('_')
      return { name, attempt: Number(attempt) }
    })
    const byName = Map.groupBy(logs, ({ name }) => name)
    const containers = [...byName].map(([name, found]) => ({
      name,
      attempts: found.map(({ attempt }) => attempt).sort((a, b) => b - a),
    }))
    return { uid: folder.split('_')[2] ?? '', deletedAt: new Date(at), containers }
  }
}

function newestFirst([, a]: [string, Kept], [, b]: [string, Kept]): number {
  return b.at - a.at
}

/** None of the three has an underscore in it. */
function folderOf({ namespace, name, uid }: PodRef): string {
  return `${namespace}_${name}_${uid}`
}
