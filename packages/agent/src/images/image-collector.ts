import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '@skiff/client'
import type { ImageService, RemovableImage } from '../runtime/runtime.ts'
import type { FsUsage } from '../stats/host-usage.ts'
import { bytesToFree, type ImageGcPolicy, inOrderOfUse, isOldEnough, isOutdated } from './choose-garbage.ts'

export interface ImageCollectorOptions {
  readonly images: Pick<ImageService, 'removable' | 'remove'>
  readonly policy: ImageGcPolicy
  /** The file system with the engine's images; undefined: it can't be seen now. */
  readonly disk: () => Promise<FsUsage | undefined>
  /** Says something about this node. */
  readonly say: (type: 'Normal' | 'Warning', reason: string, message: string) => void
  readonly now: () => Date
  readonly logger: Log
  readonly signal: AbortSignal
}

/** As often as the kubelet looks. */
const PERIOD_MS = 5 * 60_000

/** Removes images that nobody uses: when the disk is used beyond a threshold, and when the eviction manager asks for room. */
export class ImageCollector {
  readonly #options: ImageCollectorOptions
  /** One failure may be the host's start; the second one in a row is told. */
  #failedBefore = false

  constructor(options: ImageCollectorOptions) {
    this.#options = options
  }

  /** Until the signal. */
  async run(): Promise<void> {
    const { signal } = this.#options
    while (!signal.aborted) {
      await this.collect().catch((error: unknown) => this.#failed(error))
      await delay(PERIOD_MS, undefined, { signal }).catch(() => undefined)
    }
  }

  /** One look. Throws when less could be freed than was needed. */
  async collect(): Promise<void> {
    const { images, policy, disk, now } = this.#options
    const nowMs = now().getTime()
    const usage = await disk()
    const all = inOrderOfUse(await images.removable())
    const outdated = await this.#remove(all.filter((image) => isOutdated(image, policy, nowMs)))
    if (usage === undefined) return
    if (usage.capacityBytes === 0) throw this.#told('InvalidDiskCapacity', 'invalid capacity 0 on image filesystem')
    const wanted = bytesToFree(usage, policy) - outdated
    if (wanted > 0) {
      const old = all.filter((image) => !isOutdated(image, policy, nowMs) && isOldEnough(image, policy, nowMs))
      const freed = await this.#remove(old, wanted)
      if (freed < wanted) throw this.#told('FreeDiskSpaceFailed', tooLittle(wanted, freed))
    }
    this.#failedBefore = false
  }

  /** All of them, however young; says how many bytes that was. */
  async removeUnused(): Promise<number> {
    return await this.#remove(inOrderOfUse(await this.#options.images.removable()))
  }

  async #remove(images: readonly RemovableImage[], enough = Number.POSITIVE_INFINITY): Promise<number> {
    const { images: service, logger } = this.#options
    let freed = 0
    for (const image of images) {
      if (freed >= enough) break
      if (!(await service.remove(image))) continue
      logger.info({ image: image.id, names: image.names, bytes: image.sizeBytes }, 'unused image removed')
      freed += image.sizeBytes
    }
    return freed
  }

  #told(reason: string, message: string): Error {
    this.#options.say('Warning', reason, message)
    return new Error(message)
  }

  #failed(error: unknown): void {
    const { say, logger } = this.#options
    const message = error instanceof Error ? error.message : String(error)
    if (this.#failedBefore) say('Warning', 'ImageGCFailed', message)
    logger.debug({ err: error }, 'unused images were not removed as needed')
    this.#failedBefore = true
  }
}

/** The kubelet's words. */
function tooLittle(wanted: number, freed: number): string {
  return `Failed to garbage collect required amount of images. Attempted to free ${wanted} bytes, but only found ${freed} bytes eligible to free.`
}
