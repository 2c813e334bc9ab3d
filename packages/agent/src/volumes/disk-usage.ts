import { lstat, opendir } from 'node:fs/promises'
import { join } from 'node:path'

const BLOCK_BYTES = 512

export interface DirectoryUsage {
  readonly bytes: number
  readonly inodes: number
}

/**
 * What a directory, or a file, takes on its disk, as `du` counts: blocks, and files with several names once. Stops counting beyond `enough`.
 * What goes away meanwhile counts for nothing.
 */
export async function diskUsage(path: string, enough = Number.POSITIVE_INFINITY): Promise<number> {
  return (await directoryUsage(path, enough)).bytes
}

/** The same, with the number of files and directories. */
export async function directoryUsage(path: string, enough = Number.POSITIVE_INFINITY): Promise<DirectoryUsage> {
  const counted = new Set<string>()
  const directories = [path]
  let bytes = 0
  let inodes = 0
  const count = async (file: string) => {
    const size = await sizeOf(file, counted)
    if (size === undefined) return
    bytes += size
    inodes += 1
  }
  await count(path)
  for (let directory = directories.pop(); directory !== undefined && bytes <= enough; directory = directories.pop()) {
    const entries = await opendir(directory).catch(() => undefined)
    if (entries === undefined) continue
    for await (const entry of entries) {
      const child = join(directory, entry.name)
      await count(child)
      if (entry.isDirectory()) directories.push(child)
      if (bytes > enough) break
    }
  }
  return { bytes, inodes }
}

/** Undefined: it is gone, or was counted under another name. */
async function sizeOf(path: string, counted: Set<string>): Promise<number | undefined> {
  const found = await lstat(path).catch(() => undefined)
  if (found === undefined) return undefined
  if (found.nlink > 1 && !found.isDirectory()) {
    const id = `${found.dev}:${found.ino}`
    if (counted.has(id)) return undefined
    counted.add(id)
  }
  return found.blocks * BLOCK_BYTES
}
