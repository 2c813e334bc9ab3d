import { chmod, mkdir, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import {
  DIRECTORY_MADE,
  LOCAL_DATA_FINALIZER,
  PERSISTENT_VOLUMES,
  type PersistentVolume,
  PV_PROTECTION,
  pathOf,
  quantityOfBytes,
  rfc3339,
  VOLUME_NODE_LABEL,
  VOLUMES_CAPACITY,
  VOLUMES_DIRECTORY,
} from '@skiff/api'
import { type ApiClient, createInformer, type Log, runController, WorkQueue } from '@skiff/client'
import type { LastAnswers } from '../objects/last-answers.ts'

export interface LocalDirectoriesOptions {
  readonly client: ApiClient
  readonly answers: LastAnswers
  readonly dataDir: string
  readonly nodeName: string
  readonly now: () => Date
  readonly logger: Log
}

const DIRECTORY = 'volumes'

/** What the node says of itself, so that the provisioner knows where volumes go and how much they may hold together. */
export async function volumeAnnotations(dataDir: string): Promise<Record<string, string>> {
  const directory = join(dataDir, DIRECTORY)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const { blocks, bsize } = await statfs(directory)
  return { [VOLUMES_DIRECTORY]: directory, [VOLUMES_CAPACITY]: quantityOfBytes(Math.floor(blocks * bsize)) }
}

/** This node's side of the built-in provisioner: the directories of its volumes, made when first used, removed when released. */
export class LocalDirectories {
  readonly #options: LocalDirectoriesOptions

  constructor(options: LocalDirectoriesOptions) {
    this.#options = options
  }

  /**
   * Makes the directory of a volume that was never used. One that was made before and is gone stays gone: an application must not
   * begin anew on an empty disk without anybody's notice.
   */
  async make(volume: PersistentVolume): Promise<void> {
    const path = this.#pathOf(volume)
    if (path === undefined || volume.metadata.annotations?.[DIRECTORY_MADE] !== undefined) return
    if ((await stat(path).catch(() => undefined)) === undefined) {
      await mkdir(path, { recursive: true })
      // Any user of any image may write, as to an emptyDir; who wants less sets it in an init container.
      await chmod(path, 0o777)
    }
    const body = { metadata: { annotations: { [DIRECTORY_MADE]: rfc3339(this.#options.now()) } } }
    const { client, answers } = this.#options
    const { name } = volume.metadata
    const made = await client.patch<PersistentVolume>(PERSISTENT_VOLUMES, { name }, { type: 'merge', body })
    answers.renew(pathOf(PERSISTENT_VOLUMES, undefined, name), made)
  }

  /** Removes the data of volumes that are being deleted, until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { client, nodeName, logger } = this.#options
    const labelSelector = `${VOLUME_NODE_LABEL}=${nodeName}`
    const volumes = createInformer<PersistentVolume>(client, PERSISTENT_VOLUMES, { labelSelector, logger, signal })
    const queue = new WorkQueue()
    volumes.onChange(({ key, object }) => {
      if (mayBeRemoved(object)) queue.add(key)
    })
    volumes.start()
    const reconcile = async (key: string) => {
      const volume = volumes.get(key)
      if (volume && mayBeRemoved(volume)) await this.#remove(volume)
    }
    await runController({ name: 'local-volumes', queue, reconcile, logger, signal })
  }

  async #remove(volume: PersistentVolume): Promise<void> {
    const { client, logger } = this.#options
    const { name, resourceVersion, finalizers = [] } = volume.metadata
    const path = volume.spec.persistentVolumeReclaimPolicy === 'Delete' ? this.#pathOf(volume) : undefined
    if (path !== undefined) {
      await rm(path, { recursive: true, force: true })
      logger.info({ volume: name, path }, 'removed the data of a released volume')
    }
    const body = { metadata: { resourceVersion, finalizers: finalizers.filter((one) => one !== LOCAL_DATA_FINALIZER) } }
    await client.patch(PERSISTENT_VOLUMES, { name }, { type: 'merge', body })
  }

  /** Only what lies in our own directory under the volume's own name is ever made or removed, whatever the object says. */
  #pathOf({ metadata, spec }: PersistentVolume): string | undefined {
    const path = join(this.#options.dataDir, DIRECTORY, metadata.name)
    return /^pvc-[0-9a-zA-Z-]+$/.test(metadata.name) && spec.local?.path === path ? path : undefined
  }
}

/** Nobody uses it any more. */
function mayBeRemoved({ metadata }: PersistentVolume): boolean {
  const { deletionTimestamp, finalizers = [] } = metadata
  return deletionTimestamp !== undefined && finalizers.includes(LOCAL_DATA_FINALIZER) && !finalizers.includes(PV_PROTECTION)
}
