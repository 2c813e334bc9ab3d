import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pod, Volume } from '@skiff/api'
import type { ConfigSource } from '../containers/environment.ts'
import { pullPolicyOf } from '../images/pull-policy.ts'
import { pullCredentials } from '../pods/pull-credentials.ts'
import { type ContainerRuntime, ImageError, type ImageService, type PresentImage } from '../runtime/runtime.ts'
import { Semaphore } from '../semaphore.ts'
import { bindReadOnly, isMounted, mountedRoots } from './mounts.ts'
import { MountError } from './volume-errors.ts'

export interface ImageVolumesOptions {
  readonly images: ImageService
  readonly runtime: Pick<ContainerRuntime, 'unpackImage'>
  readonly config: ConfigSource
  readonly dataDir: string
  readonly say: (pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string) => void
  readonly signal: AbortSignal
}

/**
 * The files of images as volumes (KEP-4639): each image is unpacked once, into `<data directory>/image-volumes/<id>`, and shown
 * to pods read-only and without programs that could be started from it.
 */
export class ImageVolumes {
  readonly #options: ImageVolumesOptions
  /** One after the other: what is being unpacked must not be taken for unused. */
  readonly #turn = new Semaphore(1)

  constructor(options: ImageVolumesOptions) {
    this.#options = options
  }

  /** Safe to repeat: what is there is not asked for again. Throws MountError. */
  async mount(pod: Pod, volume: Volume, target: string): Promise<void> {
    if (await isMounted(target)) return
    const image = await this.#ensure(pod, volume)
    await mkdir(target, { recursive: true, mode: 0o750 })
    await this.#turn.run(async () => bindReadOnly(await this.#unpacked(image), target))
  }

  /** Removes the files of images that no pod has mounted. */
  async removeUnused(): Promise<void> {
    const { dataDir } = this.#options
    await this.#turn.run(async () => {
      const found = await readdir(cacheOf(dataDir)).catch(() => [])
      if (found.length === 0) return
      const roots = await mountedRoots()
      const unused = found.filter((name) => !roots.some((root) => root.endsWith(`/image-volumes/${name}`)))
      for (const name of unused) await rm(join(cacheOf(dataDir), name), { recursive: true, force: true })
    })
  }

  async #ensure(pod: Pod, { name, image }: Volume): Promise<PresentImage> {
    const { images, config, say, signal } = this.#options
    const reference = image?.reference ?? ''
    try {
      return await images.ensure({
        image: reference,
        pullPolicy: pullPolicyOf(image?.pullPolicy),
        credentials: await pullCredentials(pod, config),
        onProgress: ({ reason, message }) => say(pod, 'Normal', reason === 'Pulling' ? 'Pulling' : 'Pulled', message),
        signal,
      })
    } catch (error) {
      if (!(error instanceof ImageError)) throw error
      throw new MountError(`MountVolume.SetUp failed for volume "${name}" : ${error.reason}: ${error.message}`, { cause: error })
    }
  }

  async #unpacked({ id }: PresentImage): Promise<string> {
    const { runtime, dataDir } = this.#options
    const directory = join(cacheOf(dataDir), id.replace(/^sha256:/, ''))
    if ((await stat(directory).catch(() => undefined)) !== undefined) return directory
    const half = `${directory}.new`
    await rm(half, { recursive: true, force: true })
    await mkdir(half, { recursive: true, mode: 0o755 })
    await runtime.unpackImage(id, half)
    await rename(half, directory)
    return directory
  }
}

function cacheOf(dataDir: string): string {
  return join(dataDir, 'image-volumes')
}
