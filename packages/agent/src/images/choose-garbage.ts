/** Which images go when room is needed, or when nobody has used them for long. Pure. */

import type { RemovableImage } from '../runtime/runtime.ts'
import type { FsUsage } from '../stats/host-usage.ts'

/** The kubelet's, and its defaults (`imageGCHighThresholdPercent`, ...). */
export interface ImageGcPolicy {
  /** Images are removed from this use of the disk on ... */
  readonly highPercent: number
  /** ... down to this one. */
  readonly lowPercent: number
  /** Younger ones stay. */
  readonly minimumAgeMs: number
  /** Those that nobody has used for so long go whatever room there is; 0: never. */
  readonly maximumAgeMs: number
}

export const DEFAULT_IMAGE_GC: ImageGcPolicy = { highPercent: 85, lowPercent: 80, minimumAgeMs: 120_000, maximumAgeMs: 0 }

/** How much must be freed; 0 as long as the disk is used below the high threshold. */
export function bytesToFree({ capacityBytes, availableBytes }: FsUsage, { highPercent, lowPercent }: ImageGcPolicy): number {
  const usedPercent = 100 - Math.floor((availableBytes * 100) / capacityBytes)
  if (usedPercent < highPercent) return 0
  return Math.floor((capacityBytes * (100 - lowPercent)) / 100) - availableBytes
}

/** In the order in which they go: the least recently used first, of those the one that came first. */
export function inOrderOfUse(images: readonly RemovableImage[]): readonly RemovableImage[] {
  return images.toSorted((a, b) => a.lastUsedMs - b.lastUsedMs || a.firstSeenMs - b.firstSeenMs)
}

export function isOldEnough({ firstSeenMs }: RemovableImage, { minimumAgeMs }: ImageGcPolicy, nowMs: number): boolean {
  return nowMs - firstSeenMs >= minimumAgeMs
}

export function isOutdated({ lastUsedMs }: RemovableImage, { maximumAgeMs }: ImageGcPolicy, nowMs: number): boolean {
  return maximumAgeMs > 0 && nowMs - lastUsedMs > maximumAgeMs
}
